"""An org that is down, slow, mute, sends HTML or has no calls left."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from isthmus.connections import executing, queueing
from isthmus.connections.executing import Worker
from isthmus.connections.models import EXPORT, IMPORT, Run, RunState
from isthmus.connections.patience import Patience
from isthmus.exporting.engine import run_export
from isthmus.importing import fetch
from isthmus.importing.engine import run_import
from isthmus.salesforce import ClientSettings, ConnectionLost
from named.conftest import client
from named.world import READ, WRITE, World

ENGINES = {IMPORT: run_import, EXPORT: run_export}
LEADS = 12
PATIENCE = Patience(pauses=(0.01, 0.01, 0.01, 0.01), limit_seconds=3600)


@pytest.fixture(autouse=True)
def _bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few records are read by Bulk jobs, too."""
    monkeypatch.setattr(fetch, "SMALL_INCREMENT", 0)


def work_off(world: World) -> Run:
    """The next run, worked off; it is returned as it stands then."""
    (run,) = executing.work_off(world.connection, Worker(engines=ENGINES, patience=PATIENCE))
    run.refresh_from_db()
    return run


def states(run: Run) -> dict[str, str]:
    return dict(run.goals.values_list("key", "state"))


@pytest.fixture
def both_ways(world: World) -> World:
    """Leads to read, people to write, and a run that is queued."""
    world.add_leads(LEADS)
    for number in range(LEADS):
        world.add_profile(email=f"new{number}@example.com", name="New")
    world.goal(READ)
    world.goal(WRITE)
    queueing.ask(world.connection)
    return world


def is_done_once(world: World) -> None:
    """All was read and all was written, once."""
    assert world.count("Lead") == 2 * LEADS
    assert len(world.profiles("email")) == 2 * LEADS
    assert [total for (total,) in world.profiles("total") if total] == [1] * LEADS


@pytest.mark.parametrize(
    "kind",
    [
        "session_expired",
        "server_unavailable",
        "edge_html",
        "maintenance_html",
        "bad_gateway_html",
        "unknown_exception",
        "concurrent_limit",
        "too_many_requests",
        "cut",
        "answer_lost",
    ],
)
def test_an_org_in_which_every_seventh_request_fails_is_read_and_written_once(
    both_ways: World, kind: str
) -> None:
    for skip in range(3, 80, 7):
        both_ways.fault(kind, path="/services/data/v", skip=skip)
    run = work_off(both_ways)
    assert sum(both_ways.happened()) > 1
    assert run.state == RunState.FINISHED, [goal.message for goal in run.goals.all()]
    is_done_once(both_ways)


@pytest.mark.parametrize("path", ["/jobs/query", "/results", "/jobs/ingest", "Results"])
def test_a_session_that_ends_in_the_middle_of_a_job_is_renewed_and_the_job_goes_on(
    both_ways: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isthmus.salesforce.client.PoolTransport", lambda *_: both_ways.wire)

    def end() -> None:
        both_ways.org.control("DELETE", "sessions")

    for method in ("GET", "PATCH", "PUT"):
        both_ways.wire.before(method, path, end)
    run = work_off(both_ways)
    assert run.state == RunState.FINISHED, [goal.message for goal in run.goals.all()]
    assert both_ways.asked("POST", "/oauth2/token") > 2
    is_done_once(both_ways)


def test_an_org_that_stays_down_fails_the_run_with_words_and_the_next_run_does_all(
    both_ways: World,
) -> None:
    both_ways.fault("server_unavailable", path="/jobs", count=None)
    run = work_off(both_ways)
    assert run.state == RunState.FAILED
    assert set(states(run).values()) == {"failed"}
    assert all("Server is too busy" in goal.message for goal in run.goals.all())
    both_ways.org.control("DELETE", "faults")
    queueing.ask(both_ways.connection)
    assert work_off(both_ways).state == RunState.FINISHED
    is_done_once(both_ways)


@pytest.mark.parametrize("path", ["/jobs/query", "/results", "/jobs/ingest", "/query"])
def test_a_server_that_never_answers_is_given_up_on_and_asked_again(
    both_ways: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The one pause that is real: the time for which an answer is waited.
    monkeypatch.setattr(
        "isthmus.salesforce.client.ClientSettings",
        lambda: ClientSettings(read_seconds=0.4, first_pause_seconds=0.01),
    )
    both_ways.fault("never_answer", path=path, count=1)
    run = work_off(both_ways)
    assert both_ways.happened() == [1]
    assert run.state == RunState.FINISHED, [goal.message for goal in run.goals.all()]
    is_done_once(both_ways)


def test_a_server_that_never_answers_at_all_is_an_error_that_says_so(world: World) -> None:
    world.fault("never_answer", path="/services/data", count=None)
    settings = ClientSettings(read_seconds=0.2, tries=2, first_pause_seconds=0.01)
    salesforce, _ = client(world.org, settings)
    with salesforce, pytest.raises(ConnectionLost, match="did not answer in time"):
        salesforce.describe("Lead")


def test_a_run_without_api_calls_left_waits_and_goes_on_later_where_it_was(
    both_ways: World,
) -> None:
    both_ways.fault("request_limit", path="/jobs/ingest", count=None)
    waiting = work_off(both_ways)
    assert waiting.state == RunState.WAITING
    assert states(waiting) == {"leads_in": "finished", "leads_out": "waiting"}
    assert waiting.wait_until is not None
    assert waiting.wait_until > timezone.now() + timedelta(minutes=50)
    assert executing.work_off(both_ways.connection, Worker(engines=ENGINES)) == []
    both_ways.org.control("DELETE", "faults")
    Run.objects.update(wait_until=timezone.now() - timedelta(seconds=1))
    run = work_off(both_ways)
    assert (run.number, run.state) == (waiting.number, RunState.FINISHED)
    assert run.goals.get(key="leads_in").tries == 1
    is_done_once(both_ways)


def test_a_daily_limit_that_runs_out_anywhere_is_waited_for_and_nothing_is_done_twice(
    both_ways: World,
) -> None:
    waited = 0
    for skip in (4, 9, 15, 20):
        both_ways.fault("request_limit", path="/services/data/v", skip=skip, count=1)
    run: Any = work_off(both_ways)
    while run.state == RunState.WAITING:
        waited += 1
        Run.objects.update(wait_until=timezone.now() - timedelta(seconds=1))
        run = work_off(both_ways)
    assert waited == sum(both_ways.happened()) > 1
    assert run.state == RunState.FINISHED
    is_done_once(both_ways)


def test_api_calls_are_counted_for_each_run(both_ways: World) -> None:
    both_ways.org.control("DELETE", "requests")
    run = work_off(both_ways)
    assert run.api_calls == len(both_ways.org.requests())
