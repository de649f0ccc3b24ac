"""One errand: what it works off, and what it makes of errors. It never raises."""

import logging
import threading
from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.worker.test_presence import connection
from isthmus.connections import queueing
from isthmus.connections.errors import RunAlreadyGoing, RunTakenOver
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Run, RunState
from isthmus.profiles.database import DatabaseGone
from isthmus.worker import Errands, WorkerSettings, errands, work_once
from isthmus.worker.errands import ENGINES


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the connections that were worked off, by a stand-in that ends their runs well."""
    keys: list[str] = []

    def work_off(row: ConnectionRow, worker: Any) -> list[Run]:
        assert worker.engines is ENGINES
        keys.append(row.key)
        open_runs = list(row.runs.filter(state=RunState.QUEUED))
        row.runs.filter(state=RunState.QUEUED).update(state=RunState.FINISHED)
        return open_runs

    monkeypatch.setattr(errands, "work_off", work_off)
    return keys


def raising(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def work_off(*_: Any) -> list[Run]:
        raise error

    monkeypatch.setattr(errands, "work_off", work_off)


@pytest.mark.parametrize("error", [RunAlreadyGoing(), RunTakenOver(), DatabaseGone()])
def test_what_others_do_is_no_setback(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    raising(monkeypatch, error)
    errand = Errands()

    assert errand.run(connection().id) == []
    assert errand.setbacks.refused() == set()


def test_an_error_that_nobody_foresaw_leaves_the_connection_alone_for_a_while(
    store: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    worked: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    acme, other = connection("acme"), connection("other")
    stand_in = vars(errands)["work_off"]
    raising(monkeypatch, ZeroDivisionError("ada@example.com"))
    errand = Errands()
    with caplog.at_level(logging.INFO, logger="isthmus.worker"):
        assert errand.run(acme.id) == []

    monkeypatch.setattr(errands, "work_off", stand_in)
    errand.run(acme.id)
    errand.run(other.id)

    assert worked == ["other"]
    assert errand.setbacks.refused() == {acme.id}
    assert [record.message for record in caplog.records] == ["connection set back"]


def test_a_worker_that_leaves_begins_nothing(store: Connection[Any], worked: list[str]) -> None:
    assert Errands(leaving=lambda: True).run(connection().id) == []
    assert worked == []


def test_a_connection_that_was_deleted_is_nothing_to_do(
    store: Connection[Any], worked: list[str]
) -> None:
    assert Errands().run(4711) == []
    assert worked == []


def test_once_means_every_run_that_is_due_and_none_twice(
    store: Connection[Any], worked: list[str]
) -> None:
    for key in ("acme", "other"):
        queueing.ask(connection(key))
    set_up.new_connection("idle")

    runs = work_once(Errands(), WorkerSettings(concurrency=1))

    assert worked == ["acme", "other"]
    assert [run.connection.key for run in runs] == ["acme", "other"]


def test_once_ends_where_a_run_stays_open(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = connection()
    queueing.ask(acme)
    raising(monkeypatch, RunAlreadyGoing())

    assert work_once(Errands(), WorkerSettings()) == []
    assert Run.objects.get().state == RunState.QUEUED


def test_connections_are_worked_off_at_the_same_time(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(2, timeout=60)

    def work_off(row: ConnectionRow, _: Any) -> list[Run]:
        meeting.wait()
        row.runs.update(state=RunState.FINISHED)
        return list(row.runs.all())

    monkeypatch.setattr(errands, "work_off", work_off)
    for key in ("acme", "other"):
        queueing.ask(connection(key))

    assert len(work_once(Errands(), WorkerSettings(concurrency=2))) == 2
