"""What the next run of a connection needs, by the runs before it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import EXPORT, IMPORT
from integration.set_up import ORG_ID, new_connection, new_goal
from isthmus.connections import budget, calls
from isthmus.connections.errors import NoSuchThing, ShareRefused
from isthmus.connections.models import Connection, Goal, Org, Run, RunGoal, RunState
from isthmus.domain.call_shares import WORDS
from isthmus.salesforce import Usage


@pytest.fixture
def acme(store: Session[Any]) -> Connection:
    del store
    connection = new_connection()
    new_goal(connection, IMPORT)
    return connection


def add_run(acme: Connection, needed: int, *, since: bool = True, **given: Any) -> Run:
    values = {"state": RunState.FINISHED, "api_calls": needed, **given}
    run = Run.every.create(
        connection=acme,
        number=Run.every.filter(preview=values.get("preview", False)).count() + 1,
        **values,
    )
    goal = acme.goals.get(key=IMPORT.key)
    RunGoal.objects.create(
        run=run,
        goal=goal,
        key=goal.key,
        direction=goal.direction,
        state=run.state,
        window_from=timezone.now() if since else None,
        foreseen={"api_calls": needed} if run.preview else None,
    )
    return run


def has_read(acme: Connection) -> None:
    Goal.objects.filter(connection=acme).update(read_until=timezone.now(), read_version=1)


def test_nobody_knows_what_a_first_run_needs_unless_a_preview_said_it(acme: Connection) -> None:
    assert budget.forecast(acme) is None
    add_run(acme, 77, preview=True)
    assert budget.forecast(acme) == 77
    new_goal(acme, EXPORT)
    assert budget.forecast(acme) is None


def test_a_run_of_what_changed_is_compared_with_the_last_ones_of_its_kind(
    acme: Connection,
) -> None:
    add_run(acme, 900, since=False)
    for needed in (500, 20, 30, 25):
        add_run(acme, needed)
    has_read(acme)
    assert budget.forecast(acme) == 30
    assert budget.forecast(acme, full=True) == 900
    Goal.objects.filter(connection=acme).update(read_version=0)
    assert budget.forecast(acme) == 900


def test_runs_that_are_not_like_the_next_one_say_nothing(acme: Connection) -> None:
    add_run(acme, 900, since=False)
    has_read(acme)
    add_run(acme, 5, first=10)
    add_run(acme, 6, only="00Q000000000001EAA")
    add_run(acme, 7, state=RunState.FAILED)
    add_run(acme, 8, goal_keys=[IMPORT.key])
    assert budget.forecast(acme) is None
    assert budget.forecast(acme, goals=[IMPORT.key]) is None
    add_run(acme, 9, goal_keys=[IMPORT.key])
    assert budget.forecast(acme, goals=[IMPORT.key]) == 9


def test_a_run_waits_for_its_forecast_only_where_it_would_fit_later(acme: Connection) -> None:
    calls.measure(ORG_ID, Usage(used=0, maximum=200))
    has_read(acme)
    add_run(acme, 1, since=False)
    add_run(acme, 60)
    run = Run.objects.create(connection=acme, number=9)
    assert budget.later(run) is None
    calls.set_aside(ORG_ID, acme.id, 8)
    for _ in range(5):
        calls.set_aside(ORG_ID, acme.id, 64)
    found = budget.later(run)
    assert found is not None
    assert "needs about 60 API calls" in found.reason
    assert found.until > timezone.now() + timedelta(hours=24)
    run.api_calls = 1
    assert budget.later(run) is None


@pytest.mark.parametrize("percent", [0, 101, -5, None])
def test_no_other_share_is_kept(acme: Connection, percent: int | None) -> None:
    with pytest.raises(ShareRefused, match=WORDS):
        budget.set_share(acme.org_id, percent)
    assert not Org.objects.exists()


def test_an_org_is_found_by_15_or_18_characters_or_not_at_all(acme: Connection) -> None:
    budget.set_share(ORG_ID, 70)
    assert budget.find(ORG_ID[:15]).share_percent == budget.find(ORG_ID).share_percent == 70
    for other in ("", "\x00", "00D000000000002AAA"):
        with pytest.raises(NoSuchThing, match="There is no org"):
            budget.find(other)
    assert budget.state("") is None
    del acme
