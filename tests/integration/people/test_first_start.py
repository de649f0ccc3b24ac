from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from isthmus.domain.roles import Right, Role
from isthmus.people import accounts, first_start
from isthmus.people.errors import AccountRefused, CodeRefused
from isthmus.people.models import FirstCode

PASSWORD = "a quiet harbour"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("store")


def make(code: str, name: str = "alice", password: str = PASSWORD, now: datetime = NOW) -> None:
    first_start.make_first(code, f"{name}@example.com", password, name, now)


def test_the_code_makes_the_first_account_an_administrator_who_sees_personal_data() -> None:
    assert first_start.needed()
    make(first_start.new_code(NOW))
    (alice,) = accounts.everyone()
    assert alice.may(Right.ADMINISTER)
    assert alice.sees_personal_data
    assert not first_start.needed()


def test_the_code_is_taken_in_small_letters_and_without_its_dashes() -> None:
    make(first_start.new_code(NOW).lower().replace("-", " "))
    assert not first_start.needed()


def test_the_database_does_not_hold_the_code() -> None:
    code = first_start.new_code(NOW)
    assert code.replace("-", "") not in FirstCode.objects.get().hashed


def test_a_code_works_once() -> None:
    code = first_start.new_code(NOW)
    make(code)
    with pytest.raises(CodeRefused, match="no code that is valid"):
        make(code, "bob")
    assert len(accounts.everyone()) == 1


def test_a_new_code_takes_the_place_of_the_one_before() -> None:
    first, second = first_start.new_code(NOW), first_start.new_code(NOW)
    with pytest.raises(CodeRefused):
        make(first)
    make(second)


def test_a_code_ends_after_a_day() -> None:
    code = first_start.new_code(NOW)
    with pytest.raises(CodeRefused, match="Start Isthmus again"):
        make(code, now=NOW + timedelta(hours=24, seconds=1))
    make(code, now=NOW + timedelta(hours=23, minutes=59))


def test_a_code_that_was_guessed_at_ten_times_is_no_longer_taken() -> None:
    code = first_start.new_code(NOW)
    for _ in range(10):
        with pytest.raises(CodeRefused, match="not the code"):
            make("AAAA-AAAA-AAAA-AAAA")
    with pytest.raises(CodeRefused, match="no code that is valid"):
        make(code)


def test_a_password_that_does_not_do_leaves_the_code_as_it_is() -> None:
    code = first_start.new_code(NOW)
    with pytest.raises(AccountRefused):
        make(code, password="short")
    make(code)


def test_an_administrator_made_by_command_leaves_the_code_without_use() -> None:
    code = first_start.new_code(NOW)
    accounts.add("bob@example.com", PASSWORD, role=Role.ADMINISTRATOR)
    with pytest.raises(AccountRefused, match="Sign in"):
        make(code)
    assert [user.email for user in accounts.everyone()] == ["bob@example.com"]


def test_of_two_who_use_the_code_at_once_one_gets_the_account() -> None:
    code = first_start.new_code(NOW)

    def use(name: str) -> bool:
        try:
            make(code, name)
        except (AccountRefused, CodeRefused):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor() as threads:
        assert sorted(threads.map(use, ["alice", "bob", "charlie"])) == [False, False, True]
    assert len(accounts.everyone()) == 1
