"""Two workers on one run: one of them works, the other never writes anything."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.db import connections

from integration import set_up
from isthmus.connections import executing, queueing
from isthmus.connections.errors import RunAlreadyGoing, RunTakenOver
from isthmus.connections.executing import Worker
from isthmus.connections.models import EXPORT, IMPORT, Run, RunState
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
from isthmus.profiles.database import DatabaseGone
from named.blocked import wait_for_lock
from named.world import READ, WRITE, World, outcome

ENGINES = {IMPORT: run_import, EXPORT: run_export}
WRITER_LOCK = "SELECT pg_advisory_lock(7301881, 2)"


def work_off(world: World) -> list[Run]:
    """Work the connection's runs off as a worker does, in any thread."""
    try:
        return executing.work_off(world.connection, Worker(engines=ENGINES))
    finally:
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()


def test_a_second_worker_finds_the_run_taken_and_the_run_is_done_once(world: World) -> None:
    world.add_leads(20)
    world.goal(READ)
    run = queueing.ask(world.connection)
    with (
        psycopg.connect(
            world.store.info.dsn, password=world.store.info.password, autocommit=True
        ) as other,
        ThreadPoolExecutor(1) as threads,
    ):
        other.execute(WRITER_LOCK)
        first = threads.submit(work_off, world)
        try:
            wait_for_lock(world.store)
            with pytest.raises(RunAlreadyGoing):
                work_off(world)
        finally:
            other.execute("SELECT pg_advisory_unlock_all()")
        first.result()
    run.refresh_from_db()
    assert (run.state, run.fence) == (RunState.FINISHED, 1)
    assert world.profiles("total") == [(1,)] * 20
    assert run.goals.get().counts["created"] == 20


def test_many_workers_at_once_do_each_run_once(world: World) -> None:
    world.add_leads(20)
    world.goal(READ)
    queueing.ask(world.connection)

    def work() -> int:
        try:
            return len(work_off(world))
        except RunAlreadyGoing:
            return 0

    with ThreadPoolExecutor(5) as threads:
        done = [each.result() for each in [threads.submit(work) for _ in range(5)]]
    assert sum(done) == 1
    assert world.profiles("total") == [(1,)] * 20


def test_an_import_that_lost_its_run_to_another_process_writes_no_further_chunk(
    world: World,
) -> None:
    world.add_leads(20)
    goal_run = set_up.start(world.goal(READ), world.salesforce)
    taken: list[Any] = []
    world.wire.before("GET", r"/results|/query", lambda: taken.append(set_up.again(goal_run)))
    with pytest.raises(RunTakenOver):
        run_import(goal_run)
    assert world.number("profile") == 0
    run_import(taken[0])
    assert outcome(taken[0]) == {"created": 20}
    assert world.profiles("total") == [(1,)] * 20


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs/query"),
        ("GET", "/jobs/query/"),
        ("POST", r"/jobs/ingest$"),
        ("PUT", "/batches"),
        ("PATCH", "/jobs/ingest/"),
        ("GET", "/jobs/ingest/"),
        ("GET", "/successfulResults"),
    ],
)
def test_an_export_that_lost_its_run_sends_nothing_more_and_no_record_is_created_twice(
    world: World, method: str, path: str
) -> None:
    world.add_people(10)
    goal_run = set_up.start(world.goal(WRITE), world.salesforce)
    taken: list[Any] = []
    world.wire.before(method, path, lambda: taken.append(set_up.again(goal_run)))
    with pytest.raises(RunTakenOver):
        run_export(goal_run)
    sent = world.asked("PATCH", "/jobs/ingest")
    assert sent <= (1 if (method, path) in _AFTER_THE_CLOSE else 0)
    run_export(taken[0])
    assert world.count("Lead") == 10
    assert outcome(taken[0]) == {"created": 10}
    assert outcome(world.write(goal_run.goal)) == {"unchanged": 10}


_AFTER_THE_CLOSE = {
    ("PATCH", "/jobs/ingest/"),
    ("GET", "/jobs/ingest/"),
    ("GET", "/successfulResults"),
}


def test_a_worker_whose_database_session_ends_leaves_the_run_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_leads(20)
    world.goal(READ)
    queueing.ask(world.connection)

    def kill(body: bytes, _headers: dict[str, str]) -> bytes:
        world.store.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'isthmus import' AND datname = current_database()"
        )
        return body

    monkeypatch.setattr("isthmus.salesforce.client.PoolTransport", lambda *_: world.wire)
    world.wire.tamper("GET", r"/results\b|/query\b.*FROM(%20|\+)Lead", kill)
    with pytest.raises(DatabaseGone):
        work_off(world)
    assert world.connection.runs.get().state == RunState.RUNNING
    (run,) = work_off(world)
    assert (run.state, run.fence) == (RunState.FINISHED, 2)
    assert world.profiles("total") == [(1,)] * 20
    assert run.goals.get().counts["created"] == 20


def _start_worker(world: World) -> "subprocess.Popen[bytes]":
    info = world.store.info
    password = quote(info.password, safe="")
    address = f"postgresql://{info.user}:{password}@/{info.dbname}?host={quote(info.host, safe='')}"
    return subprocess.Popen(
        [sys.executable, "-m", "isthmus", "worker", "--once"],
        env={**os.environ, "DATABASE_URL": f"{address}&port={info.port}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_two_worker_processes_do_one_run_once_in_both_directions(world: World) -> None:
    world.add_leads(20)
    world.add_people(25)
    world.goal(READ)
    world.goal(WRITE)
    run = queueing.ask(world.connection)
    workers = [_start_worker(world) for _ in range(2)]
    said = [each.communicate(timeout=120)[1].decode() for each in workers]
    run.refresh_from_db()
    assert run.state == RunState.FINISHED, said
    assert run.fence == 1
    assert world.count("Lead") == 25
    assert sorted(map(str, world.profiles("total"))) == ["(1,)"] * 20 + ["(None,)"] * 5
