"""Accounts: Alice administers, Bob helps."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from isthmus import settings
from isthmus.domain.roles import Right, Role
from isthmus.people import accounts
from isthmus.people.errors import AccountRefused, NoSuchAccount
from isthmus.people.models import User

PASSWORD = "a quiet harbour"

pytestmark = pytest.mark.usefixtures("store")


def add(who: str, role: Role = Role.VIEWER, **given: Any) -> User:
    return accounts.add(f"{who}@example.com", PASSWORD, role=role, **given)


def test_an_account_has_its_email_in_lower_case_and_is_found_in_any() -> None:
    made = accounts.add(" Alice@Example.COM ", PASSWORD, name=" Alice \n Adams", role=Role.EDITOR)
    assert (made.email, made.name) == ("alice@example.com", "Alice Adams")
    assert accounts.account("ALICE@example.com") == made
    assert made.check_password(PASSWORD)
    assert PASSWORD not in made.password


def test_passwords_are_kept_as_scrypt_makes_them() -> None:
    with override_settings(PASSWORD_HASHERS=settings.PASSWORD_HASHERS):
        assert add("alice").password.startswith("scrypt$")


def test_a_name_that_is_not_given_is_the_email_without_its_host() -> None:
    assert add("bob").name == "bob"


def test_an_email_has_one_account() -> None:
    add("alice")
    for again in (
        accounts.check_new,
        lambda email: accounts.add(email, PASSWORD, role=Role.EDITOR),
    ):
        with pytest.raises(AccountRefused, match="already") as refused:
            again("Alice@example.com")
        assert refused.value.field == "email"
    assert [user.role for user in accounts.everyone()] == ["viewer"]


@pytest.mark.parametrize(
    "email", ["", "alice", "alice@", "a b@example.com", "x@" + "a" * 300 + ".co"]
)
def test_what_is_no_email_is_refused(email: str) -> None:
    with pytest.raises(AccountRefused) as refused:
        accounts.add(email, PASSWORD, name="Alice", role=Role.VIEWER)
    assert refused.value.field == "email"


@pytest.mark.parametrize("name", [" ", "x" * 201, "a\x00b", "\u202eevil"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(AccountRefused) as refused:
        add("alice", name=name)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "at least 10"),
        ("alice@example", "similar"),
        ("passwordpassword1"[:8] + "12", "common"),
        ("81726354901", "numeric"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused_with_the_reason(
    password: str, reason: str
) -> None:
    with pytest.raises(AccountRefused, match=reason) as refused:
        accounts.add("alice@example.com", password, name="Alice", role=Role.VIEWER)
    assert refused.value.field == "password"


def test_nobody_is_found_by_an_email_that_no_account_has() -> None:
    with pytest.raises(NoSuchAccount, match=r"nobody@example\.com"):
        accounts.account("nobody@example.com")


def test_only_what_is_given_changes() -> None:
    bob = add("bob", Role.EDITOR, name="Bob", sees_personal_data=True)
    add("alice", Role.ADMINISTRATOR)
    accounts.change(bob, name="Robert")
    bob.refresh_from_db()
    assert (bob.name, bob.role, bob.sees_personal_data) == ("Robert", "editor", True)
    accounts.change(bob, role=Role.VIEWER, sees_personal_data=False)
    bob.refresh_from_db()
    assert (bob.name, bob.role, bob.sees_personal_data) == ("Robert", "viewer", False)


@pytest.mark.parametrize("change", [{"role": Role.EDITOR}, {"is_active": False}])
def test_the_last_administrator_stays_one(change: dict[str, Any]) -> None:
    alice = add("alice", Role.ADMINISTRATOR)
    add("off", Role.ADMINISTRATOR)
    accounts.change(accounts.account("off@example.com"), is_active=False)
    with pytest.raises(AccountRefused, match="last administrator"):
        accounts.change(alice, **change)
    alice.refresh_from_db()
    assert (alice.role, alice.is_active) == ("administrator", True)


def test_two_administrators_who_step_down_at_once_leave_one() -> None:
    both = [add(name, Role.ADMINISTRATOR) for name in ("alice", "bob")]

    def step_down(user: User) -> bool:
        try:
            accounts.change(user, role=Role.VIEWER)
        except AccountRefused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor() as threads:
        assert sorted(threads.map(step_down, both)) == [False, True]
    assert accounts.administrators() == 1


def test_whoever_is_switched_off_may_nothing() -> None:
    add("alice", Role.ADMINISTRATOR)
    bob = add("bob", Role.EDITOR)
    assert bob.may(Right.EDIT)
    accounts.change(bob, is_active=False)
    assert not any(bob.may(right) for right in Right)


def test_an_account_without_a_role_may_nothing() -> None:
    bob = add("bob")
    bob.role = ""
    assert not any(bob.may(right) for right in Right)


def test_another_password_ends_other_sessions_by_their_hash() -> None:
    alice = add("alice")
    before = alice.password
    accounts.change_password(alice, "another quiet harbour")
    alice.refresh_from_db()
    assert alice.password != before
    assert alice.check_password("another quiet harbour")


def test_a_time_zone_is_one_that_there_is() -> None:
    alice = add("alice")
    accounts.change_own(alice, name="Alice", timezone="Europe/Amsterdam")
    with pytest.raises(AccountRefused, match="Mars/Phobos"):
        accounts.change_own(alice, name="Alice", timezone="Mars/Phobos")
    alice.refresh_from_db()
    assert alice.timezone == "Europe/Amsterdam"
