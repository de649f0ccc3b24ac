from datetime import UTC, datetime, timedelta

import pytest

from localorg.transactions import OpenTransaction, OpenTransactions

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def minutes(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def transaction(began: int, commits: int, written: list[datetime]) -> OpenTransaction:
    return OpenTransaction(began=minutes(began), commits=minutes(commits), write=written.append)


def test_the_oldest_open_one_holds_the_time_back_until_it_is_written() -> None:
    transactions, written = OpenTransactions(), list[datetime]()
    assert transactions.earliest() is None
    transactions.begin(transaction(5, 10, written))
    transactions.begin(transaction(2, 30, written))
    assert transactions.earliest() == minutes(2)
    transactions.commit_due(minutes(30))
    assert transactions.earliest() is None


def test_what_is_due_is_written_in_the_order_of_the_commits_with_the_stamp_it_began() -> None:
    transactions, written = OpenTransactions(), list[datetime]()
    for began, commits in ((1, 20), (2, 10), (3, 40)):
        transactions.begin(transaction(began, commits, written))
    assert not transactions.has_due(minutes(9))
    transactions.commit_due(minutes(20))
    assert written == [minutes(2), minutes(1)]
    assert [entry.began for entry in transactions.listed().values()] == [minutes(3)]


def test_one_can_be_committed_before_its_time_or_rolled_back() -> None:
    transactions, written = OpenTransactions(), list[datetime]()
    first = transactions.begin(transaction(1, 20, written))
    second = transactions.begin(transaction(2, 20, written))
    assert transactions.commit(first)
    assert transactions.roll_back(second)
    assert not transactions.commit(first)
    assert not transactions.roll_back(second)
    assert written == [minutes(1)]


def test_it_is_open_while_it_is_written() -> None:
    transactions, seen = OpenTransactions(), list[datetime | None]()
    transactions.begin(
        OpenTransaction(
            began=NOON, commits=NOON, write=lambda _: seen.append(transactions.earliest())
        )
    )
    transactions.commit_due(NOON)
    assert seen == [NOON]


def test_one_that_fails_does_not_hold_the_time_back_for_ever() -> None:
    def fail(_stamp: datetime) -> None:
        raise LookupError

    transactions = OpenTransactions()
    number = transactions.begin(OpenTransaction(began=NOON, commits=NOON, write=fail))
    with pytest.raises(LookupError):
        transactions.commit(number)
    assert transactions.earliest() is None


def test_one_that_fails_when_it_is_due_leaves_the_others_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_stamp: datetime) -> None:
        raise LookupError

    transactions, written = OpenTransactions(), list[datetime]()
    transactions.begin(OpenTransaction(began=NOON, commits=NOON, write=fail))
    transactions.begin(transaction(1, 2, written))
    transactions.commit_due(minutes(2))
    assert written == [minutes(1)]
    assert "was rolled back" in caplog.text
