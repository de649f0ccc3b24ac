"""Whatever changes here and there: the engine leaves in the org what the model leaves."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import PROPERTIES, History, Turn, histories, new_org
from integration.exporting.side_by_side import SideBySide
from integration.importing.side_by_side import empty
from isthmus.domain.goals import ImportGoal

EXAMPLES = int(os.environ.get("ISTHMUS_TEST_EXAMPLES", "30"))
PHASES = (
    set(Phase)
    if "ISTHMUS_TEST_SHRINK" in os.environ
    else {Phase.explicit, Phase.reuse, Phase.generate}
)


def _begin(connection: Connection[Any], history: History) -> SideBySide:
    def refuse(_operation: str, row: Mapping[str, Any]) -> tuple[str, str] | None:
        found = history.refused in row.values()
        return ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "not: this one") if found else None

    both = SideBySide(
        connection=connection,
        org=new_org(),
        definitions=PROPERTIES,
        wanted=history.wanted,
        refuse=refuse,
        timezone="Europe/Amsterdam",
    )
    both.add_goal(history.goal)
    both.add_goal(ImportGoal(key="in", name="in", object=history.goal.object, match=(), fields=()))
    for values in history.profiles:
        both.add_profile(**values)
    _fill_org(both, history)
    return both


def _fill_org(both: SideBySide, history: History) -> None:
    sobject = history.goal.object.sobject
    for values in history.records:
        both.change_org(sobject, **values)
    for record, profile, gone in history.links:
        if profile < len(history.profiles) and record <= len(history.records):
            both.link("in", both.org.id(sobject, record), profile + 1, gone)


def _play(both: SideBySide, history: History, turn: Turn) -> None:
    sobject = history.goal.object.sobject
    for place, values in turn.profiles:
        if place < len(history.profiles):
            both.change_profile(place + 1, **values)
    for number, values in turn.records:
        record_id = both.org.id(sobject, number)
        if record_id in both.org.records[sobject]:
            both.change_org(sobject, record_id, **values)
    if turn.goal:
        goal = replace(turn.goal, object=history.goal.object)
        set_up.change_goal(both.goals["out"], goal)
    both.bulk = turn.bulk
    both.run("out", full=turn.full, kills=turn.kills)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@settings(
    max_examples=EXAMPLES,
    phases=PHASES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(history=histories())
def test_the_engine_leaves_what_the_model_leaves(world: Connection[Any], history: History) -> None:
    empty(world)
    both = _begin(world, history)
    for turn in history.turns:
        _play(both, history, turn)
    # What can only be updated follows what was created; a deleted record is created anew after
    # the run that finds out.
    for _ in range(3):
        both.run("out", full=True)
    last = both.run("out")
    # What was refused is tried again; all else has arrived.
    assert {each.outcome for each in last} <= {"unchanged", "skipped", "failed"}
    refused = [each for each in last if each.outcome == "failed"]
    assert len(both.salesforce.writes.log) == len(refused)
    assert not both.salesforce.bulk_ingest.find_open()
