"""Whatever is set up: a preview says exactly what the run then does."""

import os
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from psycopg import Connection

from integration import set_up
from integration.importing import histories as imports
from integration.importing.side_by_side import SideBySide, chunks_of, empty
from integration.previews.comparing import Foretold
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


def _play_import(both: SideBySide, history: imports.History, turn: imports.Turn) -> None:
    for change in turn.changes:
        change.happen(both.org)
    both.org.seconds += turn.seconds
    if turn.new_version is not None:
        set_up.change_goal(both.goals["first"], history.replacement)
    for goal in both.goals.values():
        with chunks_of(turn.chunk):
            told = Foretold.of(both.connection, goal, both.salesforce, full=turn.full)
            goal_run = set_up.run(run_import, goal, both.salesforce, full=turn.full)
        told.check_import(goal_run)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@RANDOM
@given(history=imports.histories())
def test_an_import_does_what_its_preview_said(
    world: Connection[Any], history: imports.History
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
        both.add_goal(goal)
    for values in history.profiles:
        both.add_profile(**values)
    for turn in history.turns:
        _play_import(both, history, turn)
