"""Exports, filters and previews in a real browser: by mouse, by keyboard alone, without script."""

import re

from playwright.sync_api import Page, expect

from journeys.web.browsing import Pages, check_by_axe

GOAL = "/connections/acme/goals/contacts_out"
NEW = "/connections/acme/goals/new/export"
IMPORT = "/connections/acme/goals/leads_in"


def _known(page: Page) -> None:
    expect(page.locator("#known")).to_contain_text("fields that this user may see")


def _pick(page: Page, text: str) -> None:
    expect(page.locator(".pop input")).to_be_focused()
    page.keyboard.type(text)
    expect(page.locator(".pop .opt").first).to_be_visible()
    page.keyboard.press("Enter")


def test_an_export_is_set_up_by_the_keyboard_alone(working: Pages) -> None:
    page = working.signed_in()
    page.goto(NEW)
    _known(page)
    page.locator("#segment-key-button").focus()
    page.keyboard.press("Enter")
    _pick(page, "reach")
    expect(page.locator("#members")).to_contain_text("Members now")
    page.locator("input[value='Lead:update']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#said-object")).to_have_text("Lead, create and update")
    page.locator("#target-m1-button").focus()
    page.keyboard.press("Enter")
    _pick(page, "email")
    expect(page.locator("#field-m1-button")).to_contain_text("Email")

    page.locator("#add-r").focus()
    page.keyboard.press("Enter")
    _pick(page, "last name")
    _pick(page, "lastn")
    page.locator("#add-r").focus()
    page.keyboard.press("Enter")
    _pick(page, "text value")
    _pick(page, "company")
    text = page.locator("[name='r3.text']")
    expect(page.locator("#notes-r3")).to_contain_text("This row sends no text.")
    text.focus()
    page.keyboard.type("Unknown & sons")
    page.keyboard.press("Tab")
    expect(page.locator("#notes-r3 .error")).to_have_count(0)
    check_by_axe(page)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("was saved.")).to_be_visible()
    expect(page.locator("#said-object")).to_contain_text("Lead")
    written = working.isthmus.expect("config", "export").out
    assert "text: Unknown & sons" in written


def test_an_export_is_set_up_without_script(working: Pages) -> None:
    page = working.signed_in(scripts=False)
    page.goto(NEW)
    page.get_by_label("Members of").select_option("reachable")
    page.locator("input[value='Contact:both']").check()
    page.locator("[name='m1.identifier']").fill("email")
    page.locator("[name='m1.field']").fill("Email")
    page.locator("[name='r1.value']").fill("text value")
    page.locator("[name='r1.field']").fill("LastName")
    page.get_by_role("button", name="Check the rows").click()
    page.locator("[name='r1.text']").fill("Somebody")
    page.get_by_role("button", name="Add row").click()
    page.locator("[name='r2.value']").fill("title")
    page.locator("[name='r2.field']").fill("Title")
    page.get_by_role("button", name="Save").click()
    # Whether Salesforce could be asked depends on whether anybody has signed in before.
    expect(page.get_by_text("Export contacts was saved")).to_be_visible()
    expect(page.locator("[name='r1.text']")).to_have_value("Somebody")


def test_a_filter_is_built_and_refused_and_saved(working: Pages) -> None:
    page = working.signed_in()
    page.goto(IMPORT)
    page.locator("#step-object > summary").click()
    _known(page)
    page.get_by_text("By SOQL").click()
    page.locator("#filter-soql").fill("Nonsense__c > 3")
    page.locator("#check-filter").click()
    expect(page.locator("#filter-error")).to_contain_text("Salesforce refused the filter.")
    expect(page.locator("#filter-error")).to_contain_text("Nonsense__c")
    check_by_axe(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#filter-error")).to_contain_text("Nonsense__c")

    page.get_by_text("By conditions").click()
    page.locator("[id='subject-c.0-button']").focus()
    page.keyboard.press("Enter")
    _pick(page, "country")
    page.locator("[id='operator-c.0']").select_option("is_not_empty")
    page.locator("[id='add-c']").press("Enter")
    page.locator("[id='subject-c.1-button']").press("Enter")
    _pick(page, "lead source")
    page.locator("[id='value-c.1']").press("Enter")
    page.locator("[id='picks-c.1']").get_by_label("Web", exact=True).check()
    page.keyboard.press("Escape")
    page.locator("#check-filter").click()
    expect(page.locator("#filter")).to_contain_text("Salesforce takes it")
    check_by_axe(page)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("was saved.")).to_be_visible()
    expect(page.locator("#said-object")).to_contain_text(
        re.compile("where Country is not empty and Lead Source is Web")
    )


def test_a_preview_is_made_searched_and_stopped_from_its_page(working: Pages) -> None:
    page = working.signed_in()
    page.goto(GOAL)
    page.locator("#last-preview").get_by_role("button", name="Make one").click()
    expect(page.locator("#h-counts")).to_be_visible(timeout=60_000)
    expect(page.locator("#made")).to_contain_text("Nothing was written. Made today")
    check_by_axe(page)
    page.goto(f"{IMPORT}/preview")
    page.locator(".actions").get_by_role("button", name="Preview").click()
    expect(page.locator("#h-counts")).to_be_visible(timeout=60_000)
    page.locator("#of-created").click()
    first = page.locator("#found .id a, #found .id > span").first.inner_text()
    expect(page.locator("#found")).to_contain_text("First name")
    page.get_by_role("searchbox", name=re.compile("Record, profile")).fill(first)
    expect(page.locator("#found .before-after > li")).to_have_count(1)
    expect(page.locator("#found")).to_contain_text(first)
    page.goto(GOAL)
    expect(page.locator("#last-preview")).to_contain_text("Nothing was written.")
