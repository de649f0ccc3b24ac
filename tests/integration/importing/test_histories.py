"""Whatever happens in the org: the engine leaves what one record after the other would leave."""

import copy
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from psycopg import Connection

from integration import set_up
from integration.importing.histories import PROPERTIES, History, Turn, histories, new_org
from integration.importing.side_by_side import SideBySide, dump, empty

EXAMPLES = int(os.environ.get("ISTHMUS_TEST_EXAMPLES", "30"))
SHRINKS = "ISTHMUS_TEST_SHRINK" in os.environ
"""A failing history is long; making it short takes minutes, so it is asked for by hand."""

PHASES = set(Phase) if SHRINKS else {Phase.explicit, Phase.reuse, Phase.generate}


def _begin(connection: Connection[Any], history: History) -> SideBySide:
    both = SideBySide(
        connection=connection,
        org=new_org(),
        definitions=PROPERTIES,
        overlap_seconds=history.overlap_seconds,
    )
    both.salesforce.bulk_query.page_size = history.page_size
    for goal in history.goals:
        both.add_goal(goal)
    for values in history.profiles:
        both.add_profile(**values)
    return both


def _play(both: SideBySide, history: History, turn: Turn) -> None:
    for change in turn.changes:
        change.happen(both.org)
    both.org.seconds += turn.seconds
    if turn.new_version is not None:
        set_up.change_goal(both.goals["first"], history.replacement)
    for key in both.goals:
        both.run(key, full=turn.full, chunk=turn.chunk)


def _untold(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The rows without what was last said of ambiguous records.

    A record that comes late in a run can change which profiles an earlier one finds. Only the next
    run, in which nothing else changes, says so.
    """
    links = [{**row, "told": None} for row in rows["record_link"]]
    return {**rows, "record_link": links}


def _run_until_nothing_changes(both: SideBySide) -> None:
    """Everything again: links that one record made may let another one in."""
    both.org.seconds += 1
    for _ in range(20):
        before = copy.deepcopy(both.store.links)
        rows = dump(both.connection)
        results = [each for key in both.goals for each in both.run(key, full=True, chunk=7)]
        kept = {"unchanged", "skipped"}.issuperset(each.outcome for each in results)
        if kept and before == both.store.links:
            now = dump(both.connection)
            assert _untold(now) == _untold(rows)
            if now == rows:
                return
    # What a record brings is applied once, and each row that has to wait once more: nothing can
    # take turns for ever.
    pytest.fail("Twenty runs after the last change in the org, runs still change the store.")


# A failing history is shown whole, and hypothesis finds that long.
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
    _run_until_nothing_changes(both)
