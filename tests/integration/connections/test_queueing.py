"""Asking for runs and for their end."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from psycopg import Connection

from integration import set_up
from isthmus.connections import guards, queueing
from isthmus.connections.errors import ConnectionOff, NoSuchThing, NothingToRun, StateRefused
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Run, RunState
from isthmus.domain.goals import ImportGoal, MatchRow
from isthmus.domain.objects import LEAD


@pytest.fixture
def acme(store: Connection[Any]) -> ConnectionRow:
    row = set_up.new_connection()
    for key in ("first", "second"):
        goal = ImportGoal(
            key=key, name=key, object=LEAD, match=(MatchRow(field="Id", identifier="ids"),)
        )
        set_up.new_goal(row, goal)
    return row


def test_a_run_is_queued_with_the_next_number(acme: ConnectionRow) -> None:
    first = queueing.ask(acme, by="alice")
    Run.objects.update(state=RunState.FINISHED)
    second = queueing.ask(acme, goals=["first"], full=True)
    assert (first.number, second.number) == (1, 2)
    second.refresh_from_db()
    assert (second.state, second.goal_keys, second.full) == ("queued", ["first"], True)
    assert (first.asked_by, first.started_at) == ("alice", None)


def test_while_a_run_is_queued_it_is_widened_and_not_doubled(acme: ConnectionRow) -> None:
    queueing.ask(acme, goals=["first"])
    queueing.ask(acme, goals=["second"], full=True)
    widened = Run.objects.get()
    assert (widened.goal_keys, widened.full) == (["first", "second"], True)
    queueing.ask(acme)
    assert Run.objects.get().goal_keys == []
    queueing.ask(acme, goals=["first"])
    assert Run.objects.get().goal_keys == []


def test_one_more_is_queued_while_one_runs(acme: ConnectionRow) -> None:
    queueing.ask(acme)
    Run.objects.update(state=RunState.RUNNING)
    queueing.ask(acme)
    queueing.ask(acme)
    assert sorted(Run.objects.values_list("number", "state")) == [(1, "running"), (2, "queued")]


def test_many_who_ask_at_once_get_one_run(acme: ConnectionRow) -> None:
    def ask(_: int) -> int:
        try:
            return queueing.ask(acme).number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(24))) == {1}
    assert Run.objects.count() == 1


def test_what_can_not_run_is_refused(acme: ConnectionRow) -> None:
    with pytest.raises(NoSuchThing, match="no goal 'third'"):
        queueing.ask(acme, goals=["third"])
    ConnectionRow.objects.update(active=False)
    with pytest.raises(ConnectionOff, match="switched off"):
        queueing.ask(acme)
    ConnectionRow.objects.update(active=True)
    acme.goals.all().delete()
    with pytest.raises(NothingToRun):
        queueing.ask(acme)
    assert not Run.objects.exists()
    gone = ConnectionRow.objects.get()
    ConnectionRow.objects.all().delete()
    with pytest.raises(NoSuchThing, match="no connection 'acme'"):
        queueing.ask(gone)


@pytest.mark.parametrize(
    ("state", "then"),
    [
        ("queued", "stopped"),
        ("running", "stopping"),
        ("confirming", "stopped"),
        ("waiting", "stopped"),
        ("stopping", "stopping"),
    ],
)
def test_a_run_is_stopped_from_every_state(acme: ConnectionRow, state: str, then: str) -> None:
    run = queueing.ask(acme)
    Run.objects.update(state=state)
    assert queueing.stop(run).state == then


@pytest.mark.parametrize("state", ["finished", "problems", "failed", "stopped"])
def test_a_run_that_has_ended_can_not_be_stopped(acme: ConnectionRow, state: str) -> None:
    run = queueing.ask(acme)
    Run.objects.update(state=state)
    with pytest.raises(StateRefused, match="can't be stopped"):
        queueing.stop(run)
    assert Run.objects.get().state == state


def test_only_a_run_that_waits_for_it_is_confirmed(acme: ConnectionRow) -> None:
    run = queueing.ask(acme)
    with pytest.raises(StateRefused, match="does not wait for confirmation"):
        guards.confirm(run, by="bob")
    Run.objects.update(state=RunState.CONFIRMING)
    assert (guards.confirm(run, by="bob").state, run.confirmed_by) == ("running", "bob")
