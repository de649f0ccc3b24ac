"""A goal's run that ended anywhere and goes on: as if nothing had happened."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection, sql

from integration import set_up
from integration.importing.death import Death, Killed, dying
from integration.importing.histories import PROPERTIES, new_org
from integration.importing.side_by_side import SideBySide, chunks_of, empty
from isthmus.connections import results
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.importing import engine, fetch, merge
from isthmus.importing.errors import JobLost
from isthmus.salesforce import ConnectionLost, JobState, ServerUnavailable

POINTS = int(os.environ.get("ISTHMUS_TEST_POINTS", "6"))
"""How many points of a run a process is ended at, spread over all."""

GOAL = ImportGoal(
    key="leads",
    name="Leads",
    object=LEAD,
    match=(MatchRow(field="Id", identifier="ids"), MatchRow(field="Email", identifier="email")),
    fields=(
        ImportField(field="Title", property="title"),
        ImportField(field="Total", property="total", rule=MergeRule.SUM),
        ImportField(field="Day", property="day"),
    ),
    create_profiles=True,
)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "wait_random_exponential", lambda **_given: lambda _state: 0)


def begin(world: Connection[Any]) -> SideBySide:
    """Leads that are created, changed, gone, merged, waiting for a profile and troubled."""
    empty(world)
    both = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES)
    both.salesforce.bulk_query.page_size = 4
    both.add_goal(GOAL)
    both.add_profile(email="0@x.co", title="old")
    for number in range(10):
        both.org.save("Lead", Email=f"{number % 8}@x.co", Title=str(number), Total="1")
    both.org.save("Lead", Email="10@x.co", Day="2023-02-29")
    both.org.seconds += 1
    return both


def change(both: SideBySide) -> None:
    """What the next run reads."""
    for number in (1, 2, 3, 4, 5, 6):
        both.org.save("Lead", both.org.id("Lead", number), Title="new", Total="2")
    both.org.save("Lead", both.org.id("Lead", 7), Day="2024-02-30")
    both.org.save("Lead", Email="20@x.co", Title="20", Total="7")
    both.org.seconds += 1


def finish(goal_run: GoalRun) -> GoalRun:
    """Another process goes on to the end."""
    following = set_up.again(goal_run)
    engine.run_import(following)
    return following


def full(world: Connection[Any]) -> SideBySide:
    return begin(world)


def by_rest(world: Connection[Any]) -> SideBySide:
    both = begin(world)
    both.run("leads")
    change(both)
    return both


def by_bulk(world: Connection[Any]) -> SideBySide:
    both = by_rest(world)
    fetch.SMALL_INCREMENT = 0
    return both


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SMALL_INCREMENT", fetch.SMALL_INCREMENT)


def count_points(both: SideBySide) -> int:
    """How many points a run has that nothing ends."""
    death = Death()
    expected = both.expected("leads")
    goal_run = set_up.start(both.goals["leads"], both.salesforce)
    with chunks_of(3), dying(both.salesforce, death):
        engine.run_import(goal_run)
    both.compare(expected, goal_run)
    return death.points


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("beginning", [full, by_rest, by_bulk])
def test_a_process_that_ends_at_any_point_leaves_what_another_one_completes(
    world: Connection[Any],
    beginning: Callable[[Connection[Any]], SideBySide],
    after: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    points = count_points(beginning(world))
    for step in range(POINTS):
        at = 1 + (points - 1) * step // (POINTS - 1)
        both = beginning(world)
        goal = both.goals["leads"]
        goal.refresh_from_db()
        expected = both.expected("leads")
        goal_run = set_up.start(goal, both.salesforce)
        death = Death(at, after=after)
        with chunks_of(3):
            with dying(both.salesforce, death), pytest.raises(Killed):
                engine.run_import(goal_run)
            both.compare(expected, finish(goal_run))
        assert left(both) == []


def left(both: SideBySide) -> list[Any]:
    """Stages and queries that are left over."""
    return both.connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'stage' "
        "UNION ALL SELECT condition FROM store.import_query"
    ).fetchall()


def disturbed(both: SideBySide, name: str, at: int) -> GoalRun:
    """A run that is ended at the so-and-so-many-th call of a name."""
    goal_run = set_up.start(both.goals["leads"], both.salesforce)
    death = Death(at)
    bulk = both.salesforce.bulk_query
    with pytest.MonkeyPatch.context() as patch, chunks_of(3):
        patch.setattr(bulk, name, death.around(name, getattr(bulk, name)), raising=False)
        with pytest.raises(Killed):
            engine.run_import(goal_run)
    return goal_run


def asked_pages(both: SideBySide, goal_run: GoalRun) -> tuple[int, GoalRun]:
    """How many pages another process asks for to end the run."""
    bulk, counting = both.salesforce.bulk_query, Death()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "page", counting.around("page", bulk.page))
        following = finish(goal_run)
    return counting.points, following


def test_pages_that_are_in_are_not_fetched_again(world: Connection[Any]) -> None:
    both = begin(world)
    expected = both.expected("leads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "PARALLEL_PAGES", 1)
        goal_run = disturbed(both, "page", 3)
    asked, following = asked_pages(both, goal_run)
    assert asked == 1
    assert len(both.salesforce.bulk_query.queries) == 1
    both.compare(expected, following)


def test_after_a_crash_of_the_database_the_pages_of_the_same_job_are_fetched_again(
    world: Connection[Any],
) -> None:
    both = begin(world)
    expected = both.expected("leads")
    goal_run = killed_in_chunk(both, 3)
    crash(both, goal_run)
    asked, following = asked_pages(both, goal_run)
    assert asked == 3
    assert len(both.salesforce.bulk_query.queries) == 1
    both.compare(expected, following)


def killed_in_chunk(both: SideBySide, chunk: int) -> GoalRun:
    """A run whose process ends in a chunk, after those before it were committed."""
    goal_run = set_up.start(both.goals["leads"], both.salesforce)
    death = Death(chunk)
    with pytest.MonkeyPatch.context() as patch, chunks_of(3):
        patch.setattr(merge, "merge", death.around("merge", merge.merge))
        with pytest.raises(Killed):
            engine.run_import(goal_run)
    return goal_run


def crash(both: SideBySide, goal_run: GoalRun) -> None:
    """Unlogged tables are empty after a crash."""
    for name in (f"import_{goal_run.run_goal.id}", f"import_{goal_run.run_goal.id}_page"):
        both.connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier("stage", name)))


def test_a_job_that_salesforce_forgot_is_made_anew_and_nothing_is_counted_twice(
    world: Connection[Any],
) -> None:
    both = begin(world)
    expected = both.expected("leads")
    goal_run = killed_in_chunk(both, 3)
    crash(both, goal_run)
    both.salesforce.bulk_query.jobs.clear()
    following = finish(goal_run)
    assert len(both.salesforce.bulk_query.queries) == 2
    both.compare(expected, following)


def test_records_that_changed_before_a_job_was_made_anew_come_with_the_next_run(
    world: Connection[Any],
) -> None:
    both = begin(world)
    both.expected("leads")
    goal_run = killed_in_chunk(both, 3)
    crash(both, goal_run)
    both.salesforce.bulk_query.jobs.clear()
    changed = [both.org.id("Lead", number) for number in (1, 9)]
    for record_id in changed:
        both.org.save("Lead", record_id, Title="changed meanwhile")
    both.org.seconds += 1
    following = finish(goal_run)
    # One of the two was applied already, the other is no longer in the window.
    assert following.counts.received == following.counts.accounted == 10
    goal = both.goals["leads"]
    assert set_up.run(engine.run_import, goal, both.salesforce).counts.received == 2


def test_a_job_that_is_forgotten_each_time_fails_for_now_and_not_for_good(
    world: Connection[Any],
) -> None:
    both = begin(world)
    real = both.salesforce.bulk_query.wait

    def forget(job_id: str, **given: Any) -> Any:
        both.salesforce.bulk_query.jobs.clear()
        return real(job_id, **given)

    both.salesforce.bulk_query.wait = forget  # type: ignore[method-assign]
    with pytest.raises(JobLost, match="forgot its own jobs 3 times"):
        set_up.run(engine.run_import, both.goals["leads"], both.salesforce)


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.ABORTED])
def test_a_job_that_failed_or_was_aborted_is_made_anew(
    world: Connection[Any], state: JobState
) -> None:
    both = begin(world)
    both.salesforce.bulk_query.ends = [(state, "InternalServerError : sorry")]
    both.run("leads")
    assert len(both.salesforce.bulk_query.queries) == 2


@pytest.mark.parametrize("name", ["create", "wait", "pages", "page"])
@pytest.mark.parametrize("error", [ServerUnavailable, ConnectionLost])
def test_what_passes_keeps_all_that_was_done(
    world: Connection[Any], name: str, error: type[Exception]
) -> None:
    both = begin(world)
    expected = both.expected("leads")
    goal_run = set_up.start(both.goals["leads"], both.salesforce)

    def fail(*_given: Any, **_named: Any) -> Any:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(both.salesforce.bulk_query, name, fail, raising=False)
        with pytest.raises(error):
            engine.run_import(goal_run)
    engine.run_import(goal_run)
    both.compare(expected, goal_run)


def test_the_window_of_a_run_stays_the_same_however_often_it_goes_on(
    world: Connection[Any],
) -> None:
    both = begin(world)
    goal_run = disturbed(both, "wait", 1)
    until = goal_run.run_goal.window_to
    both.org.seconds += 100
    following = finish(goal_run)
    assert following.run_goal.window_to == until
    goal = both.goals["leads"]
    goal.refresh_from_db()
    assert goal.read_until == until


def test_a_goal_that_was_changed_while_its_run_stood_still_is_read_anew(
    world: Connection[Any],
) -> None:
    both = begin(world)
    goal_run = killed_in_chunk(both, 3)
    changed = ImportGoal.from_plain({**GOAL.plain(), "fields": GOAL.plain()["fields"][:1]})
    set_up.change_goal(both.goals["leads"], changed)
    both.org.seconds += 100
    following = finish(goal_run)
    assert len(both.salesforce.bulk_query.queries) == 2
    assert following.counts.received == following.counts.accounted == 11
    goal = both.goals["leads"]
    goal.refresh_from_db()
    assert (goal.read_version, goal.read_until) == (2, following.run_goal.window_to)
    assert len(both.connection.execute("SELECT FROM store.record_link").fetchall()) == 11


def test_ids_to_read_again_are_those_of_the_beginning(world: Connection[Any]) -> None:
    both = begin(world)
    both.run("leads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "SMALL_INCREMENT", 0)
        both.connection.execute("UPDATE store.record_link SET reason = 'no_match'")
        goal_run = disturbed(both, "wait", 1)
        both.connection.execute("UPDATE store.record_link SET reason = NULL")
        following = finish(goal_run)
    assert following.counts.received == 11


def test_a_run_that_has_ended_can_be_called_again_and_does_nothing(
    world: Connection[Any],
) -> None:
    both = begin(world)
    goal_run = set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    counts = goal_run.counts.plain()
    both.org.seconds += 100
    following = finish(goal_run)
    assert following.counts.plain() == counts
    assert len(both.salesforce.bulk_query.queries) == 1


def test_queries_of_runs_that_were_given_up_are_forgotten(world: Connection[Any]) -> None:
    both = begin(world)
    given_up = disturbed(both, "wait", 1)
    given_up.run_goal.state = "failed"
    given_up.run_goal.save(update_fields=["state"])
    disturbed(both, "wait", 1)
    rows = both.connection.execute("SELECT count(DISTINCT run_goal) FROM store.import_query")
    assert rows.fetchone() == (1,)
