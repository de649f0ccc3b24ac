"""Imports of a few records: for real, and the next run takes all as if they had never been."""

import os
from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.killing import killed, steps_of
from integration.importing.histories import PROPERTIES, new_org
from integration.importing.side_by_side import SideBySide, chunks_of, empty
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.importing import engine, fetch

STRIDE = 3 if "ISTHMUS_TEST_EXAMPLES" in os.environ else 31
"""Of the steps at which a run is killed, one in so many."""

GOAL = ImportGoal(
    key="leads",
    name="Leads",
    object=LEAD,
    match=(MatchRow(field="Email", identifier="email"),),
    fields=(
        ImportField(field="Title", property="title"),
        ImportField(field="Total", property="total", rule=MergeRule.SUM),
    ),
    create_profiles=True,
)


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    return _both(world)


def _both(world: Connection[Any], records: int = 6) -> SideBySide:
    side = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES)
    side.add_goal(GOAL)
    for number in range(records):
        # The later a record is made here, the older it is in the end.
        side.org.seconds = 100 - 10 * number
        side.org.save("Lead", Email=f"{number}@x.co", Title=str(number), Total="1")
    side.org.seconds = 200
    return side


def _run(both: SideBySide, **few: Any) -> GoalRun:
    return set_up.run(engine.run_import, both.goals["leads"], both.salesforce, **few)


def _titles(both: SideBySide) -> list[str]:
    rows = both.connection.execute("SELECT p_title FROM store.profile ORDER BY 1").fetchall()
    return [title for (title,) in rows]


def _totals(both: SideBySide) -> set[int]:
    return {total for (total,) in both.connection.execute("SELECT p_total FROM store.profile")}


def test_the_oldest_records_are_taken_and_nothing_else(both: SideBySide) -> None:
    done = _run(both, first=2)
    assert (done.counts.received, done.counts.created) == (2, 2)
    assert _titles(both) == ["4", "5"]
    assert both.salesforce.bulk_query.queries == []


@pytest.mark.parametrize("first", [1, 3, 6, 100])
def test_the_next_run_takes_everything_and_applies_nothing_twice(
    both: SideBySide, first: int
) -> None:
    few = _run(both, first=first)
    assert few.counts.created == min(first, 6)
    goal = both.goals["leads"]
    goal.refresh_from_db()
    assert (goal.read_until, goal.read_version) == (None, 0)
    rest = _run(both)
    assert (rest.counts.received, rest.counts.unchanged) == (6, min(first, 6))
    assert rest.counts.created == 6 - min(first, 6)
    assert _totals(both) == {1}
    goal.refresh_from_db()
    assert goal.read_until is not None


def test_a_large_number_of_records_is_asked_for_by_a_job(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "SMALL_INCREMENT", 3)
    assert _run(both, first=4).counts.created == 4
    [soql] = both.salesforce.bulk_query.queries
    assert soql.endswith("ORDER BY SystemModstamp, Id LIMIT 4")
    assert _titles(both) == ["2", "3", "4", "5"]


def test_a_few_records_bury_nothing_that_was_not_read(both: SideBySide) -> None:
    _run(both)
    assert _run(both, first=2, full=True).counts.plain() == {
        **dict.fromkeys(("created", "updated", "removed", "problems"), 0),
        "received": 2,
        "unchanged": 2,
        "skipped": {},
        "failed": {},
    }
    gone = both.connection.execute("SELECT count(*) FROM store.record_link WHERE gone IS NOT NULL")
    assert gone.fetchone() == (0,)


def test_records_that_wait_are_among_the_oldest(both: SideBySide) -> None:
    set_up.change_goal(
        both.goals["leads"], ImportGoal.from_plain({**GOAL.plain(), "create_profiles": False})
    )
    assert _run(both).counts.skipped == {"no_match": 6}
    both.org.save("Lead", Email="new@x.co", Title="new")
    both.org.seconds += 1
    few = _run(both, first=3)
    # All six are read again by every run, and they are older than the one that changed.
    assert few.counts.skipped == {"no_match": 3}
    assert _run(both).counts.skipped == {"no_match": 7}


def test_one_record_is_taken_whenever_it_changed(both: SideBySide) -> None:
    _run(both)
    record = both.org.id("Lead", 1)
    both.org.save("Lead", record, Title="edited")
    done = _run(both, only=record)
    assert (done.counts.received, done.counts.updated) == (1, 1)
    assert "edited" in _titles(both)
    both.org.seconds += 1
    rest = _run(both)
    assert (rest.counts.received, rest.counts.unchanged) == (1, 1)
    assert _totals(both) == {1}


def test_one_record_that_is_not_there_is_told_in_words(both: SideBySide) -> None:
    done = _run(both, only=both.org.id("Lead", 77))
    assert done.counts.received == 0
    assert "has no record 00Q000000000077AAA among those that this goal reads" in (
        done.run_goal.message
    )


def test_one_record_taken_before_its_turn_does_not_lose_to_older_ones(both: SideBySide) -> None:
    both.org.seconds = 300
    for title in ("older", "newer"):
        both.org.save("Lead", Email="two@x.co", Title=title, Total="5")
        both.org.seconds += 1
    newer = both.org.id("Lead", 8)
    assert _run(both, only=newer).counts.created == 1
    _run(both)
    row = both.connection.execute(
        "SELECT p_title, p_total FROM store.profile WHERE p_email = 'two@x.co'"
    ).fetchone()
    assert row == ("newer", 10)


@pytest.mark.parametrize("few", [{"first": 4}, {"only": "00Q000000000002AAA"}])
def test_a_run_of_a_few_records_that_is_killed_anywhere_ends_the_same(
    world: Connection[Any], few: dict[str, Any]
) -> None:
    side = _both(world)
    with chunks_of(2):
        steps = steps_of(engine.run_import, set_up.start(_goal(side), side.salesforce, **few))
    expected = _titles(side)
    for kill in range(2, steps, STRIDE):
        empty(world)
        side = _both(world)
        goal_run = set_up.start(_goal(side), side.salesforce, **few)
        with chunks_of(2):
            if killed(engine.run_import, goal_run, kill):
                goal_run = set_up.again(goal_run)
                engine.run_import(goal_run)
            assert _titles(side) == expected
            assert goal_run.counts.received == len(expected)
            rest = _run(side)
        assert rest.counts.received == 6
        assert _totals(side) == {1}


def _goal(side: SideBySide) -> Any:
    return side.goals["leads"]
