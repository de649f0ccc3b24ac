"""Whatever is set up: a preview says exactly what the run then does."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from integration import set_up
from integration.exporting import histories as exports
from integration.exporting.side_by_side import SideBySide as Sending
from integration.exporting.side_by_side import collections_below
from integration.importing import histories as imports
from integration.importing.side_by_side import SideBySide, chunks_of, empty
from integration.previews.comparing import Foretold
from isthmus.domain.goals import ImportGoal
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import

EXAMPLES = int(os.environ.get("ISTHMUS_TEST_SET_UPS", "200"))
PHASES = (
    set(Phase)
    if "ISTHMUS_TEST_SHRINK" in os.environ
    else {Phase.explicit, Phase.reuse, Phase.generate}
)
RANDOM = settings(
    max_examples=EXAMPLES // 2,
    phases=PHASES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


FEWEST = 5
"""Records of a chunk. With fewer a history takes longer and says the same."""

Turn = TypeVar("Turn")


def _last(turns: Sequence[Turn]) -> Iterator[tuple[Turn, bool]]:
    """The turns to play, and whether each is previewed: the last is, alone or after another."""
    *before, last = turns
    if len(before) % 2:
        yield before[-1], False
    yield last, True


def _play_import(
    both: SideBySide, history: imports.History, turn: imports.Turn, *, previewed: bool
) -> None:
    for change in turn.changes:
        change.happen(both.org)
    both.org.seconds += turn.seconds
    if turn.new_version is not None:
        where = both.goals["first"].document["filter"]
        set_up.change_goal(both.goals["first"], replace(history.replacement, filter=where))
    for goal in both.goals.values():
        with chunks_of(max(turn.chunk, FEWEST)):
            if not previewed:
                set_up.run(run_import, goal, both.salesforce, full=turn.full)
                continue
            told = Foretold.of(both.connection, goal, both.salesforce, full=turn.full)
            goal_run = set_up.run(run_import, goal, both.salesforce, full=turn.full)
        told.check_import(goal_run)


_FILTERS = st.sampled_from(
    [
        None,
        None,
        {"soql": "Title = 'Boss'"},
        {"any": [{"field": "Title", "is": "Boss"}, {"field": "Phone", "is": "1"}]},
    ]
)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@RANDOM
@given(history=imports.histories(), where=_FILTERS)
def test_an_import_does_what_its_preview_said(
    world: Connection[Any], history: imports.History, where: dict[str, Any] | None
) -> None:
    empty(world)
    both = SideBySide(
        connection=world,
        org=imports.new_org(),
        definitions=imports.PROPERTIES,
        overlap_seconds=history.overlap_seconds,
    )
    both.salesforce.bulk_query.page_size = history.page_size
    for goal in history.goals:
        both.add_goal(replace(goal, filter=where))
    for values in history.profiles:
        both.add_profile(**values)
    for turn, previewed in _last(history.turns):
        _play_import(both, history, turn, previewed=previewed)


def _play_export(
    both: Sending, history: exports.History, turn: exports.Turn, *, previewed: bool
) -> None:
    sobject = history.goal.object.sobject
    for place, values in turn.profiles:
        if place < len(history.profiles):
            both.change_profile(place + 1, **values)
    for number, values in turn.records:
        record_id = both.org.id(sobject, number)
        if record_id in both.org.records[sobject]:
            both.org.save(sobject, record_id, **values)
    if turn.goal:
        set_up.change_goal(both.goals["out"], replace(turn.goal, object=history.goal.object))
    goal = both.goals["out"]
    log = both.salesforce.writes.log
    log.clear()
    if not previewed:
        set_up.run(run_export, goal, both.salesforce, full=turn.full)
        return
    told = Foretold.of(both.connection, goal, both.salesforce, full=turn.full)
    assert not log, "a preview wrote to Salesforce"
    told.check_held(both.org, sobject)
    with collections_below(0 if turn.bulk else 2000):
        goal_run = set_up.run(run_export, goal, both.salesforce, full=turn.full)
    told.check_export(goal_run, log)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@RANDOM
@given(history=exports.histories())
def test_an_export_sends_what_its_preview_said(
    world: Connection[Any], history: exports.History
) -> None:
    def refuse(_operation: str, row: Mapping[str, Any]) -> tuple[str, str] | None:
        found = history.refused in row.values()
        return ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "not: this one") if found else None

    empty(world)
    world.execute("DELETE FROM store.export_open")
    both = Sending(
        connection=world,
        org=exports.new_org(),
        definitions=exports.PROPERTIES,
        wanted=history.wanted,
        refuse=refuse,
        timezone="Europe/Amsterdam",
    )
    both.add_goal(history.goal)
    both.add_goal(ImportGoal(key="in", name="in", object=history.goal.object, match=(), fields=()))
    for values in history.profiles:
        both.add_profile(**values)
    sobject = history.goal.object.sobject
    for values in history.records:
        both.org.save(sobject, **values)
    for record, profile, gone in history.links:
        if profile < len(history.profiles) and record <= len(history.records):
            both.link("in", both.org.id(sobject, record), profile + 1, gone)
    for turn, previewed in _last(history.turns):
        _play_export(both, history, turn, previewed=previewed)
