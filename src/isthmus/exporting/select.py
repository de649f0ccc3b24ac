"""Which profiles are in the segment, and which of them need no look.

A run after the first looks at candidates only: members that changed since, or that this goal has
not settled. The others are counted, and nothing else is done for them: most members of most runs
are such.

Settled is a member whose record this version of the goal has sent without trouble. Which members
are not is known from the runs before, as long as the condition of the segment is the same and looks
at the profile's own row only: who has not changed was a member then, and was looked at. Otherwise,
and once a day, every member's link is asked.
"""

from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES

MOST_IN_ARRAYS = 30_000_000
"""Profiles of a store whose candidates are gathered as arrays; one array holds a gigabyte at most,
and all could be candidates. Of larger stores every member is looked at."""


def select(connection: Connection[Any], plan: ExportPlan) -> tuple[int, int]:
    """Fill the session's table with members that need a look; how many there are, and all."""
    _make_tables(connection)
    if plan.changed_since is None or _is_vast(connection):
        looked_at = members = connection.execute(members_statement(plan)).rowcount
    else:
        connection.execute(scan_statement(plan))
        looked_at = connection.execute(_TAKE_SCANNED).rowcount
        if plan.same_members:
            connection.execute(unsettled_links_statement(plan))
            looked_at += connection.execute(unsettled_statement(plan)).rowcount
        row = connection.execute("SELECT members FROM export_scan").fetchone()
        members = int(row[0]) if row else 0
    _follow_links(connection, plan)
    return looked_at, members


def _is_vast(connection: Connection[Any]) -> bool:
    row = connection.execute(QUERIES["estimate_profiles"]).fetchone()
    return bool(row and row[0] > MOST_IN_ARRAYS)


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


def scan_statement(plan: ExportPlan) -> Composed:
    """How many members the segment has, and those that have to be looked at.

    Those are the changed ones, and those whose record this version of the goal has not sent without
    trouble. The second are not asked for where the runs before know them. One pass that several
    processes share: they can only where nothing temporary is written, so the few are gathered as
    arrays.
    """
    unsettled: Composable = sql.SQL("NULL::uuid[]")
    link: Composable = sql.SQL("")
    since = sql.Literal(plan.changed_since)
    if not plan.same_members:
        unsettled = sql.SQL(
            "array_agg(p.profile_id) FILTER (WHERE p.updated_at < {} AND link.profile_id IS NULL)"
        ).format(since)
        link = sql.SQL(
            """
        LEFT JOIN (
            SELECT profile_id FROM store.record_link AS link WHERE {own} AND {settled}
        ) AS link ON link.profile_id = p.profile_id"""
        ).format(own=_own(plan), settled=_settled(plan))
    return sql.SQL(
        """CREATE TEMPORARY TABLE export_scan AS
        SELECT
            count(*) AS members,
            array_agg(p.profile_id) FILTER (WHERE p.updated_at >= {since}) AS changed,
            {unsettled} AS unsettled
        FROM store.profile AS p{link}
        WHERE {segment}"""
    ).format(since=since, unsettled=unsettled, link=link, segment=plan.segment)


_TAKE_SCANNED = """INSERT INTO export_member (profile_id, changed)
    SELECT unnest(changed), true FROM export_scan
    UNION ALL
    SELECT unnest(unsettled), false FROM export_scan"""


def unsettled_links_statement(plan: ExportPlan) -> Composed:
    """The profiles of all links that say so; gathered as in the statement above."""
    return sql.SQL(
        """CREATE TEMPORARY TABLE export_unsettled AS
        SELECT array_agg(link.profile_id) AS profiles
        FROM store.record_link AS link
        WHERE {own} AND ({settled}) IS NOT TRUE"""
    ).format(own=_own(plan), settled=_settled(plan))


def unsettled_statement(plan: ExportPlan) -> Composed:
    """The members that have not changed and that the runs before have left unsettled.

    Their links say so; of those without a link, what was noted of them when they were looked at.
    """
    return sql.SQL(
        """INSERT INTO export_member (profile_id, changed)
        SELECT p.profile_id, false
        FROM store.profile AS p
        WHERE p.profile_id IN (
                SELECT unnest(profiles) FROM export_unsettled
                UNION
                SELECT profile_id FROM store.export_skip WHERE goal = {goal}
                UNION
                SELECT profile_id FROM store.export_open WHERE goal = {goal}
            )
            AND p.updated_at < {since} AND {segment}"""
    ).format(
        goal=sql.Literal(plan.goal),
        since=sql.Literal(plan.changed_since),
        segment=plan.segment,
    )


def _own(plan: ExportPlan) -> Composed:
    return sql.SQL("link.goal = {} AND link.profile_id IS NOT NULL").format(sql.Literal(plan.goal))


def _settled(plan: ExportPlan) -> Composed:
    """Whether a link of the goal needs no look where its profile has not changed.

    Where another record is linked to the profile later, the link loses its version.
    """
    return sql.SQL(
        """link.object = {object} AND link.version = {version} AND link.reason IS NULL
            AND link.sent IS NOT NULL AND link.gone IS NULL"""
    ).format(object=sql.Literal(plan.object.name), version=sql.Literal(plan.version))
