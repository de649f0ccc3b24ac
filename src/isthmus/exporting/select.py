"""Which profiles are in the segment, and which of them need no look."""

from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES


def select(connection: Connection[Any], plan: ExportPlan) -> int:
    """Fill the session's table with the segment's members and return how many there are."""
    _make_tables(connection)
    members = connection.execute(members_statement(plan)).rowcount
    _follow_links(connection, plan)
    return members


def select_open(connection: Connection[Any], plan: ExportPlan) -> None:
    """Fill it with the members that the run has begun, and of which nothing was heard yet."""
    _make_tables(connection)
    connection.execute(QUERIES["open_members"], {"run_goal": plan.run_goal})
    _follow_links(connection, plan)


def _make_tables(connection: Connection[Any]) -> None:
    for name in ("drop_tables", "make_member", "make_key", "make_found", "make_problem"):
        connection.execute(QUERIES[name])


def _follow_links(connection: Connection[Any], plan: ExportPlan) -> None:
    connection.execute("ANALYZE export_member")
    names = {
        "goals": list(plan.org_goals),
        "object": plan.object.name,
        "run_goal": plan.run_goal,
        "goal": plan.goal,
        "version": plan.version,
    }
    for name in _LINKED:
        connection.execute(QUERIES[name], names)
    connection.execute("ANALYZE export_member")


_LINKED = ("join_links", "pass_converted", "note_several_records", "join_sent", "pass_unchanged")


def members_statement(plan: ExportPlan) -> Composed:
    """The members of the segment now."""
    changed = (
        sql.SQL("p.updated_at >= {}").format(sql.Literal(plan.changed_since))
        if plan.changed_since
        else sql.SQL("true")
    )
    return sql.SQL(
        """INSERT INTO export_member (profile_id, changed)
        SELECT p.profile_id, {changed}
        FROM store.profile AS p
        WHERE {segment}"""
    ).format(changed=changed, segment=plan.segment)
