"""Engines that would change too much: nothing is changed before a yes, and all of it after."""

import os
from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import PROPERTIES, new_org
from integration.exporting.killing import killed, steps_of
from integration.exporting.side_by_side import SideBySide
from integration.importing.side_by_side import chunks_of, empty
from isthmus.connections import guards
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import RunGoal
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.objects import LEAD
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import

OUT = ExportGoal(
    key="out",
    name="out",
    object=LEAD,
    segment="members",
    match=MatchRow(field="Email", identifier="email"),
    create_records=True,
    fields=(
        ExportField(field="Email", kind=ExportKind.PROPERTY, value="email"),
        ExportField(field="Title", kind=ExportKind.PROPERTY, value="title"),
    ),
)
IN = ImportGoal(
    key="leads",
    name="leads",
    object=LEAD,
    match=(MatchRow(field="Email", identifier="email"),),
    fields=(ImportField(field="Ref__c", property="note"),),
    create_profiles=True,
)
STRIDE = 7 if "ISTHMUS_TEST_EXAMPLES" in os.environ else 41
"""Of the steps at which a run is killed, one in so many."""

ENGINES = {"out": run_export, "leads": run_import}


def _both(world: Connection[Any]) -> SideBySide:
    """Twenty profiles, exported and imported; then fifteen of them changed on both sides."""
    side = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES, wanted=("title",))
    ConnectionRow.objects.update(confirm_above=50)
    for goal in (OUT, IN):
        side.add_goal(goal)
    for number in range(20):
        side.add_profile(email=f"{number}@x.co", title="Boss")
    set_up.run(run_export, side.goals["out"], side.salesforce)
    side.org.seconds += 10
    set_up.run(run_import, side.goals["leads"], side.salesforce)
    side.org.seconds += 10
    for number in range(15):
        side.org.save("Lead", side.org.id("Lead", number + 1), Ref__c="7")
        side.change_profile(number + 1, title="Aide")
    side.org.seconds += 10
    side.salesforce.writes.log.clear()
    return side


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    return _both(world)


def _agree(goal_run: GoalRun, size: guards.Size) -> GoalRun:
    part = RunGoal.objects.get(id=goal_run.run_goal.id)
    guards.ask(part, size, goal_run.goal.version)
    part.asked = {**(part.asked or {}), "by": "ada"}
    part.save()
    return set_up.again(goal_run)


def _asks(engine: Any, goal_run: GoalRun) -> guards.Size:
    with pytest.raises(guards.NeedsYes) as needs:
        engine(goal_run)
    return needs.value.size


def _done(both: SideBySide, key: str) -> int:
    if key == "out":
        return len(both.salesforce.writes.log)
    row = both.connection.execute("SELECT count(p_note) FROM store.profile").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("key", list(ENGINES))
def test_nothing_is_changed_before_a_yes_and_all_after_it(both: SideBySide, key: str) -> None:
    goal_run = set_up.start(both.goals[key], both.salesforce)
    size = _asks(ENGINES[key], goal_run)
    assert (size.changes, size.of) == (15, 20)
    assert _done(both, key) == 0
    goal_run = _agree(goal_run, size)
    ENGINES[key](goal_run)
    assert _done(both, key) == goal_run.counts.updated == 15


@pytest.mark.parametrize("key", list(ENGINES))
def test_a_refused_run_leaves_all_to_the_next_one(both: SideBySide, key: str) -> None:
    _asks(ENGINES[key], set_up.start(both.goals[key], both.salesforce))
    ConnectionRow.objects.update(confirm_above=None)
    goal_run = set_up.run(ENGINES[key], both.goals[key], both.salesforce)
    assert _done(both, key) == goal_run.counts.updated == 15


def test_what_a_profile_is_when_the_yes_comes_is_sent(both: SideBySide) -> None:
    goal_run = set_up.start(both.goals["out"], both.salesforce)
    size = _asks(run_export, goal_run)
    both.change_profile(1, title="Chef")
    both.change_profile(2, title="Boss")  # as it was sent before
    goal_run = _agree(goal_run, size)
    run_export(goal_run)
    assert goal_run.counts.updated == 14
    assert ("Chef" in {row["Title"] for _, row in both.salesforce.writes.log}) is True


