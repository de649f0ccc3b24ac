from collections.abc import Callable

from django.test import Client

from integration.web.conftest import PASSWORD, post
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
    post(browser, f"/people/{bob.id}", name="Robert", role="editor", sees_personal_data="on")
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
    answer = post(browser, f"/people/{alice.id}", name="Alice", role="viewer", is_active="on")
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


def test_nobody_of_that_number_is_not_found(
    alice: User, signed_in: Callable[[User], Client]
) -> None:
    assert signed_in(alice).get("/people/999999").status_code == 404


def test_people_change_their_own_name_time_zone_and_password(
    bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser, elsewhere = signed_in(bob), signed_in(bob)
    post(browser, "/account", name="Robert", timezone="Europe/Amsterdam")
    new = {"password": "another quiet harbour"}
    wrong = post(browser, "/account/password", current="wrong", **new)
    assert (wrong.status_code, b"not your password" in wrong.content) == (422, True)
    assert post(browser, "/account/password", current=PASSWORD, **new).status_code == 302
    bob.refresh_from_db()
    assert (bob.name, bob.timezone) == ("Robert", "Europe/Amsterdam")
    assert bob.check_password("another quiet harbour")
    assert browser.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


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
