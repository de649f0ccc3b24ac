from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.errors import SignInLocked, SignInRefused
from isthmus.people.models import User
from isthmus.people.signing_in import FREE_FAILURES, sign_in

EMAIL, PASSWORD = "alice@example.com", "a quiet harbour"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def alice(store: object) -> User:
    return accounts.add(EMAIL, PASSWORD, name="Alice", role=Role.ADMINISTRATOR)


def fail(times: int = 1, now: datetime = NOW) -> list[SignInRefused]:
    """What wrong passwords are answered with."""
    answers = []
    for _ in range(times):
        with pytest.raises(SignInRefused) as refused:
            sign_in(EMAIL, "wrong", now)
        answers.append(refused.value)
    return answers


def test_the_right_password_signs_in_and_the_moment_is_kept(alice: User) -> None:
    assert sign_in(" ALICE@example.com", PASSWORD, NOW) == alice
    alice.refresh_from_db()
    assert alice.last_login == NOW


def test_nobody_learns_who_has_an_account_or_that_it_is_off(alice: User) -> None:
    accounts.add("bob@example.com", PASSWORD, role=Role.ADMINISTRATOR)
    accounts.change(alice, is_active=False)
    words = {str(fail()[0])}
    for email, password in ((EMAIL, PASSWORD), ("nobody@example.com", PASSWORD)):
        with pytest.raises(SignInRefused) as refused:
            sign_in(email, password, NOW)
        words.add(str(refused.value))
    assert len(words) == 1


def test_some_wrong_passwords_are_free_and_then_even_the_right_one_has_to_wait(
    alice: User,
) -> None:
    assert not any(isinstance(each, SignInLocked) for each in fail(FREE_FAILURES))
    with pytest.raises(SignInLocked, match="1 minute"):
        sign_in(EMAIL, PASSWORD, NOW + timedelta(seconds=59))
    assert sign_in(EMAIL, PASSWORD, NOW + timedelta(seconds=61)) == alice


def test_the_lock_doubles_up_to_an_hour(alice: User) -> None:
    fail(FREE_FAILURES)
    now, waits = NOW, []
    for _ in range(8):
        alice.refresh_from_db()
        assert alice.locked_until is not None
        waits.append((alice.locked_until - now) // timedelta(minutes=1))
        now = alice.locked_until
        fail(1, now)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_the_right_password_starts_the_count_anew(alice: User) -> None:
    fail(FREE_FAILURES - 1)
    sign_in(EMAIL, PASSWORD, NOW)
    assert not any(isinstance(each, SignInLocked) for each in fail(FREE_FAILURES))


def test_a_new_password_unlocks(alice: User) -> None:
    fail(FREE_FAILURES)
    accounts.change_password(accounts.account(EMAIL), "another quiet harbour")
    assert sign_in(EMAIL, "another quiet harbour", NOW) == alice


def test_guesses_that_come_at_once_all_count(alice: User) -> None:
    def guess(_: int) -> None:
        try:
            fail()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(guess, range(FREE_FAILURES)))
    alice.refresh_from_db()
    assert (alice.failures, alice.locked_until is not None) == (FREE_FAILURES, True)
