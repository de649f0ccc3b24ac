"""Every address and everybody who may ask: what each gets is written down here."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from integration.web.conftest import PASSWORD
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.web import access

PEOPLE = ("administrator", "editor", "viewer", "no role", "nobody")
TO_SIGN_IN = 302

# By address: what a GET gets, in the order of PEOPLE. An address that is not here fails.
EXPECTED = {
    "home": (302, 302, 302, 302, TO_SIGN_IN),
    "first-start": (302, 302, 302, 302, 302),
    "sign-in": (302, 302, 302, 302, 200),
    "sign-out": (405, 405, 405, 405, 405),
    "account": (200, 200, 200, 200, TO_SIGN_IN),
    "own-password": (405, 405, 405, 405, TO_SIGN_IN),
    "theme": (405, 405, 405, 405, 405),
    "people": (200, 403, 403, 403, TO_SIGN_IN),
    "new-person": (200, 403, 403, 403, TO_SIGN_IN),
    "person": (200, 403, 403, 403, TO_SIGN_IN),
    "person-password": (405, 403, 403, 403, TO_SIGN_IN),
    "health": (200, 200, 200, 200, 200),
}


def patterns() -> Iterator[URLPattern]:
    for pattern in get_resolver().url_patterns:
        assert isinstance(pattern, URLPattern), "addresses are in one list"
        yield pattern


@pytest.fixture
def browsers(
    alice: User, signed_in: Callable[[User], Client]
) -> tuple[Callable[[str], Client], User]:
    def add(name: str, role: Role) -> User:
        return accounts.add(f"{name}@example.com", PASSWORD, role=role)

    idle = add("dave", Role.VIEWER)
    users = {
        "administrator": alice,
        "editor": add("bob", Role.EDITOR),
        "viewer": add("charlie", Role.VIEWER),
        "no role": idle,
    }
    User.objects.filter(id=idle.id).update(role="")
    made = {name: signed_in(user) for name, user in users.items()}
    return lambda who: made.get(who) or Client(), users["viewer"]


def test_every_view_says_whom_it_is_for() -> None:
    assert [each.name for each in patterns() if access.of(each.callback) is None] == []


def test_everybody_gets_what_is_for_them_at_every_address(
    browsers: tuple[Callable[[str], Client], User],
) -> None:
    browser_of, charlie = browsers
    got: dict[str, Any] = {}
    for pattern in patterns():
        assert pattern.name is not None
        named = {"user_id": charlie.id} if "user_id" in str(pattern.pattern) else {}
        address = reverse(pattern.name, kwargs=named)
        got[pattern.name] = tuple(browser_of(who).get(address).status_code for who in PEOPLE)
    assert got == EXPECTED


@pytest.mark.parametrize("who", ["editor", "viewer", "no role", "nobody"])
def test_only_administrators_change_anybody(
    browsers: tuple[Callable[[str], Client], User], who: str
) -> None:
    browser_of, charlie = browsers
    before = list(User.objects.values_list("email", "role", "password", "is_active"))
    browser = browser_of(who)
    given = {"name": "X", "role": "administrator", "email": "x@example.com", "password": PASSWORD}
    for address in ("/people/new", f"/people/{charlie.id}", f"/people/{charlie.id}/password"):
        assert browser.post(address, given).status_code == (302 if who == "nobody" else 403)
    assert list(User.objects.values_list("email", "role", "password", "is_active")) == before


def test_a_form_without_its_token_changes_nothing(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post("/sign-in", {"email": alice.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert b"too old" in answer.content
    assert browser.get("/account").status_code == TO_SIGN_IN


def test_answers_let_nothing_run_that_is_not_ours_and_are_kept_by_no_cache(alice: User) -> None:
    for address in ("/sign-in", "/nothing", "/health"):
        headers = Client().get(address).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"


def test_pages_have_no_style_and_no_script_of_their_own(
    alice: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(alice)
    for address in ("/people", "/people/new", f"/people/{alice.id}", "/account", "/nothing"):
        page = browser.get(address).content.decode()
        assert not [word for word in ("<style", "<script", " style=", " onclick=") if word in page]


def test_a_host_that_is_not_ours_is_refused_with_a_page() -> None:
    answer = Client(headers={"Host": "evil.example"}).get("/sign-in")
    assert answer.status_code == 400
    assert b"evil" not in answer.content
