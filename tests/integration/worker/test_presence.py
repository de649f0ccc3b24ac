"""Which runs wait for a worker, and whether there is one."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone
from psycopg import Connection

from integration import set_up
from isthmus.connections import queueing
from isthmus.connections.executing import next_due
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Run, RunState
from isthmus.connections.runs import RUN_LOCK
from isthmus.domain.goals import ImportGoal, MatchRow
from isthmus.domain.objects import LEAD
from isthmus.worker import any_works, presence, stuck

PAST, FUTURE = timedelta(hours=-1), timedelta(hours=1)


def connection(key: str = "acme") -> ConnectionRow:
    row = set_up.new_connection(key)
    match = (MatchRow(field="Id", identifier="ids"),)
    set_up.new_goal(row, ImportGoal(key="leads_in", name="Leads", object=LEAD, match=match))
    return row


def another_session(store: Connection[Any]) -> Connection[Any]:
    return psycopg.connect(store.info.dsn, password=store.info.password, autocommit=True)


@pytest.mark.parametrize(
    ("states", "due"),
    [
        ([], None),
        ([("finished", None)], None),
        ([("queued", None)], 1),
        ([("running", None)], 1),
        ([("stopping", None)], 1),
        ([("confirming", None)], None),
        ([("waiting", PAST)], 1),
        ([("waiting", FUTURE)], None),
        ([("running", None), ("queued", None)], 1),
        ([("waiting", FUTURE), ("queued", None)], None),
        ([("confirming", None), ("queued", None)], None),
        ([("stopped", None), ("queued", None)], 2),
    ],
)
def test_a_run_is_due_where_one_who_works_it_off_would_take_it(
    store: Connection[Any], states: list[tuple[str, timedelta | None]], due: int | None
) -> None:
    acme = connection()
    for number, (state, wait) in enumerate(states, start=1):
        until = timezone.now() + wait if wait else None
        Run.objects.create(connection=acme, number=number, state=state, wait_until=until)

    found = presence.due(store)

    assert [each.run for each in found] == ([due] if due else [])
    taken = next_due(acme)
    assert (taken.number if taken else None) == due


def test_a_run_that_a_process_works_on_is_nobody_elses(store: Connection[Any]) -> None:
    acme, other = connection("acme"), connection("other")
    for row in (acme, other):
        queueing.ask(row)
    with another_session(store) as working:
        working.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK, acme.id])
        assert [each.key for each in presence.due(store)] == ["other"]
        working.execute("SELECT pg_advisory_unlock(%s, %s)", [RUN_LOCK, acme.id])

    assert [each.key for each in presence.due(store)] == ["acme", "other"]


def test_a_worker_is_there_for_as_long_as_its_session(store: Connection[Any]) -> None:
    assert not any_works()
    with another_session(store) as one:
        one.execute(presence.QUERIES["announce"])
        with another_session(store) as other:
            other.execute(presence.QUERIES["announce"])
            assert any_works()
            one.execute(presence.QUERIES["depart"])
            assert any_works()

        assert not any_works()


def test_only_what_still_waits_after_a_while_is_stuck(store: Connection[Any]) -> None:
    for key in ("acme", "other"):
        queueing.ask(connection(key))
    slept: list[float] = []

    def worker_comes(seconds: float) -> None:
        slept.append(seconds)
        Run.objects.filter(connection__key="other").update(state=RunState.FINISHED)

    assert [each.key for each in stuck(7.0, worker_comes)] == ["acme"]
    assert slept == [7.0]


def test_where_nothing_waits_nobody_waits(store: Connection[Any]) -> None:
    def never(_: float) -> None:
        raise AssertionError

    assert stuck(7.0, never) == []
