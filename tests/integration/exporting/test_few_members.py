"""Exports of a few members: for real, and the next run sends the rest as if they had not been."""

import os
from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import PROPERTIES, new_org
from integration.exporting.killing import killed, steps_of
from integration.exporting.side_by_side import SideBySide, collections_below
from integration.importing.side_by_side import empty
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ExportField, ExportGoal, ExportKind, MatchRow
from isthmus.domain.objects import LEAD
from isthmus.exporting.engine import run_export

STRIDE = 3 if "ISTHMUS_TEST_EXAMPLES" in os.environ else 31
"""Of the steps at which a run is killed, one in so many."""

GOAL = ExportGoal(
    key="out",
    name="out",
    object=LEAD,
    segment="members",
    match=MatchRow(field="Email", identifier="email"),
    create_records=True,
    fields=tuple(
        ExportField(field=field, kind=ExportKind.PROPERTY, value=value)
        for field, value in (("Email", "email"), ("Title", "title"), ("Count__c", "total"))
    ),
)


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    return _both(world)


def _both(world: Connection[Any]) -> SideBySide:
    """Two members to update, two to create, one without a key; one who is no member."""

    def refuse(_operation: str, row: Any) -> tuple[str, str] | None:
        return ("REQUIRED_FIELD_MISSING", "Needs more") if "Chef" in row.values() else None

    side = SideBySide(
        connection=world, org=new_org(), definitions=PROPERTIES, wanted=("title",), refuse=refuse
    )
    side.add_goal(GOAL)
    side.add_profile(title="no key")
    for number in range(2):
        side.change_org("Lead", Email=f"u{number}@x.co")
        side.add_profile(email=f"u{number}@x.co", title="Aide", total=number)
        side.add_profile(email=f"{number}@x.co", title="Boss", total=number)
    side.add_profile(email="not@x.co")
    return side


def _run(both: SideBySide, **few: Any) -> GoalRun:
    both.salesforce.writes.log.clear()
    return set_up.run(run_export, both.goals["out"], both.salesforce, **few)


def _sent(both: SideBySide) -> list[str]:
    return sorted(operation for operation, _ in both.salesforce.writes.log)


def _plain(goal_run: GoalRun) -> dict[str, Any]:
    return {name: value for name, value in goal_run.counts.plain().items() if value}


def _noted(both: SideBySide, goal_run: GoalRun) -> list[Any]:
    return both.connection.execute(
        "SELECT outcome, reason FROM store.run_record WHERE run_goal = %s ORDER BY 1",
        [goal_run.run_goal.id],
    ).fetchall()


@pytest.mark.parametrize("first", [1, 2, 3, 4, 50])
def test_the_first_members_with_something_to_send_are_sent_and_the_rest_by_the_next_run(
    both: SideBySide, first: int
) -> None:
    few = _run(both, first=first)
    assert few.counts.received == few.counts.created + few.counts.updated == min(first, 4)
    assert few.counts.updated == (min(first, 4) + 1) // 2  # in the order of the profiles
    assert len(_sent(both)) == min(first, 4)
    goal = both.goals["out"]
    goal.refresh_from_db()
    assert (goal.read_until, goal.read_segment, goal.read_whole_at) == (None, "", None)
    skips = both.connection.execute("SELECT count(*) FROM store.export_skip").fetchone()
    assert skips == (0,)
    rest = _run(both)
    assert rest.counts.received == 5
    assert rest.counts.created + rest.counts.updated == 4 - min(first, 4)
    assert rest.counts.skipped == {"no_identifier": 1}
    assert _run(both).counts.unchanged == 4


def test_the_first_of_a_later_run_leave_the_others_due(both: SideBySide) -> None:
    _run(both)
    for number in both.ids:
        both.change_profile(number, total=9)
    assert _plain(_run(both, first=1)) == {"received": 1, "updated": 1}
    assert _run(both).counts.updated == 3


