"""Which profiles are in the segment, and which of them need no look."""

from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES


def select(connection: Connection[Any], plan: ExportPlan) -> int:
    """Fill the session's table of members and return how many there are."""
    for name in ("drop_tables", "make_member", "make_key", "make_found"):
        connection.execute(QUERIES[name])
    members = connection.execute(members_statement(plan)).rowcount
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
    return members


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
