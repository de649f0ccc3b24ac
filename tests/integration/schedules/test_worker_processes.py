"""Real worker processes fire each time once, also where they are killed in the middle of it."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone
from psycopg import Connection

from integration import set_up
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Goal, Run, RunState
from isthmus.domain.goals import ImportGoal, MatchRow
from isthmus.domain.objects import LEAD

PATIENCE_SECONDS = 60
RARE = {"cron": "0 0 29 2 *"}
"""It does not come again while a test runs."""

LOCK = 77
HELD_UP = "SELECT count(*) FROM pg_locks WHERE NOT granted AND objid = %s"
HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END $$;
CREATE TRIGGER hold AFTER {event} FOR EACH ROW EXECUTE FUNCTION hold()
"""
SLOW = """
CREATE TABLE fired (connection integer, backend integer);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(77);
    INSERT INTO fired VALUES (NEW.connection_id, pg_backend_pid());
    RETURN NULL;
END $$;
CREATE TRIGGER slow AFTER INSERT ON connections_run FOR EACH ROW EXECUTE FUNCTION slow()
"""


def due_connections(number: int) -> dict[int, Any]:
    """So many connections that came due, by row id with the time; their runs stay queued.

    Each has a run that waits for somebody's yes, behind which a queued one waits.
    """
    made = set_up.new_connection("c0", schedule=RARE)
    goal = ImportGoal(
        key="leads", name="Leads", object=LEAD, match=(MatchRow(field="Id", identifier="ids"),)
    )
    set_up.new_goal(made, goal)
    others = ConnectionRow.objects.bulk_create(
        ConnectionRow(key=f"c{place}", name="x", authorization=made.authorization, schedule=RARE)
        for place in range(1, number)
    )
    Goal.objects.bulk_create(
        Goal(connection=each, key="leads", direction="import", position=1, document=goal.plain())
        for each in others
    )
    rows = [made, *others]
    now = timezone.now()
    Run.objects.bulk_create(
        Run(
            connection=each,
            number=1,
            state=RunState.CONFIRMING,
            queued_at=now - timedelta(days=1),
        )
        for each in rows
    )
    for place, each in enumerate(rows):
        each.due_at = now - timedelta(hours=1, seconds=place)
    ConnectionRow.objects.bulk_update(rows, ["due_at"])
    return {each.id: each.due_at for each in rows}


@contextmanager
def worker(store: Connection[Any], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`isthmus worker`; it is killed in the end."""
    info = store.info
    address = f"postgresql://{info.user}:{quote(info.password, safe='')}@/{info.dbname}"
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "isthmus", "worker"],
            env={
                **os.environ,
                "DATABASE_URL": f"{address}?host={quote(info.host, safe='')}&port={info.port}",
                "ISTHMUS_WORKER_LOOK_SECONDS": "0.1",
            },
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(holds: Callable[[], Any], log: Path) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < limit, log.read_text()
        time.sleep(0.05)


def queued() -> dict[int, Any]:
    """The time that each queued run is for, by connection."""
    runs = Run.objects.filter(state=RunState.QUEUED)
    return dict(runs.values_list("connection_id", "due_at"))


def number_fired() -> int:
    return Run.objects.filter(number__gt=1).count()


def test_two_workers_and_a_thousand_due_times_fire_each_once(
    store: Connection[Any], tmp_path: Path
) -> None:
    """Each has begun to fire before the first of them may go on."""
    wanted = due_connections(1000)
    store.execute(SLOW)
    log = tmp_path / "worker.log"
    store.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    with worker(store, log), worker(store, log):
        wait_until(lambda: store.execute(HELD_UP, [LOCK]).fetchone() == (2,), log)
        store.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        wait_until(lambda: number_fired() >= len(wanted), log)
        time.sleep(1)  # a few looks more
        assert number_fired() == len(wanted)
        assert queued() == wanted
    row = store.execute(
        "SELECT count(*), count(DISTINCT connection), count(DISTINCT backend) FROM fired"
    ).fetchone()
    assert row is not None
    assert row[:2] == (1000, 1000)
    assert row[2] > 1, "one worker did all: the other had nothing to disagree about"
    assert not ConnectionRow.objects.filter(due_at__lte=timezone.now()).exists()


@pytest.mark.parametrize(
    "event",
    ["INSERT ON connections_run", "UPDATE OF due_at ON connections_connection"],
    ids=["before the run is queued", "before its time is moved on"],
)
def test_a_worker_that_is_killed_while_it_fires_loses_none(
    store: Connection[Any], tmp_path: Path, event: str
) -> None:
    wanted = due_connections(30)
    log = tmp_path / "worker.log"
    store.execute(HOLD.format(event=event))
    store.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    with worker(store, log) as killed:
        wait_until(lambda: store.execute(HELD_UP, [LOCK]).fetchone() != (0,), log)
        killed.kill()
    assert (number_fired(), queued()) == (0, {})
    with worker(store, log):
        store.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        wait_until(lambda: number_fired() >= len(wanted), log)
    assert number_fired() == len(wanted)
    assert queued() == wanted


def test_workers_that_are_killed_at_any_moment_lose_none_and_double_none(
    store: Connection[Any], tmp_path: Path
) -> None:
    wanted = due_connections(400)
    store.execute(SLOW.replace("pg_advisory_xact_lock_shared(77)", "pg_sleep(0.005)"))
    log = tmp_path / "worker.log"
    chance = random.Random(8)
    for _ in range(3):
        with worker(store, log):
            before = number_fired()
            wait_until(lambda: store.execute(WRITING).fetchone() != (0,), log)
            time.sleep(chance.uniform(0, 0.8))
        assert number_fired() < len(wanted), "it was killed too late"
        assert number_fired() >= before
    with worker(store, log):
        wait_until(lambda: number_fired() >= len(wanted), log)
    assert number_fired() == len(wanted)
    assert queued() == wanted


WRITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE '%connections_run%' AND pid <> pg_backend_pid()
    AND state <> 'idle' AND backend_type = 'client backend'
"""
