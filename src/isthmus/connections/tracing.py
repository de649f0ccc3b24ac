"""What became of single records and members: who is left out, and what a run did to one of them.

An outcome is noted when it changes (`store.run_record`), and kept for a set time. That a record or
member is left out is remembered for as long as it is so (`record_link.reason` of an import,
`store.export_skip` of an export), however long ago it began. The two answer every question here.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from isthmus.connections.models import IMPORT, Goal, RunGoal
from isthmus.profiles import database, statements

QUERIES = statements.load("isthmus.connections", "tracing.sql")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one record or member."""

    outcome: str
    """created, updated, removed, skipped, failed; unchanged where it was left out before; left
    where a member was skipped before and is no longer in the segment."""

    reason: str | None
    record_id: str | None
    profile_id: UUID | None

    run: int | None
    """Number of the run in which it became so. None: it was so before the oldest outcome kept."""


def left_out(goal: Goal, reason: str, most: int) -> list[Outcome]:
    """Those that stand behind a number such as "skipped: no match" of the goal's newest run.

    Of an export they are exactly the members that it skipped, in the order of profiles. Of an
    import they are all records that are left out for this reason, in the order of their ids: those
    that every run reads again (no match, ambiguous), and those that runs before it have read.
    """
    name = "records_left_out" if goal.direction == IMPORT else "members_left_out"
    return _asked([name], {"goal": goal.id, "reason": reason, "most": most})


def became(
    part: RunGoal, *, record_id: str | None = None, profile_id: UUID | None = None
) -> Outcome | None:
    """How a record (of an import) or a member (of an export) stood after a goal's part in a run.

    Where the outcome is of an earlier run, nothing changed since: it was skipped again, or failed
    and not tried again, or had been dealt with and was unchanged. None: neither this run nor any
    before it has dealt with it, or only so long ago that it is no longer known.
    """
    names: dict[str, Any] = {"part": part.id, "goal": part.goal_id}
    names |= {"record_id": record_id, "profile_id": profile_id}
    if record_id is None and profile_id is None:
        return None
    if part.direction == IMPORT:
        found = _asked(["noted", "remembered_record"], names)
    else:
        found = _asked(["remembered_member", "noted"], names)
    return found[0] if found else None


def _asked(queries: list[str], names: dict[str, Any]) -> list[Outcome]:
    """What the first of these queries finds that finds anything."""
    with (
        database.connected(application="isthmus reading") as session,
        session.cursor(row_factory=class_row(Outcome)) as cursor,
    ):
        for name in queries:
            if found := cursor.execute(QUERIES[name], names).fetchall():
                return found
    return []
