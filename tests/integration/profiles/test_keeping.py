"""The journal's partitions: made ahead, kept as long as is set, and dropped."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from isthmus.profiles import schema
from isthmus.profiles.keeping import LOG_SETTING, OUTCOMES_SETTING, Keeping
from isthmus.profiles.schema import DAYS_AHEAD, keep_partitions
from isthmus.worker.housekeeping import Housekeeping

KEEPING = Keeping(outcomes_days=30, log_days=90)


def days(store: Connection[Any], table: str) -> set[date]:
    """The days that the table has partitions of."""
    rows = store.execute(schema.QUERIES["partitions"])
    names = [name.rpartition("_") for (name,) in rows]
    return {
        datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date()
        for of, _, digits in names
        if of == table
    }


def span(today: date, kept: int) -> set[date]:
    """All days from the oldest kept to the last one ahead."""
    return {today + timedelta(days=each) for each in range(-kept, DAYS_AHEAD + 1)}


def pass_days(store: Connection[Any], number: int, keeping: Keeping = KEEPING) -> date:
    """Let so many days pass, each with its housekeeping; the last of them."""
    today = datetime.now(UTC).date()
    for each in range(number):
        keep_partitions(store, today + timedelta(days=each), keeping)
    return today + timedelta(days=number - 1)


def test_after_many_days_there_are_partitions_of_the_kept_and_the_coming_days_and_no_others(
    store: Connection[Any],
) -> None:
    today = pass_days(store, 100)
    assert days(store, "change") == days(store, "run_record") == span(today, 30)
    assert days(store, "run_problem") == span(today, 90)
    left = store.execute(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'store'::regnamespace "
        "AND relname ~ '_[0-9]{8}$' AND NOT relispartition"
    ).fetchone()
    assert left == (0,)


def test_a_row_is_there_on_its_last_day_and_gone_on_the_next(store: Connection[Any]) -> None:
    today = datetime.now(UTC).date()
    store.execute("INSERT INTO store.run_record (run_goal, outcome) VALUES (1, 'created')")
    keep_partitions(store, today + timedelta(days=30), KEEPING)
    assert store.execute("SELECT count(*) FROM store.run_record").fetchone() == (1,)
    keep_partitions(store, today + timedelta(days=31), KEEPING)
    assert store.execute("SELECT count(*) FROM store.run_record").fetchone() == (0,)


def test_how_long_is_read_from_the_environment(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OUTCOMES_SETTING, "2")
    monkeypatch.setenv(LOG_SETTING, "5")
    today = datetime.now(UTC).date()
    for each in range(10):
        keep_partitions(store, today + timedelta(days=each))
    last = today + timedelta(days=9)
    assert days(store, "run_record") == span(last, 2)
    assert days(store, "run_problem") == span(last, 5)


def test_a_partition_that_somebody_reads_is_left_to_the_next_time(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each of the days is waited for.
    monkeypatch.setattr(schema, "LONGEST_WAIT", "100ms")
    today = datetime.now(UTC).date()
    later = today + timedelta(days=40)
    with psycopg.connect(store.info.dsn, password=store.info.password) as reader:
        reader.execute("SELECT count(*) FROM store.run_record")
        keep_partitions(store, later, KEEPING)
        assert today in days(store, "run_record")
        assert today not in days(store, "change")
    keep_partitions(store, later, KEEPING)
    assert today not in days(store, "run_record")


def test_a_store_of_an_older_version_gets_what_is_new(store: Connection[Any]) -> None:
    store.execute("DROP TABLE store.export_skip")
    store.execute("ALTER TABLE store.record_link DROP COLUMN told")
    schema.install(store)
    store.execute("SELECT goal, profile_id, reason, told, run_goal FROM store.export_skip")
    store.execute("SELECT told FROM store.record_link")


def test_a_command_without_the_setting_drops_nothing_that_a_worker_keeps(
    store: Connection[Any],
) -> None:
    today = datetime.now(UTC).date()
    old = today - timedelta(days=60)
    keep_partitions(store, old, Keeping(outcomes_days=365, log_days=365))
    Housekeeping(keeping=Keeping(outcomes_days=365, log_days=365)).keep()
    keep_partitions(store, today)
    assert old in days(store, "run_record")
    keep_partitions(store, today, Keeping())
    assert old not in days(store, "run_record")
