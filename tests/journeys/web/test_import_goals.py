"""An import goal is set up in a real browser: by mouse, by keyboard, without script, by two."""

import re
import subprocess
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from journeys.processes import Isthmus, LocalOrg
from journeys.web.browsing import ALICE, NARROW, Pages, check_by_axe
from journeys.web.conftest import SET_UP, pages_of

LEADS = "/connections/acme/goals/leads_in"
NEW = "/connections/acme/goals/new/import"
MANY = 500
SLOW_MS = 3_000
"""Loose: the machine of a test does other things. `make bench` has the figures."""

PLANT = """
from isthmus.cli import session
with session.database():
    from django.utils import timezone
    from isthmus.connections.models import Goal, KnownObject
    goal = Goal.objects.get(key="leads_in")
    known = KnownObject.objects.get(sobject="Lead")
    first = known.description["fields"][-1]
    known.description["fields"] += [
        {**first, "name": f"Many_{n}__c", "label": f"Many things {n}", "type": "string"}
        for n in range(500)
    ]
    known.samples |= {f"Many_{n}__c": [f"sample {n}", f"another {n}"] for n in range(500)}
    known.save()
    goal.document["fields"] = [
        {"field": f"Many_{n}__c", "property": "title", "rule": "set", "keep_when_empty": False}
        for n in range(500)
    ]
    goal.save()
"""


@pytest.fixture
def goals(isthmus: Isthmus, org: LocalOrg, browser: Browser) -> Iterator[Pages]:
    """The pages of a store with a connection to an org, and somebody who sees personal data."""
    command = isthmus.set(**org.environment)
    command.expect("config", "apply", str(SET_UP))
    with pages_of(command, browser) as found:
        found.add(ALICE, "--name", "Alice", "--personal-data")
        yield found


def _row(page: Page, field: str, kind: str = "r") -> int:
    """The number of the row with that field."""
    found = page.evaluate(
        "([kind, field]) => [...document.querySelectorAll(`[data-rows='${kind}'] > .map-row`)]"
        ".find((row) => row.querySelector('[name$=\".field\"]').value === field)?.dataset.row",
        [kind, field],
    )
    assert found is not None, f"no row has {field}"
    return int(found)


