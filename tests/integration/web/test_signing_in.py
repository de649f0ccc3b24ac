from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from integration.web.conftest import PASSWORD, post
from isthmus.people import accounts, first_start
from isthmus.people.models import User
from isthmus.web import sessions


def is_in(browser: Client) -> bool:
    return bool(browser.get("/account").status_code == 200)


def test_the_first_start_makes_an_administrator_who_is_signed_in() -> None:
    code, browser = first_start.new_code(timezone.now()), Client()
    assert browser.get("/").headers["Location"] == "/sign-in"
    assert browser.get("/sign-in").headers["Location"] == "/start"
    given = {"name": "Alice", "email": "alice@example.com", "password": PASSWORD}
    wrong = post(browser, "/start", code="AAAA-AAAA-AAAA-AAAA", **given)
    assert wrong.status_code == 422
    assert b"not the code" in wrong.content
    assert b'value="alice@example.com"' in wrong.content
    assert PASSWORD.encode() not in wrong.content
    assert post(browser, "/start", code=code, **given).status_code == 302
    assert is_in(browser)
    assert browser.get("/start").headers["Location"] == "/sign-in"


def test_a_wrong_password_is_told_and_what_was_typed_stays(alice: User) -> None:
    answer = post(Client(), "/sign-in", email="alice@example.com", password="wrong")
    assert answer.status_code == 422
    assert b"E-mail or password is wrong" in answer.content
    assert b'value="alice@example.com"' in answer.content


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/account", "/account"),
        ("/people?page=2", "/people?page=2"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("people", "/"),
        ("a\0b", "/"),
        ("\N{GRINNING FACE}", "/"),
    ],
)
def test_whoever_signs_in_goes_on_to_a_page_of_ours(alice: User, asked: str, led_to: str) -> None:
    given = {"email": alice.email, "password": PASSWORD, "next": asked}
    browser = Client()
    assert post(browser, "/sign-in", **given).headers["Location"] == led_to
    assert browser.get("/sign-in", {"next": asked}).headers["Location"] == led_to
    assert post(browser, "/theme", theme="dark", next=asked).headers["Location"] == led_to


def test_whoever_is_not_signed_in_comes_back_to_the_page_afterwards(alice: User) -> None:
    assert (
        Client().get("/people?page=2").headers["Location"] == "/sign-in?next=%2Fpeople%3Fpage%3D2"
    )


def test_signing_out_ends_the_session(alice: User, signed_in: Callable[[User], Client]) -> None:
    browser = signed_in(alice)
    key = browser.session.session_key
    assert is_in(browser)
    post(browser, "/sign-out")
    assert not is_in(browser)
    assert browser.session.session_key != key


def test_signing_in_gives_the_session_another_key(alice: User) -> None:
    browser = Client()
    browser.get("/sign-in")
    session = browser.session
    session["planted"] = True
    session.save()
    before = session.session_key
    post(browser, "/sign-in", email=alice.email, password=PASSWORD)
    assert browser.session.session_key != before


def age(browser: Client, **lives: timedelta) -> None:
    """Let the session be as old as that."""
    session = browser.session
    for name, life in lives.items():
        session[name] = (timezone.now() - life).timestamp()
    session.save()


@pytest.mark.parametrize(
    ("lives", "status"),
    [
        ({"seen": sessions.IDLE - timedelta(minutes=1)}, 200),
        ({"seen": sessions.IDLE + timedelta(minutes=1)}, 302),
        ({"began": sessions.LONGEST - timedelta(minutes=1)}, 200),
        ({"began": sessions.LONGEST + timedelta(minutes=1)}, 302),
    ],
)
def test_a_session_ends_when_it_is_idle_or_old(
    alice: User,
    signed_in: Callable[[User], Client],
    lives: dict[str, timedelta],
    status: int,
) -> None:
    browser = signed_in(alice)
    age(browser, **lives)
    assert browser.get("/account").status_code == status


def test_using_the_pages_keeps_the_session_alive(
    alice: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(alice)
    age(browser, seen=timedelta(hours=11))
    assert is_in(browser)
    assert timezone.now().timestamp() - browser.session["seen"] < 60


def test_whoever_is_switched_off_is_signed_out_at_once(
    bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(bob)
    accounts.change(bob, is_active=False)
    assert not is_in(browser)


def test_a_password_that_is_changed_elsewhere_ends_the_session(
    bob: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(bob)
    accounts.change_password(bob, "another quiet harbour")
    assert not is_in(browser)
