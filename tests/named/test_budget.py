"""Runs that come to the end of our share of an org's API calls, at whatever call that is."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from isthmus.connections import budget, executing, filter_checks, previews, queueing
from isthmus.connections.executing import Worker
from isthmus.connections.models import EXPORT, IMPORT, OrgCalls, Run, RunState
from isthmus.connections.patience import Patience
from isthmus.exporting.engine import run_export
from isthmus.importing import fetch
from isthmus.importing.engine import run_import
from named.world import READ, WRITE, World

ENGINES = {IMPORT: run_import, EXPORT: run_export}
LEADS = 12
LIMIT = 200
PATIENCE = Patience(pauses=(0.01,), limit_seconds=3600)
DAY = timedelta(hours=24)


@pytest.fixture(autouse=True)
def _bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SMALL_INCREMENT", 0)


@pytest.fixture
def both_ways(world: World) -> World:
    """Leads to read and people to write, in an org of few API calls."""
    world.add_leads(LEADS)
    for number in range(LEADS):
        world.add_profile(email=f"new{number}@example.com", name="New")
    world.goal(READ)
    world.goal(WRITE)
    world.org.control("POST", "limits", {"DailyApiRequests": LIMIT})
    world.org.control("DELETE", "requests")
    return world


@pytest.fixture(autouse=True)
def _limit_as_before(one_org: Any) -> Any:
    yield
    one_org.control("POST", "limits", {"DailyApiRequests": 1_000_000})


def work_off(world: World) -> Run:
    (run,) = executing.work_off(world.connection, Worker(engines=ENGINES, patience=PATIENCE))
    run.refresh_from_db()
    return run


def let_pass(world: World, hours: int) -> None:
    """Time goes by, for the org and for what is written here."""
    world.wait(hours * 3600)
    for each in OrgCalls.objects.all():
        each.hour -= timedelta(hours=hours)
        each.save()
    for run in Run.every.filter(wait_until__isnull=False):
        assert run.wait_until is not None
        run.wait_until -= timedelta(hours=hours)
        run.save(update_fields=["wait_until"])


def most_in_a_day(world: World) -> int:
    """By the org's own log: the most API calls in any window of 24 hours."""
    moments = [
        datetime.fromisoformat(each["moment"])
        for each in world.org.requests()
        if "/services/data/v" in each["path"] and each["status"] != 401
    ]
    return max(sum(begin <= each < begin + DAY for each in moments) for begin in moments)


def is_done_once(world: World) -> None:
    assert world.count("Lead") == 2 * LEADS
    assert len(world.profiles("email")) == 2 * LEADS
    assert [total for (total,) in world.profiles("total") if total] == [1] * LEADS


@pytest.mark.parametrize("percent", [9])
def test_a_run_waits_day_after_day_and_does_all_of_it_once(both_ways: World, percent: int) -> None:
    budget.set_share(both_ways.connection.org_id, percent)
    queueing.ask(both_ways.connection)
    run, waited = work_off(both_ways), 0
    while run.state == RunState.WAITING:
        waited += 1
        assert waited < 30
        assert run.wait_until is not None
        assert timedelta(hours=24) < run.wait_until - timezone.now() < timedelta(hours=25.2)
        assert "Isthmus has used the" in run.message
        assert executing.work_off(both_ways.connection, Worker(engines=ENGINES)) == []
        let_pass(both_ways, 26)
        run = work_off(both_ways)
    assert run.state == RunState.FINISHED, [goal.message for goal in run.goals.all()]
    assert waited > 0
    assert "Isthmus has used" not in run.message
    assert most_in_a_day(both_ways) <= LIMIT * percent // 100
    is_done_once(both_ways)


