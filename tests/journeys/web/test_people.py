"""The first start, and people: from the code in the terminal to a locked account."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from journeys.web.browsing import ALICE, NARROW, PASSWORD, WIDE, Pages, check_by_axe
from journeys.web.conftest import code_said

OTHER_PASSWORD = "another quiet harbour"
BOB = "bob@example.com"


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def add_bob(page: Page, role: str) -> None:
    page.goto("/people")
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Name").fill("Bob")
    page.get_by_label("E-mail").fill(BOB)
    page.get_by_label("Role").select_option(role)
    page.get_by_label("First password").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    heading(page, "People")


def test_the_first_account_is_made_with_the_code_from_the_terminal(
    first_pages: Pages, said_by_web: Path
) -> None:
    code = code_said(said_by_web)
    page = first_pages.anybody()
    page.goto("/")
    heading(page, "Welcome. Who are you?")
    check_by_axe(page)
    page.get_by_label("Code").fill("AAAA-AAAA-AAAA-AAAA")
    page.get_by_label("Name").fill("Alice")
    page.get_by_label("E-mail").fill(ALICE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("main")).to_contain_text("That is not the code")

    page.get_by_label("Code").fill(code.lower().replace("-", " "))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.wait_for_url(lambda url: not url.endswith("/start"))
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("Alice")
    later = first_pages.anybody()
    later.goto("/start")
    heading(later, "Sign in")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_person_is_added_and_sees_what_the_role_allows(pages: Pages, width: int) -> None:
    alice = pages.signed_in(width=width)
    add_bob(alice, "viewer")
    row = alice.get_by_role("row").filter(has_text="Bob")
    expect(row).to_contain_text("Viewer")
    expect(row).to_contain_text("Masked")

    bob = pages.signed_in(BOB, width=width)
    bob.goto("/account")
    heading(bob, "Your account")
    pages.expected.add(403)
    answer = bob.goto("/people")
    assert answer is not None
    assert answer.status == 403

    alice.get_by_role("link", name="Bob").click()
    alice.get_by_label("Role").select_option("administrator")
    alice.get_by_role("button", name="Save").click()
    expect(alice.get_by_role("row").filter(has_text="Bob")).to_contain_text("Administrator")
    bob.goto("/people")
    heading(bob, "People")


def test_whoever_is_switched_off_is_signed_out_at_once(pages: Pages) -> None:
    alice = pages.signed_in()
    add_bob(alice, "editor")
    bob = pages.signed_in(BOB)
    alice.get_by_role("link", name="Bob").click()
    alice.get_by_label("Can sign in").uncheck()
    alice.get_by_role("button", name="Save").click()
    expect(alice.get_by_role("row").filter(has_text="Bob")).to_contain_text("Off")
    bob.goto("/account")
    heading(bob, "Sign in")
    pages.sign_in(bob, BOB)
    heading(bob, "Sign in")


def test_a_new_password_of_ones_own_ends_other_sessions(pages: Pages) -> None:
    here, elsewhere = pages.signed_in(), pages.signed_in()
    here.goto("/account")
    here.get_by_label("Password until now").fill("not my password")
    here.get_by_label("New password").fill(OTHER_PASSWORD)
    here.get_by_role("button", name="Change the password").click()
    expect(here.locator("main")).to_contain_text("That is not your password.")
    here.get_by_label("Password until now").fill(PASSWORD)
    here.get_by_label("New password").fill(OTHER_PASSWORD)
    here.get_by_role("button", name="Change the password").click()
    expect(here.locator("main")).to_contain_text("You have a new password.")

    here.goto("/account")
    heading(here, "Your account")
    elsewhere.goto("/account")
    heading(elsewhere, "Sign in")
    pages.sign_in(elsewhere, ALICE, OTHER_PASSWORD)
    heading(elsewhere, "Your account")


def test_wrong_passwords_lock_an_account_until_an_administrator_helps(pages: Pages) -> None:
    alice = pages.signed_in()
    add_bob(alice, "viewer")
    bob = pages.anybody()
    bob.goto("/sign-in")
    for _ in range(6):
        pages.sign_in(bob, BOB, "a wrong password")
    expect(bob.locator("main")).to_contain_text("too many wrong passwords")
    pages.sign_in(bob, BOB)
    expect(bob.locator("main")).to_contain_text("too many wrong passwords")

    alice.goto("/people")
    expect(alice.get_by_role("row").filter(has_text="Bob")).to_contain_text("Locked")
    alice.get_by_role("link", name="Bob").click()
    alice.get_by_label("New password").fill(OTHER_PASSWORD)
    alice.get_by_role("button", name="Set the password").click()
    expect(alice.locator("main")).to_contain_text("has a new password")
    pages.sign_in(bob, BOB, OTHER_PASSWORD)
    heading(bob, "Home")


def test_everything_works_without_script(pages: Pages) -> None:
    alice = pages.signed_in(scripts=False)
    add_bob(alice, "editor")
    alice.get_by_role("button", name="Dark").click()
    expect(alice.locator("html")).to_have_attribute("data-theme", "dark")
    alice.get_by_role("button", name="Sign out").click()
    heading(alice, "Sign in")
