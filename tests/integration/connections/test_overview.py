"""How connections stand, found by a fixed number of statements."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import EXPORT, IMPORT, SIGNED_OUT, ended, new_run
from integration.set_up import new_connection, new_goal
from isthmus.connections import overview
from isthmus.connections.models import Connection, RunState
from isthmus.connections.overview import Health, Wanted
from isthmus.domain.roles import Role
from isthmus.people import accounts

pytestmark = pytest.mark.usefixtures("store")


def health_of(key: str) -> Health:
    return next(each.health for each in overview.connections(Wanted()) if each.key == key)


def matched(**wanted: Any) -> set[str]:
    return {each.key for each in overview.connections(Wanted(**wanted)) if each.matched}


def test_a_connection_is_in_out_or_both_by_its_active_goals() -> None:
    for key in ("in", "both"):
        new_goal(new_connection(key), IMPORT)
    new_goal(new_connection("out"), EXPORT)
    new_goal(Connection.objects.get(key="both"), EXPORT)
    assert [health_of(key) for key in ("in", "out", "both")] == [
        Health.IN,
        Health.OUT,
        Health.BOTH,
    ]


def test_without_a_sign_in_or_an_active_goal_it_is_incomplete() -> None:
    new_connection("empty")
    new_goal(new_connection("resting"), replace(IMPORT, active=False))
    new_goal(new_connection("silent", **SIGNED_OUT), IMPORT)
    assert {health_of(key) for key in ("empty", "resting", "silent")} == {Health.INCOMPLETE}


def test_the_last_result_of_each_goal_decides_and_not_an_earlier_one() -> None:
    connection = new_connection()
    leads, contacts = new_goal(connection, IMPORT), new_goal(connection, EXPORT)
    ended(connection, {leads: RunState.FAILED, contacts: RunState.FINISHED})
    assert health_of("acme") is Health.ERROR_IN
    ended(connection, {contacts: RunState.FAILED})
    assert health_of("acme") is Health.ERROR_BOTH
    ended(connection, {leads: RunState.PROBLEMS})
    assert health_of("acme") is Health.ERROR_OUT
    ended(connection, {contacts: RunState.FINISHED})
    assert health_of("acme") is Health.BOTH


def test_a_run_that_goes_on_counts_before_one_that_is_queued_and_hides_no_result() -> None:
    connection = new_connection()
    leads = new_goal(connection, IMPORT)
    ended(connection, {leads: RunState.FAILED})
    new_run(connection, RunState.RUNNING, {leads: RunState.RUNNING})
    new_run(connection, RunState.QUEUED, {})
    (found,) = overview.connections(Wanted())
    assert (found.open_state, found.health) == (RunState.RUNNING, Health.ERROR_IN)


def test_title_org_labels_and_description_are_searched_whatever_the_case() -> None:
    new_connection("a", name="Vantaa production")
    new_connection("b", name="b", description="Owned by SALES")
    new_connection("c", name="c", labels=["EMEA", "CRM"])
    assert matched(words="vantaa PROD") == {"a"}
    assert matched(words="sales") == {"b"}
    assert matched(words="emea") == {"c"}
    assert matched(words="https://x") == {"a", "b", "c"}
    assert matched(words="%") == matched(words="_") == set()
    assert matched(label="CRM") == {"c"}
    assert matched(label="CR") == set()


def test_a_favourite_is_one_persons_own() -> None:
    alice = accounts.add("alice@example.com", "a quiet harbour", role=Role.VIEWER)
    bob = accounts.add("bob@example.com", "a quiet harbour", role=Role.VIEWER)
    new_connection("a").favoured_by.add(alice)
    marks = [
        [each.is_favourite for each in overview.connections(Wanted(user=user.id))]
        for user in (alice, bob)
    ]
    assert marks == [[True], [False]]


def test_the_last_14_runs_come_oldest_first_with_the_records_of_their_goals() -> None:
    connection = new_connection()
    goals = [new_goal(connection, IMPORT), new_goal(connection, EXPORT)]
    for number in range(1, 17):
        ended(connection, dict.fromkeys(goals, RunState.FINISHED), received=number)
    runs = overview.last_runs([connection.id])[connection.id]
    assert [run.number for run in runs] == list(range(3, 17))
    assert [run.received for run in runs] == [2 * number for number in range(3, 17)]


def test_two_hundred_connections_take_as_many_statements_as_one(store: Session[Any]) -> None:
    def statements() -> int:
        with CaptureQueriesContext(database) as captured:
            found = overview.connections(Wanted())
            overview.last_runs(each.id for each in found)
        return len(captured)

    connection = new_connection("first")
    ended(connection, {new_goal(connection, IMPORT): RunState.FINISHED})
    alone = statements()
    for number in range(200):
        other = new_connection(f"c{number}")
        ended(other, {new_goal(other, IMPORT): RunState.FINISHED})
    assert statements() == alone == 2


def test_a_goal_tells_of_its_last_end_beside_what_is_under_way() -> None:
    connection = new_connection()
    leads = new_goal(connection, IMPORT)
    before = ended(connection, {leads: RunState.FINISHED})
    going = new_run(connection, RunState.RUNNING, {leads: RunState.RUNNING})
    last = overview.last_parts([leads])[leads.id]
    assert (last.begun.run_id, last.ended and last.ended.run_id) == (going.id, before.id)


def test_labels_come_by_how_many_connections_have_them() -> None:
    new_connection("a", labels=["rare", "often"])
    new_connection("b", labels=["often"])
    assert overview.labels() == ["often", "rare"]


def test_moments_are_those_of_the_start_or_else_of_the_asking() -> None:
    connection = new_connection()
    asked = timezone.now() - timedelta(hours=1)
    connection.runs.create(number=1, queued_at=asked)
    (run,) = overview.last_runs([connection.id])[connection.id]
    assert run.at == asked
