"""An export that is killed at any step and taken up again ends as if nothing had happened."""

import os
import random
from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import PROPERTIES, new_org
from integration.exporting.killing import steps_of
from integration.exporting.side_by_side import SideBySide
from integration.importing.side_by_side import empty
from isthmus.domain.goals import ExportField, ExportGoal, ExportKind, MatchRow, WhenEmpty
from isthmus.domain.objects import LEAD
from isthmus.exporting.engine import run_export

STRIDE = 1 if "ISTHMUS_TEST_EXAMPLES" in os.environ else 11
"""Of the steps at which a run is killed, one in so many; other ones each time."""

EMAIL = MatchRow(field="Email", identifier="email")


def _goal(match: MatchRow = EMAIL) -> ExportGoal:
    rows = (("Email", "email"), ("Title", "title"), ("Ref__c", "note"), ("Count__c", "total"))
    return ExportGoal(
        key="out",
        name="out",
        object=LEAD,
        segment="members",
        match=match,
        create_records=True,
        fields=tuple(
            ExportField(
                field=field, kind=ExportKind.PROPERTY, value=value, when_empty=WhenEmpty.CLEAR
            )
            for field, value in rows
        ),
    )


def _build(world: Connection[Any], *, bulk: bool) -> SideBySide:
    """Members to create, to update, that are refused, that are equal, that do not fit."""
    empty(world)

    def refuse(_operation: str, row: Any) -> tuple[str, str] | None:
        return ("REQUIRED_FIELD_MISSING", "x") if "Chef" in row.values() else None

    both = SideBySide(
        connection=world,
        org=new_org(),
        definitions=PROPERTIES,
        bulk=bulk,
        refuse=refuse,
        wanted=("title",),
    )
    both.add_goal(_goal())
    for number in range(3):
        both.add_profile(email=f"{number}@x.co", title="Boss", total=number)
        both.change_org("Lead", Email=f"u{number}@x.co")
        both.add_profile(email=f"U{number}@x.co", title="Aide", note="a")
    both.add_profile(email="9@x.co", title="Chef")
    both.add_profile(email="8@x.co", title="too long", note="b")
    both.add_profile(title="no key")
    return both


def _steps(world: Connection[Any], *, bulk: bool) -> int:
    both = _build(world, bulk=bulk)
    goal = both.goals["out"]
    return steps_of(run_export, set_up.start(goal, both.salesforce, full=True))


@pytest.mark.parametrize("bulk", [False, True])
def test_a_run_that_is_killed_at_any_step_ends_the_same(
    world: Connection[Any], *, bulk: bool
) -> None:
    steps = _steps(world, bulk=bulk)
    for kill in range(random.randrange(STRIDE), steps, STRIDE):
        both = _build(world, bulk=bulk)
        both.run("out", full=True, kills=[kill])
        assert not both.salesforce.bulk_ingest.find_open()
        assert {each.outcome for each in both.run("out")} <= {"unchanged", "skipped", "failed"}


@pytest.mark.parametrize("bulk", [False, True])
def test_a_run_that_is_killed_again_and_again_ends_the_same(
    world: Connection[Any], *, bulk: bool
) -> None:
    steps = _steps(world, bulk=bulk)
    for first in range(3, steps, 4 * STRIDE):
        both = _build(world, bulk=bulk)
        both.run("out", full=True, kills=[first, *range(1, 40, 7), 50, 60, 70])


def _turn(both: SideBySide) -> None:
    """After a first run: skips that begin, go on, change, and end in three ways."""
    _, ends, leaves, changes = (both.add_profile(title="no key") for _ in range(4))
    ambiguous = both.add_profile(email="u7@x.co", title="Aide")
    both.run("out", full=True)
    both.change_profile(ends, email="new@x.co")
    both.change_profile(leaves, title=None)
    both.change_profile(changes, email="U8@x.co")
    for number in (7, 8, 8):
        both.change_org("Lead", Email=f"u{number}@x.co")
    both.change_profile(ambiguous, email="u9@x.co")
    both.add_profile(title="no key either")


def test_skips_that_begin_and_end_in_a_run_that_is_killed_are_noted_once(
    world: Connection[Any],
) -> None:
    both = _build(world, bulk=False)
    _turn(both)
    steps = steps_of(run_export, set_up.start(both.goals["out"], both.salesforce))
    for kill in range(random.randrange(STRIDE), steps, STRIDE):
        both = _build(world, bulk=False)
        _turn(both)
        told = both.run("out", kills=[kill])
        assert {each.reason for each in told} >= {"no_identifier", "ambiguous"}
        assert {each.outcome for each in both.run("out")} <= {"unchanged", "skipped", "failed"}
