"""Runs of a few members: the first so many that have something to send, or one profile.

Everything is decided as in any run, over all members where one could matter to another. What the
run leaves to the next one, though, stays as it was: nothing is noted of members that it does not
send, nor that any were looked at.
"""

from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.exporting import select
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.profiles import properties

NOT_A_MEMBER, GONE, NOT_LINKED = "not_a_member", "profile_gone", "not_linked"

CASE_MATTERS_NOT = """
    OR p.profile_id IN (
        SELECT rival.profile_id
        FROM store.identifier AS mine
        JOIN store.identifier AS rival
            ON rival.property = mine.property AND lower(rival.value) = lower(mine.value)
        WHERE mine.property = {number} AND mine.profile_id = {profile}
    )"""


def choose(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> UUID | None:
    """The profile that is meant: named by its id, or by that of a record linked to it."""
    try:
        return UUID(goal_run.only)
    except ValueError:
        names = {"record_id": goal_run.only, "goals": list(plan.org_goals)}
        row = connection.execute(QUERIES["profile_of_record"], names).fetchone()
        return row[0] if row else None


def select_one(connection: Connection[Any], plan: ExportPlan, profile: UUID | None) -> None:
    """Fill the session's table with the profile, where it is a member, and with its rivals.

    Rivals are members whose key is the same to Salesforce: which of them a record belongs to can't
    be said without both.
    """
    select.make_tables(connection)
    if profile is not None:
        connection.execute(one_statement(plan, profile))
        select.follow_links(connection, plan)


def one_statement(plan: ExportPlan, profile: UUID) -> Composed:
    """One profile and its rivals, those of them that are in the segment."""
    rivals: Composable = sql.SQL("")
    exact = plan.match_field.type == "id" or plan.match_field.case_sensitive
    if plan.match_property is not None and not exact:
        number = properties.numbers()[plan.match_property.key]
        rivals = sql.SQL(CASE_MATTERS_NOT).format(
            number=sql.Literal(number), profile=sql.Literal(profile)
        )
    return sql.SQL(
        """INSERT INTO export_member (profile_id, changed)
        SELECT p.profile_id, true
        FROM store.profile AS p
        WHERE (p.profile_id = {profile} {rivals}) AND ({segment})"""
    ).format(profile=sql.Literal(profile), rivals=rivals, segment=plan.segment)


def leave_rivals(connection: Connection[Any], profile: UUID | None) -> None:
    """They were looked at to be told apart, and nothing becomes of them."""
    connection.execute(QUERIES["leave_all_but"], {"profile": profile})
    connection.execute(QUERIES["leave_others_problems"])


def note_first(connection: Connection[Any], plan: ExportPlan, counts: GoalCounts) -> None:
    """Note the problems of the members that are sent; they are all that the run takes."""
    names = {"run_goal": plan.run_goal, "goal": plan.goal}
    connection.execute(QUERIES["leave_others"], names)
    connection.execute(QUERIES["leave_others_problems"])
    connection.execute(QUERIES["note_problems"], names)
    inserts, updates = connection.execute(QUERIES["count_rows_of_run"], names).fetchone() or (0, 0)
    counts.received = inserts + updates


def note_one(
    goal_run: GoalRun,
    connection: Connection[Any],
    plan: ExportPlan,
    profile: UUID | None,
    counts: GoalCounts,
) -> None:
    """Note what was decided of the one profile, also that there is nothing to do or nobody."""
    counts.received = 1
    names = {"run_goal": plan.run_goal, "profile": profile}
    found = connection.execute("SELECT count(*) FROM export_member").fetchone()
    if found and found[0]:
        for name in ("note_only", "note_only_problems"):
            connection.execute(QUERIES[name], names)
        return
    reason = _reason(connection, profile)
    record = None if profile and str(profile) == goal_run.only else goal_run.only
    connection.execute(QUERIES["note_not_there"], {**names, "record_id": record, "reason": reason})
    counts.note("skipped", reason, 1)


def _reason(connection: Connection[Any], profile: UUID | None) -> str:
    if profile is None:
        return NOT_LINKED
    row = connection.execute(QUERIES["is_profile"], {"profile": profile}).fetchone()
    return NOT_A_MEMBER if row and row[0] else GONE


def sent_cells(connection: Connection[Any], plan: ExportPlan) -> dict[str, Any] | None:
    """What is sent of the one profile, by field; None: nothing."""
    row = connection.execute(QUERIES["cells_of"], {"run_goal": plan.run_goal}).fetchone()
    if row is None:
        return None
    operation, cells = row
    by_field = {
        each.field.name: cells[each.place - 1]
        for each in plan.writable(operation)
        if cells[each.place - 1] is not None
    }
    return {"operation": operation, "fields": by_field}
