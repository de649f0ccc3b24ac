"""Sessions that a process of pages keeps between its requests."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from isthmus.profiles import database


@pytest.fixture(autouse=True)
def _keeping(store: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(database.KEEP, "1")
    yield
    database.let_go()


def backend(settings: str = "") -> int:
    with database.connected(application="isthmus test", settings=settings) as session:
        row = session.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def test_a_session_is_used_again_for_the_same_settings_only() -> None:
    first = backend()
    assert backend() == first
    assert backend("-c statement_timeout=1000") != first
    assert backend() == first


def test_within_another_a_session_is_one_of_its_own() -> None:
    with database.connected(application="isthmus test") as session:
        outer = session.info.backend_pid
        assert backend() != outer
    # The one inside was given back first, so the outer one is closed.
    assert backend() != outer


def test_threads_do_not_share_sessions() -> None:
    first, others = backend(), set[int]()

    def ask() -> None:
        others.add(backend())
        database.let_go()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert others.isdisjoint({first})


def test_a_session_that_the_database_ended_is_opened_anew(store: Connection[Any]) -> None:
    first = backend()
    store.execute("SELECT pg_terminate_backend(%s)", [first])
    assert backend() != first


def test_what_was_set_in_a_session_is_not_found_by_the_next() -> None:
    settings = "-c statement_timeout=1234"
    with database.connected(application="isthmus test", settings=settings) as session:
        first = session.info.backend_pid
        session.execute("SELECT set_config('statement_timeout', '9s', false)")
    with database.connected(application="isthmus test", settings=settings) as session:
        assert session.info.backend_pid == first
        assert session.execute("SHOW statement_timeout").fetchone() == ("1234ms",)
        assert session.execute("SHOW timezone").fetchone() == ("UTC",)


def break_off() -> None:
    with database.connected(application="isthmus test") as session:
        session.execute("BEGIN")
        raise LookupError


def take_too_long(settings: str) -> None:
    with database.connected(application="isthmus test", settings=settings) as session:
        session.execute("SELECT pg_sleep(5)")


def test_a_session_within_a_transaction_or_a_copy_is_not_kept() -> None:
    first = backend()
    with pytest.raises(LookupError):
        break_off()
    second = backend()
    assert second != first
    with database.connected(application="isthmus test") as session:
        copy = session.cursor().copy("COPY (SELECT generate_series(1, 100000)) TO STDOUT")
        next(iter(copy.__enter__()))
    assert backend() != second


def test_a_statement_that_took_too_long_leaves_a_session_that_can_be_used() -> None:
    settings = "-c statement_timeout=20"
    first = backend(settings)
    with pytest.raises(database.DatabaseGone):
        take_too_long(settings)
    assert backend(settings) == first
