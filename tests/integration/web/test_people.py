import re
from collections.abc import Callable

from django.test import Client

from integration.web.conftest import PASSWORD, post, seen
from isthmus.people import accounts
from isthmus.people.models import User

HOSTILE = '"><script>alert(1)</script>'


def test_an_administrator_adds_somebody_who_can_sign_in(
    alice: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(alice)
    given = {"name": "Bob", "email": "Bob@example.com", "role": "editor", "password": PASSWORD}
    assert post(browser, "/people/new", **given).headers["Location"] == "/people"
    bob = accounts.account("bob@example.com")
    assert (bob.role, bob.sees_personal_data) == ("editor", False)
    signed_in(bob)
    again = post(browser, "/people/new", **given)
    assert again.status_code == 422
    assert b"already" in again.content


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    alice: User, signed_in: Callable[[User], Client]
) -> None:
    given = {"name": "Bob", "email": "bob", "role": "editor", "password": "short"}
    answer = post(signed_in(alice), "/people/new", **given)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count('aria-invalid="true"') == 1
    assert 'id="id_email_error"' in page
    assert 'value="bob"' in page
    assert "short" not in page


def test_a_role_is_changed_and_an_account_switched_off(
    alice: User, bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(alice)
    address = f"/people/{bob.id}"
    given = {"name": "Robert", "role": "editor", "sees_personal_data": "on"}
    post(browser, address, seen=seen(browser, address), **given)
    bob.refresh_from_db()
    assert (bob.name, bob.role, bob.sees_personal_data, bob.is_active) == (
        "Robert",
        "editor",
        True,
        False,
    )


def test_the_last_administrator_is_told_why_not(
    alice: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(alice)
    address = f"/people/{alice.id}"
    given = {"name": "Alice", "role": "viewer", "is_active": "on"}
    answer = post(browser, address, seen=seen(browser, address), **given)
    assert answer.status_code == 422
    assert b"last administrator" in answer.content
    assert browser.get("/people").status_code == 200


def test_an_administrator_sets_a_password_and_goes_on_working(
    alice: User, bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(alice)
    for user in (bob, alice):
        post(browser, f"/people/{user.id}/password", password="another quiet harbour")
        user.refresh_from_db()
        assert user.check_password("another quiet harbour")
    assert browser.get("/people").status_code == 200


def test_two_administrators_who_change_different_things_both_succeed(
    alice: User, bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser, address = signed_in(alice), f"/people/{bob.id}"
    first, second = seen(browser, address), seen(browser, address)
    post(browser, address, name="Bob", role="editor", is_active="on", seen=first)
    post(browser, address, name="Robert", role="viewer", is_active="on", seen=second)
    bob.refresh_from_db()
    assert (bob.name, bob.role) == ("Robert", "editor")


def test_the_second_who_changes_the_same_is_told_and_loses_nothing(
    alice: User, bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser, address = signed_in(alice), f"/people/{bob.id}"
    first, second = seen(browser, address), seen(browser, address)
    post(browser, address, name="Bobby", role="viewer", is_active="on", seen=first)
    answer = post(browser, address, name="Robert", role="viewer", is_active="on", seen=second)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile" in page
    assert "<q>Bobby</q>" in page
    assert 'value="Robert"' in page
    bob.refresh_from_db()
    assert bob.name == "Bobby"
    again = re.search(r'name="seen" value="([^"]+)"', page)
    assert again is not None
    post(browser, address, name="Robert", role="viewer", is_active="on", seen=again[1])
    bob.refresh_from_db()
    assert bob.name == "Robert"


def test_nobody_of_that_number_is_not_found(
    alice: User, signed_in: Callable[[User], Client]
) -> None:
    assert signed_in(alice).get("/people/999999").status_code == 404


def test_people_change_their_own_name_time_zone_and_password(
    bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser, elsewhere = signed_in(bob), signed_in(bob)
    shown = seen(browser, "/account")
    post(browser, "/account", name="Robert", timezone="Europe/Amsterdam", seen=shown)
    new = {"password": "another quiet harbour"}
    wrong = post(browser, "/account/password", current="wrong", **new)
    assert (wrong.status_code, b"not your password" in wrong.content) == (422, True)
    assert post(browser, "/account/password", current=PASSWORD, **new).status_code == 302
    bob.refresh_from_db()
    assert (bob.name, bob.timezone) == ("Robert", "Europe/Amsterdam")
    assert bob.check_password("another quiet harbour")
    assert browser.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


def test_an_own_account_that_somebody_else_changed_meanwhile_loses_nothing(
    bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(bob)
    shown = seen(browser, "/account")
    accounts.change(bob, name="Bobby")
    zone = {"name": bob.email.partition("@")[0], "timezone": "Europe/Amsterdam"}
    bob.refresh_from_db()
    before = {"name": "Bob", "timezone": "UTC"}
    assert zone["timezone"] != bob.timezone
    post(browser, "/account", **{**before, "timezone": "Europe/Amsterdam"}, seen=shown)
    bob.refresh_from_db()
    assert (bob.name, bob.timezone) == ("Bobby", "Europe/Amsterdam")
    answer = post(browser, "/account", name="Robert", timezone="UTC", seen=shown)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "<q>Bobby</q>" in page
    assert 'value="Robert"' in page
    bob.refresh_from_db()
    assert (bob.name, bob.timezone) == ("Bobby", "Europe/Amsterdam")
    assert post(browser, "/account", **before).status_code == 400


def test_names_are_shown_as_text(alice: User, signed_in: Callable[[User], Client]) -> None:
    browser = signed_in(alice)
    accounts.change(alice, name=HOSTILE)
    for address in ("/people", f"/people/{alice.id}", "/account"):
        page = browser.get(address).content.decode()
        assert HOSTILE not in page
        assert "&lt;script&gt;" in page


def test_the_theme_is_kept_in_the_browser_and_only_a_known_one(alice: User) -> None:
    browser = Client()
    post(browser, "/theme", theme="dark", next="/sign-in")
    assert b'data-theme="dark"' in browser.get("/sign-in").content
    post(browser, "/theme", theme=HOSTILE)
    assert b'data-theme="dark"' in browser.get("/sign-in").content
    post(browser, "/theme", theme="")
    assert b"data-theme" not in browser.get("/sign-in").content