def test_what_is_counted_here_is_what_the_org_counts(both_ways: World) -> None:
    used = both_ways.org.control("GET", "limits")["DailyApiRequests"]["used"]
    queueing.ask(both_ways.connection)
    work_off(both_ways)
    more = both_ways.org.control("GET", "limits")["DailyApiRequests"]["used"] - used
    found = budget.of_connection(both_ways.connection)
    assert found is not None
    assert found.ours == more > 10
    assert (found.limit, found.share) == (LIMIT, LIMIT // 2)
    assert found.others == used
    counted = budget.counted(found.org)
    assert Counter({each.key: each.calls for each in counted}) == {"acme": more}


def test_a_raised_share_lets_a_waiting_run_go_on_at_once(both_ways: World) -> None:
    budget.set_share(both_ways.connection.org_id, 4)
    queueing.ask(both_ways.connection)
    assert work_off(both_ways).state == RunState.WAITING
    budget.set_share(both_ways.connection.org_id, 3)
    assert executing.work_off(both_ways.connection, Worker(engines=ENGINES)) == []
    budget.set_share(both_ways.connection.org_id, 90)
    assert work_off(both_ways).state == RunState.FINISHED
    is_done_once(both_ways)


def test_a_run_may_wait_any_number_of_times(both_ways: World) -> None:
    both_ways.fault("request_limit", path="/jobs/ingest", count=None)
    queueing.ask(both_ways.connection)
    patience = Patience(pauses=(), limit_seconds=0, most_tries=3)
    for _ in range(6):
        worker = Worker(engines=ENGINES, patience=patience)
        worker.last = Run.objects.get().id
        (run, *_) = executing.work_off(both_ways.connection, worker)
        run.refresh_from_db()
        assert run.state == RunState.WAITING
    both_ways.org.control("DELETE", "faults")
    assert work_off(both_ways).state == RunState.FINISHED
    is_done_once(both_ways)


def test_a_waiting_run_can_be_stopped(both_ways: World) -> None:
    budget.set_share(both_ways.connection.org_id, 4)
    queueing.ask(both_ways.connection)
    run = work_off(both_ways)
    assert queueing.stop(run).state == RunState.STOPPED


def test_a_run_that_would_not_get_through_waits_before_it_begins(both_ways: World) -> None:
    queueing.ask(both_ways.connection)
    first = work_off(both_ways)
    assert first.state == RunState.FINISHED
    queueing.ask(both_ways.connection)
    second = work_off(both_ways)
    needs = budget.forecast(both_ways.connection)
    assert needs == second.api_calls > 0
    assert budget.forecast(both_ways.connection, full=True) == first.api_calls

    found = budget.of_connection(both_ways.connection)
    assert found is not None
    # So much is left that it could begin, and not get through.
    budget.set_share(both_ways.connection.org_id, (found.ours + needs // 2) * 100 // LIMIT)
    used = found.ours
    queueing.ask(both_ways.connection)
    third = work_off(both_ways)
    assert third.state == RunState.WAITING
    assert f"needs about {needs} API calls" in third.message
    assert (third.api_calls, budget.of_connection(both_ways.connection).ours) == (0, used)  # type: ignore[union-attr]
    let_pass(both_ways, 26)
    assert work_off(both_ways).state == RunState.FINISHED


def test_a_run_that_needs_more_than_the_whole_share_begins_and_waits_on_its_way(
    both_ways: World,
) -> None:
    queueing.ask(both_ways.connection)
    work_off(both_ways)
    let_pass(both_ways, 26)
    budget.set_share(both_ways.connection.org_id, 4)
    queueing.ask(both_ways.connection, full=True)
    run = work_off(both_ways)
    assert run.state == RunState.WAITING
    assert run.api_calls > 0
    assert "Isthmus has used the" in run.message


def test_a_run_that_has_waited_for_a_day_begins_whatever_it_needs(both_ways: World) -> None:
    queueing.ask(both_ways.connection)
    work_off(both_ways)
    found = budget.of_connection(both_ways.connection)
    assert found is not None
    budget.set_share(both_ways.connection.org_id, (found.ours + 5) * 100 // LIMIT)
    run = queueing.ask(both_ways.connection, full=True)
    assert budget.later(run) is not None
    run.queued_at -= budget.LONGEST_WAIT + timedelta(seconds=1)
    assert budget.later(run) is None


def test_previews_and_people_count_too_and_are_told_in_words(both_ways: World) -> None:
    budget.set_share(both_ways.connection.org_id, 1)
    goal = both_ways.connection.goals.get(key="leads_in")
    answer = filter_checks.ask(both_ways.connection, READ)
    again = filter_checks.ask(both_ways.connection, READ)
    assert "An administrator may raise that share" in answer.unheard + again.unheard
    preview = previews.ask(both_ways.connection, goal)
    executing.work_off(both_ways.connection, Worker(engines=ENGINES, patience=PATIENCE))
    preview.refresh_from_db()
    assert preview.state == RunState.WAITING
    assert most_in_a_day(both_ways) <= 2


def test_an_org_that_others_have_used_up_is_looked_at_again_later(both_ways: World) -> None:
    while both_ways.org.control("GET", "limits")["DailyApiRequests"]["used"] < LIMIT - 3:
        both_ways.salesforce.limits()
    queueing.ask(both_ways.connection)
    run = work_off(both_ways)
    assert run.state == RunState.WAITING
    assert "leaves to others" in run.message
    assert run.wait_until is not None
    assert run.wait_until < timezone.now() + timedelta(hours=1)
    assert both_ways.org.control("GET", "limits")["DailyApiRequests"]["used"] < LIMIT
