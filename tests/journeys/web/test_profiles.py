"""A profile is found and edited, and what a person corrected stays."""

import re

import pytest
from playwright.sync_api import Page, expect

from journeys.web.browsing import NARROW, WIDE, Pages, check_by_axe


def first_profile(working: Pages, page: Page) -> str:
    """The address of a profile that an import has made, one with a title."""
    working.isthmus.expect("connection", "run", "acme", "--goal", "leads_in")
    page.goto("/profiles?property=title&op=contains&value=a")
    page.locator("#rows tbody a").first.click()
    expect(page.get_by_role("heading", name="Properties", exact=True)).to_be_visible()
    return page.url


def test_a_profile_is_found_and_edited_and_the_next_import_leaves_it_so(working: Pages) -> None:
    page = working.signed_in()
    page.goto("/profiles")
    expect(page.locator("#rows")).to_contain_text("Profiles come in by an import")
    address = first_profile(working, page)
    check_by_axe(page)

    page.get_by_label("Edit First name").click()
    field = page.get_by_role("textbox", name="First name")
    field.fill("Zoë-Marie")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    check_by_axe(page)
    page.keyboard.press("Control+s")
    expect(page.locator("#toasts")).to_contain_text("First name was saved.")
    # The rest of the page follows by itself.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Zoë-Marie")
    expect(page.locator("#changes")).to_contain_text("Edited by Alice")
    expect(page.locator("#p-first_name")).to_contain_text(
        re.compile("became.*Zoë-Marie", re.DOTALL)
    )
    expect(page.get_by_text("Not saved yet")).to_be_hidden()

    working.isthmus.expect("connection", "run", "acme", "--goal", "leads_in", "--full")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Zoë-Marie")

    page.goto("/profiles")
    page.get_by_label("Property: Any property").click()
    page.keyboard.type("first")
    page.keyboard.press("Enter")
    page.get_by_label("How to compare").select_option("contains")
    page.get_by_label("Value", exact=True).fill("oë-marie")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    check_by_axe(page)
    page.locator("#rows tbody a").first.click()
    expect(page).to_have_url(address)


def test_the_field_in_the_navigation_leads_straight_to_a_profile(working: Pages) -> None:
    page = working.signed_in()
    address = first_profile(working, page)
    page.goto("/account")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("/")
    page.keyboard.type(address.rpartition("/")[2])
    page.keyboard.press("Enter")
    expect(page).to_have_url(address)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_two_people_edit_one_value_and_the_second_is_told(working: Pages, width: int) -> None:
    page = working.signed_in(width=width)
    address = first_profile(working, page)
    other = working.signed_in(width=width)
    for each in (page, other):
        each.goto(address)
        each.get_by_label("Edit Title").click()
        each.get_by_role("textbox", name="Title").fill(f"of {'page' if each is page else 'other'}")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#p-title")).to_contain_text("of page")
    other.get_by_role("button", name="Save").click()
    expect(other.locator("#p-title")).to_contain_text("Somebody else changed this meanwhile")
    expect(other.get_by_role("textbox", name="Title")).to_have_value("of other")
    check_by_axe(other, widths=(width,))
    other.get_by_role("button", name="Save").click()
    expect(other.locator("#toasts")).to_contain_text("Title was saved.")
    expect(other.locator("#p-title td").first).to_have_text("of other")


def test_a_value_is_edited_without_script(working: Pages) -> None:
    address = first_profile(working, working.signed_in())
    page = working.signed_in(scripts=False)
    page.goto(address)
    page.get_by_label("Edit Title").click()
    page.get_by_role("textbox", name="Title").fill("Typed by hand")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Title was saved.")
    expect(page.locator("#p-title td").first).to_have_text("Typed by hand")
    page.get_by_label("History of Title").click()
    expect(page.locator("main")).to_contain_text("Edited by Alice")
