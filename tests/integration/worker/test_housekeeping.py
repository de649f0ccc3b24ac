"""What a worker does once a day, however long it stands and whether there are runs or not."""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from integration.profiles.test_keeping import days, span
from isthmus.profiles import schema
from isthmus.profiles.database import DatabaseGone, StoreRefused
from isthmus.profiles.keeping import Keeping
from isthmus.worker import Errands, WorkerProcess, WorkerSettings, process
from isthmus.worker.housekeeping import Housekeeping

TODAY = datetime.now(UTC).date()


class Calendar:
    """A clock that goes on by a day, or as told."""

    def __init__(self) -> None:
        self.day = TODAY

    def __call__(self) -> date:
        return self.day


def sessions(store: Connection[Any]) -> list[Any]:
    """All sessions of the store. One that is closing is still seen for a moment."""
    statement = """SELECT pid, application_name FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' ORDER BY pid"""
    found: list[Any] = []
    for _ in range(20):
        seen = store.execute(statement).fetchall()
        if seen == found:
            break
        found = seen
        time.sleep(0.1)
    return found


def test_it_is_done_once_a_day(store: Connection[Any]) -> None:
    calendar = Calendar()
    house = Housekeeping(keeping=Keeping(outcomes_days=3, log_days=6), today=calendar)
    for _ in range(12):
        assert house.is_due()
        house.keep()
        assert not house.is_due()
        calendar.day += timedelta(days=1)
    last = calendar.day - timedelta(days=1)
    assert days(store, "run_record") == span(last, 3)
    assert days(store, "run_problem") == span(last, 6)


def test_a_worker_that_stands_for_days_does_it_each_day(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar, kept = Calendar(), []
    settings = WorkerSettings(look_seconds=0.01, keeping=Keeping(outcomes_days=12, log_days=20))

    def house(keeping: Keeping) -> Housekeeping:
        return Housekeeping(keeping=keeping, today=calendar)

    monkeypatch.setattr(process, "Housekeeping", house)
    worker = WorkerProcess(Errands(), settings, lambda: None)

    async def work() -> None:
        loop = asyncio.get_running_loop()

        def keep(_: Any, today: date, keeping: Keeping) -> None:
            kept.append((today, keeping.outcomes_days))
            calendar.day += timedelta(days=1)
            if len(kept) == 4:
                loop.call_soon_threadsafe(worker.ask_to_leave)

        monkeypatch.setattr(schema, "keep_partitions", keep)
        await worker._work()  # noqa: SLF001 - without its signals

    before = sessions(store)
    asyncio.run(work())
    assert sessions(store) == before
    assert kept[:4] == [(TODAY + timedelta(days=each), 12) for each in range(4)]


def test_a_refusal_ends_no_worker_and_a_lost_database_is_its_concern(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = Housekeeping()
    errors: list[Exception] = [DatabaseGone(), StoreRefused("ada@example.com")]

    def fail(*_: Any) -> None:
        raise errors.pop(0)

    monkeypatch.setattr(schema, "keep_partitions", fail)
    with pytest.raises(DatabaseGone):
        house.keep()
    assert house.is_due()
    house.keep()
    assert not house.is_due()
    assert [record.message for record in caplog.records] == ["housekeeping failed"]
