"""Whatever is set up: a preview of an export says exactly what the run then sends."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection

from integration import set_up
from integration.exporting import histories as exports
from integration.exporting.side_by_side import SideBySide as Sending
from integration.exporting.side_by_side import collections_below
from integration.importing.side_by_side import empty
from integration.previews.comparing import Foretold
from integration.previews.playing import RANDOM, in_parts, last, tell
from isthmus.domain.goals import ImportGoal
from isthmus.domain.objects import PERSON
from isthmus.exporting.engine import run_export
from isthmus.profiles.models import Segment

_SEGMENTS = st.sampled_from(
    [
        None,  # whoever has a value for each of the properties that the history wants
        None,
        None,
        {"property": "title", "contains": "o"},
        {"not": {"property": "total", "at_most": 1}},
        {"any": [{"property": "tags", "any_of": ["a"]}, {"property": "flag", "is": True}]},
        {"all": [{"system": "known", "is": True}, {"property": "email", "is_not": "a@x.co"}]},
        {"property": "day", "before_last": {"days": 1}},
        {"property": "ids", "is_empty": True},
    ]
)

_COMPANY = 2  # its place among the accounts


def _with_account_ids(values: dict[str, Any]) -> dict[str, Any]:
    """The profile, with ids of accounts where it has ids of leads."""
    if "ids" not in values:
        return values
    return values | {"ids": [each.replace("00Q", "001") for each in values["ids"]]}


def _play(both: Sending, history: exports.History, turn: exports.Turn, *, previewed: bool) -> None:
    sobject = history.goal.object.sobject
    for place, values in turn.profiles:
        if place < len(history.profiles):
            both.change_profile(place + 1, **values)
    for number, values in turn.records:
        record_id = both.org.id(sobject, number)
        if record_id in both.org.records[sobject]:
            both.org.save(sobject, record_id, **values)
    if turn.goal:
        of = history.goal.object
        changed = exports.of_persons(turn.goal) if of is PERSON else replace(turn.goal, object=of)
        set_up.change_goal(both.goals["out"], changed)
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
    tell(goal_run.counts)


@in_parts
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@RANDOM
@given(
    history=exports.histories(),
    members=_SEGMENTS,
    persons=st.sampled_from([False, False, False, True]),
)
def test_an_export_sends_what_its_preview_said(
    world: Connection[Any],
    part: int,
    history: exports.History,
    members: dict[str, Any] | None,
    *,
    persons: bool,
) -> None:
    del part
    if persons:
        history = replace(history, goal=exports.of_persons(history.goal))

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
    if members:
        Segment.objects.filter(key="members").update(where=members)
    both.add_goal(history.goal)
    both.add_goal(ImportGoal(key="in", name="in", object=history.goal.object, match=(), fields=()))
    for values in history.profiles:
        both.add_profile(**(_with_account_ids(values) if persons else values))
    sobject = history.goal.object.sobject
    for number, values in enumerate(history.records, start=1):
        # Of five accounts one is a company, and is left alone.
        is_person = {"IsPersonAccount": str(number != _COMPANY).lower()} if persons else {}
        both.org.save(sobject, **values, **is_person)
    for record, profile, gone in history.links:
        if profile < len(history.profiles) and record <= len(history.records):
            both.link("in", both.org.id(sobject, record), profile + 1, gone)
    for turn, previewed in last(history.turns):
        _play(both, history, turn, previewed=previewed)
