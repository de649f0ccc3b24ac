"""Which profiles are in the segment, and which of them need no look.

A run after the first looks at candidates only: members that changed since, that this goal has not
settled, or that several records stand for. The others are counted, and nothing else is done for
them: most members of most runs are such.
"""

from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES


def select(connection: Connection[Any], plan: ExportPlan) -> tuple[int, int]:
    """Fill the session's table with members that need a look; how many there are, and all."""
    _make_tables(connection)
    if plan.changed_since is None:
        looked_at = members = connection.execute(members_statement(plan)).rowcount
    else:
        # Reading can be shared by several processes only where nothing temporary is written to.
        connection.execute(candidates_statement(plan))
        looked_at = connection.execute(_TAKE_CANDIDATES).rowcount
        row = connection.execute(count_statement(plan)).fetchone()
        members = int(row[0]) if row else 0
    _follow_links(connection, plan)
    # Both are asked one after the other, and somebody may change the segment in between.
    return looked_at, max(members, looked_at)


def select_open(connection: Connection[Any], plan: ExportPlan) -> None:
    """Fill it with the members that the run has begun, and of which nothing was heard yet."""
    _make_tables(connection)
    connection.execute(QUERIES["open_members"], {"run_goal": plan.run_goal})
    _follow_links(connection, plan)


def _make_tables(connection: Connection[Any]) -> None:
    for name in ("drop_tables", *_TABLES):
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


_TABLES = ("make_member", "make_key", "make_found", "make_problem", "make_news")

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


_TAKE_CANDIDATES = """INSERT INTO export_member (profile_id, changed)
    SELECT profile_id, changed FROM export_candidate"""


def candidates_statement(plan: ExportPlan) -> Composed:
    """The members of the segment that are not certain to be as they were sent.

    Certain is a profile that was not changed since the last run and has one live record, which
    this version of the goal has sent without trouble.
    """
    return sql.SQL(
        """CREATE TEMPORARY TABLE export_candidate AS
        SELECT p.profile_id, p.updated_at >= {since} AS changed
        FROM store.profile AS p
        LEFT JOIN (
            SELECT
                profile_id,
                min(record_id) = max(record_id) AND bool_or(
                    goal = {goal} AND version = {version} AND reason IS NULL AND sent IS NOT NULL
                ) AS settled
            FROM store.record_link
            WHERE goal = ANY ({goals}) AND object = {object} AND gone IS NULL
                AND profile_id IS NOT NULL
            GROUP BY profile_id
        ) AS link ON link.profile_id = p.profile_id
        WHERE (p.updated_at >= {since} OR link.settled IS NOT TRUE) AND {segment}"""
    ).format(
        since=sql.Literal(plan.changed_since),
        goal=sql.Literal(plan.goal),
        version=sql.Literal(plan.version),
        goals=sql.Literal(list(plan.org_goals)),
        object=sql.Literal(plan.object.name),
        segment=plan.segment,
    )


def count_statement(plan: ExportPlan) -> Composed:
    """How many members the segment has now."""
    return sql.SQL("SELECT count(*) FROM store.profile AS p WHERE {}").format(plan.segment)