def _pick(page: Page, text: str) -> None:
    """Choose in the picker that is open and has the focus."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def _answered_late(goals: Pages, seconds: float) -> Page:
    """The page of a goal, whose questions about rows wait so long for an answer."""
    page = goals.signed_in(ALICE)
    page.goto(LEADS)
    expect(page.locator("#known")).to_contain_text("fields that this user may see")

    def late(route: Route) -> None:
        if route.request.method == "POST":
            time.sleep(seconds)
        route.continue_()

    page.route("**/leads_in", late)
    return page


def test_an_import_is_set_up_by_mouse_from_the_connection_to_the_saved_goal(goals: Pages) -> None:
    page = goals.signed_in(ALICE)
    page.goto("/connections/acme")
    page.get_by_text("Add goal").click()
    page.get_by_role("link", name="Import").filter(has_text="Records of Salesforce").click()
    expect(page.get_by_role("heading", name="Import contacts")).to_be_visible()
    expect(page.locator("#known")).to_contain_text("fields that this user may see")
    expect(page.locator("#cards")).to_contain_text("records")

    page.get_by_role("button", name="Suggest").click()
    expect(page.locator("#suggested")).to_contain_text("likely pairs")
    expect(page.locator("[data-rows=r] .map-row")).to_have_count(1)
    page.get_by_role("button", name="Dismiss Title").click()
    page.get_by_role("button", name="Take Email").click()
    page.get_by_role("button", name="Take all").click()
    expect(page.locator("#suggested > *")).to_have_count(0)
    assert _row(page, "Email", "m")
    expect(page.locator("#state-match")).to_have_text("Complete")
    assert page.locator("[data-rows=r] input[name$='.field'][value='Title']").count() == 0

    page.get_by_role("button", name="Add row").click()
    _pick(page, "birthdate")
    expect(page.get_by_role("combobox", name="Search: Property")).to_be_focused()
    page.keyboard.type("Date of birth")
    page.locator(".pop [data-make-it]").click()
    dialog = page.locator("#dialog #make")
    expect(dialog.get_by_label("Key")).to_have_value("date_of_birth")
    expect(dialog.get_by_label("Type")).to_have_value("date")
    check_by_axe(page)
    dialog.get_by_role("button", name="Make it").click()
    expect(page.locator("#dialog")).to_be_hidden()
    number = _row(page, "Birthdate")
    expect(page.locator(f"#target-r{number}-button")).to_contain_text("date_of_birth")
    page.get_by_text("Allow creating profiles", exact=False).first.click()
    expect(page.locator("[data-unsaved]")).to_contain_text(re.compile(r"Unsaved: \d+ changes"))
    check_by_axe(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/goals/import_contacts")
    expect(page.get_by_text("Import contacts was saved.")).to_be_visible()
    expect(page.locator("[data-unsaved]")).to_be_hidden()
    written = goals.isthmus.expect("config", "export").out
    assert "{field: Birthdate, property: date_of_birth}" in written
    assert "identifier: email" in written


def test_a_row_says_at_once_what_is_wrong_and_the_menu_says_why_a_rule_does_not_fit(
    goals: Pages,
) -> None:
    page = goals.signed_in(ALICE)
    page.goto(LEADS)
    expect(page.locator("#known")).to_contain_text("fields that this user may see")
    page.locator("#rule-r1-button").click()
    menu = page.locator(".menu-of-rules")
    expect(menu.get_by_role("option", name="Add")).to_have_attribute("aria-disabled", "true")
    expect(menu).to_contain_text("Add needs a list, and property 'first_name' holds a single text.")
    expect(menu).to_contain_text("Only into an empty property.")
    menu.get_by_role("option", name="Set if empty").click()
    expect(page.locator("#opts-r1")).to_have_text("Empty values do nothing")

    page.locator("#field-r3-button").click()
    page.locator(".pop input").fill("Nowhere.At.All")
    page.keyboard.press("Enter")
    expect(page.locator("#field-r3-button")).to_contain_text("Nowhere.At.All")
    page.locator("#field-r3-button").click()
    page.locator(".pop input").fill("Nowhere__c")
    page.keyboard.press("Enter")
    expect(page.locator("#notes-r3")).to_contain_text("Lead has no field 'Nowhere__c'")
    expect(page.locator("#state-map")).to_have_text("1 problem")
    page.get_by_role("button", name="Problems 1").click()
    expect(page.locator("[data-rows=r] .map-row:visible")).to_have_count(1)
    check_by_axe(page)
    page.locator("#field-r3-button").click()
    page.locator(".pop input").fill("First")
    page.keyboard.press("Enter")
    expect(page.locator("#state-map")).to_have_text("Complete")
    page.get_by_role("button", name="All").click()
    page.locator("#row-r3 [data-tool=remove]").click()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("leads_in was saved.")).to_be_visible()


def test_rows_that_are_changed_while_the_server_answers_are_all_told_of(goals: Pages) -> None:
    page = _answered_late(goals, 0.5)
    page.evaluate(
        """async () => {
          for (const number of [1, 2, 3]) {
            const field = document.getElementById(`field-r${number}`);
            field.value = `Nowhere${number}__c`;
            field.dispatchEvent(new Event("change", { bubbles: true }));
            await new Promise((go) => setTimeout(go, 200));
          }
        }"""
    )
    for number in (1, 2, 3):
        expect(page.locator(f"#notes-r{number}")).to_contain_text(f"no field 'Nowhere{number}__c'")
    expect(page.locator("#state-map")).to_have_text("3 problems")
    expect(page.locator("#said-match")).to_contain_text("creates profiles")
    page.locator("#step-match > summary").click()
    page.locator("[name=create_profiles]").uncheck()
    expect(page.locator("#said-match")).to_contain_text("creates no profiles")


def test_of_a_row_that_is_removed_while_the_server_is_asked_nothing_more_is_said(
    goals: Pages,
) -> None:
    page = _answered_late(goals, 1)
    with page.expect_response("**/leads_in"):
        with page.expect_request("**/leads_in"):
            page.evaluate(
                """() => {
                  for (const number of [1, 2]) {
                    const field = document.getElementById(`field-r${number}`);
                    field.value = `Nowhere${number}__c`;
                    field.dispatchEvent(new Event("change", { bubbles: true }));
                  }
                }"""
            )
        page.locator("#row-r1 [data-tool=remove]").click()
    expect(page.locator("#notes-r2")).to_contain_text("no field 'Nowhere2__c'")
    expect(page.locator("#row-r1")).to_have_count(0)
    expect(page.locator("#state-map")).to_have_text("1 problem")


def test_an_import_is_set_up_by_the_keyboard_alone(goals: Pages) -> None:
    page = goals.signed_in(ALICE)
    page.goto(NEW)
    expect(page.locator("#known")).to_contain_text("fields that this user may see")
    page.locator("#field-m1-button").press("Enter")
    _pick(page, "email")
    expect(page.get_by_role("combobox", name="Search: Identifier")).to_be_focused()
    _pick(page, "email")
    expect(page.locator("#add-m")).to_be_focused()
    page.locator("#field-r1-button").press("Enter")
    for field, key in (("First Name", "first"), ("Last Name", "last"), ("Title", "title")):
        _pick(page, field)
        expect(page.get_by_role("combobox", name="Search: Property")).to_be_focused()
        _pick(page, key)
        expect(page.locator("#add-r")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("combobox", name="Search: Contact field")).to_be_focused()
    page.keyboard.press("Escape")
    number = _row(page, "Title")
    page.locator(f"#row-r{number} .grip").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.locator(f"#rule-r{number}-button").press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(f"#rule-r{number}-button")).to_be_focused()
    page.keyboard.press("Control+s")
    page.wait_for_url("**/goals/import_contacts")
    written = goals.isthmus.expect("config", "export").out
    mapped = re.findall(r"\{field: (\w+), property: (\w+)", written.partition("import_contacts")[2])
    assert mapped[:3] == [
        ("Title", "title"),
        ("FirstName", "first_name"),
        ("LastName", "last_name"),
    ]
    assert "{field: Title, property: title, rule: set_if_empty}" in written


def test_five_hundred_rows_are_changed_one_at_a_time_and_at_once(goals: Pages) -> None:
    page = goals.signed_in(ALICE)
    page.goto(LEADS)
    expect(page.locator("#known")).to_contain_text("fields that this user may see")
    command = goals.isthmus
    subprocess.run([command.program[0], "-c", PLANT], env=command.variables(), check=True)
    page.goto(LEADS)
    expect(page.locator("#row-r1 .picker").first).to_be_visible()
    expect(page.locator(".map-rows .map-row.is-ready")).to_have_count(MANY, timeout=60_000)
    times = page.evaluate(
        """async () => {
          const times = {};
          const painted = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
          const measure = async (name, act) => {
            const begun = performance.now();
            act();
            await painted();
            times[name] = performance.now() - begun;
          };
          const find = (selector) => document.querySelector(selector);
          await measure("open", () => find("#field-r3-button").click());
          await measure("type", () => {
            find(".pop input").value = "things 49";
            find(".pop input").dispatchEvent(new Event("input", { bubbles: true }));
          });
          await measure("choose", () => find(".pop .is-active").click());
          await measure("filter", () => {
            find("#map-filter").value = "things 17";
            find("#map-filter").dispatchEvent(new Event("input", { bubbles: true }));
          });
          return times;
        }"""
    )
    assert max(times.values()) < SLOW_MS, times
    expect(page.locator("[data-number=all]")).to_have_text("500")
    page.locator("#map-filter").fill("things 499")
    expect(page.locator("#row-r500")).to_be_visible()
    with page.expect_request(lambda each: each.method == "POST") as asked:
        page.locator("#row-r500 [data-tool=copy]").click()
    assert len(asked.value.post_data or "") < 60_000
    page.locator("#map-filter").fill("")
    page.keyboard.press("Control+s")
    expect(page.locator("#state-map")).to_have_text("2 problems")
    page.locator("#row-r501 [data-tool=remove]").click()
    # What is left is the row that was given another row's field above.
    expect(page.locator("#state-map")).to_have_text("1 problem", timeout=30_000)


def test_of_two_people_who_map_at_once_the_second_is_told_and_loses_nothing(goals: Pages) -> None:
    goals.add("carol@example.com", "--role", "editor", "--name", "Carol")
    first, second = goals.signed_in(ALICE), goals.signed_in("carol@example.com")
    for page in (first, second):
        page.goto(LEADS)
        expect(page.locator("#known")).to_contain_text("fields that this user may see")
    first.locator("#row-r1 [data-tool=remove]").click()
    first.keyboard.press("Control+s")
    expect(first.get_by_text("leads_in was saved.")).to_be_visible()
    second.locator("#row-r2 [data-tool=remove]").click()
    second.keyboard.press("Control+s")
    expect(second.get_by_text("Somebody else changed this meanwhile")).to_be_visible()
    expect(second.locator("[data-rows=r] .map-row")).to_have_count(5)
    second.keyboard.press("Control+s")
    expect(second.get_by_text("leads_in was saved.")).to_be_visible()
    assert "property: first_name" in goals.isthmus.expect("config", "export").out


def test_an_import_is_set_up_without_script(goals: Pages) -> None:
    page = goals.signed_in(ALICE, scripts=False)
    page.goto(f"{NEW}?known")
    page.get_by_label("Contact field").first.fill("Email")
    page.get_by_label("Identifier", exact=True).fill("email")
    page.get_by_role("button", name="Suggest").click()
    page.get_by_role("button", name="Take Title").click()
    page.get_by_role("button", name="Take First Name").click()
    page.get_by_role("button", name="Dismiss", exact=True).click()
    page.locator("[name='chosen-r']").last.check()
    page.get_by_role("group", name="The chosen row").last.get_by_role(
        "button", name="Move up"
    ).click()
    page.get_by_role("button", name="Add row").click()
    page.get_by_label("Contact field").last.fill("Owner.Name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Choose a property, or make one.")).to_be_visible()
    page.get_by_label("Property", exact=True).last.fill("country")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Import contacts was saved.")).to_be_visible()
    written = goals.isthmus.expect("config", "export").out.partition("import_contacts")[2]
    assert re.findall(r"field: ([\w.]+), property", written)[:3] == [
        "FirstName",
        "Title",
        "Owner.Name",
    ]


def test_whoever_may_not_see_personal_data_sees_masked_samples(goals: Pages) -> None:
    alice = goals.signed_in(ALICE)
    alice.goto(f"{LEADS}?known")
    sample = alice.locator("#field-r1-button .samples").inner_text().partition(" · ")[0]
    assert sample
    goals.add("bob@example.com", "--name", "Bob")
    page = goals.signed_in("bob@example.com", width=NARROW)
    page.goto(LEADS)
    expect(page.locator("#field-r1-button .samples")).to_have_text("••••••")
    assert sample not in page.content()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    check_by_axe(page)
