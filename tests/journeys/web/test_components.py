"""The components of all pages, in a real browser and mostly by the keyboard alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from journeys.processes import Isthmus
from journeys.web.browsing import ALICE, NARROW, Pages, check_by_axe
from journeys.web.conftest import pages_of


@pytest.fixture(scope="module")
def shared_pages(shared_isthmus: Isthmus, browser: Browser) -> Iterator[Pages]:
    with pages_of(shared_isthmus, browser) as found:
        found.add(ALICE, "--name", "Alice")
        yield found


@pytest.fixture
def page(shared_pages: Pages) -> Page:
    """The page of components, as an administrator sees it."""
    found = shared_pages.signed_in()
    found.goto("/components")
    return found


def test_axe_finds_nothing_in_components_closed_or_open(page: Page) -> None:
    check_by_axe(page)
    page.get_by_role("button", name="Field: Title").click()
    check_by_axe(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Delete the example").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check_by_axe(page)


def test_a_picker_is_searched_and_chosen_from_by_the_keyboard_alone(page: Page) -> None:
    button = page.get_by_role("button", name="Field: Title")
    button.focus()
    page.keyboard.press("ArrowDown")
    search = page.get_by_role("combobox", name="Search: Field")
    expect(search).to_be_focused()
    page.keyboard.type("EMPLOYEES")
    expect(page.locator(".pop").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Field: NumberOfEmployees")).to_be_focused()
    expect(page.locator("#c-select")).to_have_value("NumberOfEmployees")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_a_picker_names_why_something_cant_be_chosen_and_does_not_choose_it(page: Page) -> None:
    page.get_by_role("button", name="Field: Title").press("Enter")
    page.keyboard.type("donot")
    option = page.locator(".pop").get_by_role("option", name="DoNotCall")
    expect(option).to_contain_text("A text can't be summed.")
    expect(option).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    option.click(force=True)
    expect(page.locator("#c-select")).to_have_value("Title")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Field: Title")).to_be_focused()


def test_a_picker_that_finds_nothing_says_so_and_offers_to_make_it(page: Page) -> None:
    page.get_by_role("button", name="Field: Title").press("Enter")
    page.keyboard.type("job <b>level")
    expect(page.locator(".pop")).to_contain_text("Nothing is called “job <b>level”.")
    page.get_by_role("link", name="Make it").click()
    page.wait_for_url("**/components?name=job%20%3Cb%3Elevel")


def test_a_dialog_asks_keeps_the_focus_and_closes_by_escape_or_button(page: Page) -> None:
    link = page.get_by_role("link", name="Delete the example")
    for close in ("Escape", "Keep"):
        link.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Delete the example?")
        expect(dialog).to_contain_text("483 runs")
        if close == "Escape":
            page.keyboard.press("Escape")
        else:
            dialog.get_by_role("link", name="Keep").click()
        expect(dialog).to_have_count(0)
        expect(link).to_be_focused()
    assert page.url.endswith("/components")


def test_without_script_the_same_is_asked_on_a_page_of_its_own(shared_pages: Pages) -> None:
    page = shared_pages.signed_in(scripts=False)
    page.goto("/components")
    page.get_by_role("link", name="Delete the example").click()
    expect(page.get_by_role("heading", name="Delete the example?")).to_be_visible()
    page.get_by_role("link", name="Keep").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Components")
    expect(page.get_by_label("Field")).to_be_visible()  # the plain control


def test_an_id_is_copied_and_that_is_said(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the record id").click()
    expect(page.locator(".toast")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "0035g00000XyZ12AAB"


def test_what_is_not_saved_is_shown_guarded_and_saved_by_a_key(page: Page) -> None:
    page.goto("/account")
    expect(page.get_by_text("Not saved yet")).to_be_hidden()
    page.get_by_label("Name").fill("Alice B.")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Settings").click(no_wait_after=True)
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    assert page.url.endswith("/account")
    page.keyboard.press("Control+s")
    expect(page.locator("main")).to_contain_text("Your account was saved.")
    expect(page.get_by_text("Not saved yet")).to_be_hidden()


def test_on_a_phone_the_navigation_opens_by_its_button(shared_pages: Pages) -> None:
    page = shared_pages.signed_in(width=NARROW)
    expect(page.get_by_role("link", name="Settings")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Properties")


def test_the_theme_that_is_chosen_stays(page: Page) -> None:
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/people")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
