"""Every address and everybody who may ask: what each gets is written down in `expected`."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from psycopg import Connection

from integration.web.conftest import PASSWORD
from integration.web.expected import (
    accounts as of_accounts,
)
from integration.web.expected import (
    audit,
    components,
    connections,
    exchange,
    guards,
    home,
    notifying,
    orgs,
    previews,
    profiles,
    properties,
    runs,
    salesforce,
    schedules,
    segments,
)
from integration.web.expected.people import (
    ADMINISTRATOR,
    BLIND,
    BLIND_EDITOR,
    BLIND_VIEWER,
    EDITOR,
    NO_ROLE,
    NOBODY,
    PEOPLE,
    TO_SIGN_IN,
    VIEWER,
    Page,
)
from integration.web.planted import SECRETS, World, plant
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.web import access

PARTS = (
    of_accounts,
    audit,
    components,
    connections,
    exchange,
    guards,
    home,
    orgs,
    notifying,
    previews,
    profiles,
    properties,
    runs,
    salesforce,
    schedules,
    segments,
)
EXPECTED: dict[str, Page] = {name: page for part in PARTS for name, page in part.EXPECTED.items()}
"""By address. An address that is not here fails."""


def patterns() -> Iterator[URLPattern]:
    for pattern in get_resolver().url_patterns:
        assert isinstance(pattern, URLPattern), "addresses are in one list"
        yield pattern


@pytest.fixture
def browsers(
    alice: User, signed_in: Callable[[User], Client]
) -> tuple[Callable[[str], Client], User]:
    def add(name: str, role: Role, *, sees: bool) -> User:
        email = f"{name}@example.com"
        return accounts.add(email, PASSWORD, role=role, sees_personal_data=sees)

    User.objects.filter(id=alice.id).update(sees_personal_data=True)
    users = {
        ADMINISTRATOR: alice,
        EDITOR: add("bob", Role.EDITOR, sees=True),
        BLIND_EDITOR: add("erin", Role.EDITOR, sees=False),
        VIEWER: add("charlie", Role.VIEWER, sees=True),
        BLIND_VIEWER: add("frank", Role.VIEWER, sees=False),
        NO_ROLE: add("dave", Role.VIEWER, sees=True),
    }
    User.objects.filter(id=users[NO_ROLE].id).update(role="")
    made = {name: signed_in(user) for name, user in users.items()}
    return lambda who: made.get(who) or Client(), users[VIEWER]


@pytest.fixture
def world(store: Connection[Any]) -> World:
    return plant(store)


def test_every_view_says_whom_it_is_for() -> None:
    assert [each.name for each in patterns() if access.of(each.callback) is None] == []


def test_everybody_gets_what_is_for_them_at_every_address(
    browsers: tuple[Callable[[str], Client], User], world: World
) -> None:
    browser_of, charlie = browsers
    got: dict[str, Any] = {}
    for pattern in patterns():
        assert pattern.name is not None
        address = reverse(pattern.name, kwargs=world.named(str(pattern.pattern), charlie.id))
        got[pattern.name] = tuple(browser_of(who).get(address).status_code for who in PEOPLE)
    assert got == {name: page.statuses for name, page in EXPECTED.items()}


def test_personal_data_is_shown_where_it_belongs_and_to_nobody_without_the_right(
    browsers: tuple[Callable[[str], Client], User], world: World
) -> None:
    browser_of, charlie = browsers
    for pattern in patterns():
        address = reverse(pattern.name, kwargs=world.named(str(pattern.pattern), charlie.id))
        for who in PEOPLE:
            answer = browser_of(who).get(address)
            body = b"".join(answer) if answer.streaming else answer.content
            shown = [secret for secret in SECRETS if secret.encode() in body]
            page = EXPECTED[str(pattern.name)]
            if who in BLIND or not page.personal or answer.status_code != 200:
                assert not shown, (pattern.name, who, shown)
            else:
                assert shown, (pattern.name, who)


HOSTILE = (
    "\0",
    "\N{RIGHT-TO-LEFT OVERRIDE}<script>alert(1)</script>",
    "%ed%a0%80",
    "'; DROP TABLE store.profile; --",
    "=1+1" * 2_500,
    "W10=",  # an empty place of a table in pages
    "WyJ4IiwgInkiLCAiejIiXQ==",  # and places of other kinds than a table has
    "WzEsIDIsIDNd",
    "W251bGwsIG51bGxd",
)
NAMES = (
    *("who", "how", "kind", "thing", "connection", "since", "until", "health", "favourites"),
    *("q", "after", "sort", "goal", "outcome", "reason", "code", "property", "operator", "name"),
)


def test_whatever_is_asked_for_no_page_breaks(
    browsers: tuple[Callable[[str], Client], User], world: World
) -> None:
    browser_of, charlie = browsers
    browser = browser_of(ADMINISTRATOR)
    for pattern in patterns():
        address = reverse(pattern.name or "", kwargs=world.named(str(pattern.pattern), charlie.id))
        for given in HOSTILE:
            for names in (NAMES, ("q",), ("after",)):
                answer = browser.get(address, dict.fromkeys(names, given))
                assert answer.status_code < 500, (address, given)
                body = b"".join(answer) if answer.streaming else answer.content
                assert b"<script>alert" not in body


def test_pages_open_in_a_store_with_time_zones_that_this_machine_does_not_know(
    browsers: tuple[Callable[[str], Client], User], world: World
) -> None:
    browser_of, charlie = browsers
    browser = browser_of(ADMINISTRATOR)
    User.objects.update(timezone="Mars/Olympus")
    world.connection.timezone, world.connection.schedule = "Mars/Olympus", {"times_a_day": 1}
    world.connection.save()
    for pattern in patterns():
        named = world.named(str(pattern.pattern), charlie.id)
        answer = browser.get(reverse(pattern.name or "", kwargs=named))
        assert answer.status_code < 500, pattern.name


def test_nobody_posts_what_is_not_for_them_and_nothing_that_is_posted_breaks_a_page(
    browsers: tuple[Callable[[str], Client], User], world: World
) -> None:
    browser_of, charlie = browsers
    others = [each for each in patterns() if each.name != "sign-out"]
    by_loss = sorted(others, key=lambda each: "delete" in str(each.name))
    for who in (NOBODY, NO_ROLE, BLIND_VIEWER, VIEWER, BLIND_EDITOR, EDITOR, ADMINISTRATOR):
        for pattern in by_loss:
            named = world.named(str(pattern.pattern), charlie.id)
            status = browser_of(who).post(reverse(pattern.name or "", kwargs=named)).status_code
            place = PEOPLE.index(who)
            if EXPECTED[str(pattern.name)].statuses[place] == 403:
                assert status == 403, (who, pattern.name)
            assert status < 500, (who, pattern.name)


@pytest.mark.parametrize("who", [EDITOR, VIEWER, NO_ROLE, "nobody"])
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
        assert not [word for word in ("<style", " style=", " onclick=") if word in page]
        assert page.count("<script") == page.count("<script src=")


def test_a_host_that_is_not_ours_is_refused_with_a_page() -> None:
    answer = Client(headers={"Host": "evil.example"}).get("/sign-in")
    assert answer.status_code == 400
    assert b"evil" not in answer.content