def test_a_run_that_changes_little_does_not_wait(both: SideBySide) -> None:
    ConnectionRow.objects.update(confirm_above=75)
    for key in ("leads", "out"):
        set_up.run(ENGINES[key], both.goals[key], both.salesforce)
        assert _done(both, key) == 15


def test_records_that_are_as_they_were_applied_are_no_changes(both: SideBySide) -> None:
    ConnectionRow.objects.update(confirm_above=None)
    set_up.run(run_import, both.goals["leads"], both.salesforce)
    ConnectionRow.objects.update(confirm_above=1)
    goal_run = set_up.run(run_import, both.goals["leads"], both.salesforce, full=True)
    assert goal_run.counts.unchanged == 20


def test_records_that_differ_and_change_no_profile_are_no_changes(both: SideBySide) -> None:
    ConnectionRow.objects.update(confirm_above=None)
    set_up.run(run_import, both.goals["leads"], both.salesforce)
    ConnectionRow.objects.update(confirm_above=1)
    # All records are applied again by another version of the goal, and leave all as it is.
    set_up.change_goal(both.goals["leads"], IN)
    assert set_up.run(run_import, both.goals["leads"], both.salesforce).counts.unchanged == 20


@pytest.mark.parametrize("gone", [12, 20])
@pytest.mark.parametrize("purged", [True, False])
def test_records_that_are_gone_are_changes(both: SideBySide, gone: int, *, purged: bool) -> None:
    ConnectionRow.objects.update(confirm_above=None)
    set_up.run(run_import, both.goals["leads"], both.salesforce)
    ConnectionRow.objects.update(confirm_above=50)
    for number in range(1, gone + 1):
        if purged:
            del both.org.records["Lead"][both.org.id("Lead", number)]
        else:
            both.org.save("Lead", both.org.id("Lead", number), IsDeleted="true")
    both.org.seconds += 1
    goal_run = set_up.start(both.goals["leads"], both.salesforce, full=purged)
    size = _asks(run_import, goal_run)
    assert (size.removed, size.of) == (gone, 20)
    goal_run = _agree(goal_run, size)
    run_import(goal_run)
    assert goal_run.counts.removed == gone


def test_many_records_that_differ_are_no_agreement_to_change_as_many(both: SideBySide) -> None:
    goal_run = set_up.start(both.goals["leads"], both.salesforce)
    _asks(run_import, goal_run)
    # As if most of them had left their profiles as they are when somebody agreed.
    goal_run = _agree(goal_run, guards.Size(updated=2, of=20))
    assert _asks(run_import, goal_run).updated == 15
    goal_run = _agree(goal_run, guards.Size(updated=5, of=20))
    run_import(goal_run)
    assert goal_run.counts.updated == 15


@pytest.mark.parametrize("key", list(ENGINES))
def test_killed_anywhere_around_asking_and_after_the_yes(world: Connection[Any], key: str) -> None:
    engine = ENGINES[key]
    side = _both(world)
    steps = steps_of(_until_asked(engine), set_up.start(side.goals[key], side.salesforce))
    after = 60
    for kill in range(2, steps + after, STRIDE):
        empty(world)
        side = _both(world)
        goal_run = set_up.start(side.goals[key], side.salesforce)
        size = guards.Size(updated=15, of=20)
        with chunks_of(4):
            if kill < steps:
                assert killed(_until_asked(engine), goal_run, kill)
                goal_run = set_up.again(goal_run)
                size = _asks(engine, goal_run)
                assert _done(side, key) == 0
            else:
                size = _asks(engine, goal_run)
            goal_run = _agree(goal_run, size)
            if killed(engine, goal_run, kill - steps if kill >= steps else kill):
                goal_run = set_up.again(goal_run)
                engine(goal_run)
        assert goal_run.counts.updated == 15
        assert goal_run.counts.received == (20 if key == "out" else 15)


def _until_asked(engine: Any) -> Any:
    def run(goal_run: GoalRun) -> None:
        with pytest.raises(guards.NeedsYes):
            engine(goal_run)

    return run