def test_one_profile_is_sent_and_what_was_sent_is_told(both: SideBySide) -> None:
    done = _run(both, only=str(both.ids[3]))
    assert _plain(done) == {"received": 1, "created": 1}
    assert _sent(both) == ["insert"]
    shown = (done.run_goal.begun or {})["shown"]
    assert shown == {
        "operation": "insert",
        "fields": {"Email": "0@x.co", "Title": "Boss", "Count__c": "0"},
    }
    assert _noted(both, done) == [("created", None)]
    assert _run(both).counts.unchanged == 1


def test_one_profile_is_named_by_a_record_that_is_linked_to_it(both: SideBySide) -> None:
    _run(both)
    both.change_profile(2, total=5)
    record = both.org.id("Lead", 1)
    done = _run(both, only=record)
    assert _plain(done) == {"received": 1, "updated": 1}
    assert (done.run_goal.begun or {})["shown"]["fields"] == {"Count__c": "5"}


def test_a_profile_that_has_nothing_new_says_so_and_is_sent_whole_by_choice(
    both: SideBySide,
) -> None:
    _run(both)
    profile = str(both.ids[2])
    done = _run(both, only=profile)
    assert _plain(done) == {"received": 1, "unchanged": 1}
    assert _noted(both, done) == [("unchanged", None)]
    assert _sent(both) == []
    again = _run(both, only=profile, full=True)
    assert _plain(again) == {"received": 1, "updated": 1}
    assert set((again.run_goal.begun or {})["shown"]["fields"]) == {"Email", "Title", "Count__c"}
    assert _run(both).counts.unchanged == 4


@pytest.mark.parametrize(
    ("number", "reason"), [(1, "no_identifier"), (6, "not_a_member"), (None, "profile_gone")]
)
def test_a_profile_that_can_not_be_sent_is_told_why(
    both: SideBySide, number: int | None, reason: str
) -> None:
    named = str(both.ids[number]) if number else "01890000-0000-7000-8000-000000000000"
    done = _run(both, only=named)
    assert done.counts.skipped == {reason: 1}
    assert _noted(both, done) == [("skipped", reason)]
    assert _sent(both) == []


def test_a_record_that_nobody_is_linked_to_is_told(both: SideBySide) -> None:
    assert _run(both, only="00Q000000000099AAA").counts.skipped == {"not_linked": 1}


def test_a_refused_test_record_is_told_in_salesforces_words(both: SideBySide) -> None:
    both.change_profile(3, title="Chef")
    done = _run(both, only=str(both.ids[3]))
    assert done.counts.failed == {"REQUIRED_FIELD_MISSING": 1}
    row = both.connection.execute("SELECT code, message FROM store.run_problem").fetchone()
    assert row == ("REQUIRED_FIELD_MISSING", "Needs more")


def test_one_profile_whose_record_could_be_anothers_is_not_sent(both: SideBySide) -> None:
    both.add_profile(email="U0@x.co", title="Twin")
    assert _run(both, only=str(both.ids[2])).counts.skipped == {"ambiguous": 1}
    assert _sent(both) == []


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("few", [{"first": 3}, {"only": 3}])
def test_a_run_of_a_few_members_that_is_killed_anywhere_ends_the_same(
    world: Connection[Any], few: dict[str, Any], *, bulk: bool
) -> None:
    side = _both(world)
    with collections_below(0 if bulk else 2000):
        steps = steps_of(run_export, _start(side, few))
    expected = sorted(side.org.records["Lead"])
    for kill in range(2, steps, STRIDE):
        empty(world)
        side = _both(world)
        with collections_below(0 if bulk else 2000):
            goal_run = _start(side, few)
            if killed(run_export, goal_run, kill):
                goal_run = set_up.again(goal_run)
                run_export(goal_run)
        assert sorted(side.org.records["Lead"]) == expected
        assert goal_run.counts.received == (3 if "first" in few else 1)
        assert _run(side).counts.received == 5
        assert len(side.org.records["Lead"]) == 4


def _start(side: SideBySide, few: dict[str, Any]) -> GoalRun:
    given = {"only": str(side.ids[few["only"]])} if "only" in few else few
    return set_up.start(side.goals["out"], side.salesforce, **given)
