"""Whatever is set up: a preview of an import says exactly what the run then does."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from psycopg import Connection

from integration import set_up
from integration.importing import histories as imports
from integration.importing.side_by_side import SideBySide, chunks_of, empty
from integration.previews.comparing import Foretold
from integration.previews.playing import RANDOM, in_parts, last, tell
from isthmus.importing.engine import run_import

FEWEST = 5
"""Records of a chunk. With fewer a history takes longer and says the same."""

_FILTERS = st.sampled_from(
    [
        None,
        None,
        None,
        {"soql": "Title = 'Boss'"},
        {"soql": "Email != null AND (Title = 'Boss' OR Phone IN ('1', '2'))"},
        {"any": [{"field": "Title", "is": "Boss"}, {"field": "Phone", "is": "1"}]},
        {"field": "Title", "is_not": ["boss", "x"]},
        {"all": [{"field": "Email", "is_empty": False}, {"field": "Phone", "is_empty": True}]},
        {"not": {"all": [{"field": "Email", "is": "a@x.co"}, {"field": "Phone", "is": "2"}]}},
    ]
)


def _play(
    both: SideBySide, history: imports.History, turn: imports.Turn, *, previewed: bool
) -> None:
    for change in turn.changes:
        change.happen(both.org)
    both.org.seconds += turn.seconds
    if turn.new_version is not None:
        set_up.change_goal(both.goals["first"], history.replacement)
    for goal in both.goals.values():
        with chunks_of(max(turn.chunk, FEWEST)):
            if not previewed:
                set_up.run(run_import, goal, both.salesforce, full=turn.full)
                continue
            told = Foretold.of(both.connection, goal, both.salesforce, full=turn.full)
            goal_run = set_up.run(run_import, goal, both.salesforce, full=turn.full)
        told.check_import(goal_run)
        tell(goal_run.counts, merged=any(row["survivor"] for row in told.rows))
        event(f"object {goal.document['object']}")


@in_parts
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@RANDOM
@given(history=imports.histories(persons=True), where=st.tuples(_FILTERS, _FILTERS))
def test_an_import_does_what_its_preview_said(
    world: Connection[Any],
    part: int,
    history: imports.History,
    where: tuple[dict[str, Any] | None, dict[str, Any] | None],
) -> None:
    del part
    empty(world)
    both = SideBySide(
        connection=world,
        org=imports.new_org(),
        definitions=imports.PROPERTIES,
        overlap_seconds=history.overlap_seconds,
    )
    both.salesforce.bulk_query.page_size = history.page_size
    for goal in history.goals:
        both.add_goal(replace(goal, filter=where[0]))
    changed = replace(history.replacement, filter=where[1])
    for values in history.profiles:
        both.add_profile(**values)
    for turn, previewed in last(history.turns):
        _play(both, replace(history, replacement=changed), turn, previewed=previewed)
