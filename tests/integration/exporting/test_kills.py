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
        connection=world, org=new_org(), definitions=PROPERTIES, bulk=bulk, refuse=refuse
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
