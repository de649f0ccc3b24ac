"""Values that would go round: out by an export, in by an import, and grow at every turn."""

from collections.abc import Iterator

from isthmus.domain.goals import ExportGoal, ExportKind, ImportField, ImportGoal
from isthmus.domain.merge_rules import MergeRule

GROWING = frozenset({MergeRule.SUM, MergeRule.ADD})
"""Rules by which a property takes a value beside what it holds."""


def growing_rows(importing: ImportGoal, exporting: ExportGoal) -> Iterator[tuple[int, ImportField]]:
    """Rows, with their places, that add to a property what the export writes from it."""
    if importing.object != exporting.object:
        return
    written = {
        (row.field.lower(), row.value)
        for row in exporting.fields
        if row.kind is ExportKind.PROPERTY
    }
    for place, row in enumerate(importing.fields):
        if row.rule in GROWING and (row.field.lower(), row.property) in written:
            yield place, row


def loop_refusal(row: ImportField, importing: str, exporting: str) -> str:
    """Why the row can't stand beside the export, and what to do; the goals by their keys."""
    return (
        f"Goal {exporting!r} writes {row.field} from property {row.property!r}, and goal "
        f"{importing!r} adds {row.field} to it ({row.rule}): what goes out would come back and be "
        f"added again. Take one of the two rows out, or use set instead of {row.rule}."
    )
