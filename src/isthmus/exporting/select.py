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
from psycopg.abc import Query
from psycopg.sql import Composed

from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.profiles.segments import count_statement

MOST_IN_ARRAYS = 30_000_000
"""Profiles of a store whose candidates are gathered as arrays; one array holds a gigabyte at most,
and all could be candidates. In larger stores the links of every member are asked."""


def select(connection: Connection[Any], plan: ExportPlan) -> tuple[int, int]:
    """Fill the session's table with members that need a look; how many there are, and all."""
    make_tables(connection)
    if plan.changed_since is None:
        looked_at = members = connection.execute(members_statement(plan)).rowcount
    elif plan.same_members and not _is_vast(connection):
        looked_at, members = _select_known(connection, plan)
    else:
        # Reading can be shared by several processes only where nothing temporary is written to.
        connection.execute(candidates_statement(plan))
        looked_at = connection.execute(_TAKE_CANDIDATES).rowcount
        # Both are asked one after the other, and somebody may change the segment in between.
        members = max(looked_at, _first(connection, count_statement(plan.segment)))
    follow_links(connection, plan)
    return looked_at, members


def _select_known(connection: Connection[Any], plan: ExportPlan) -> tuple[int, int]:
    """The same by what the runs before have found out of those that have not changed since."""
    # What others note as open while this run looks is for the next one.
    connection.execute(QUERIES["see_open"], {"goal": plan.goal})
    connection.execute(scan_statement(plan))
    connection.execute(unsettled_links_statement(plan))
    looked_at = connection.execute(_TAKE_CHANGED).rowcount
    looked_at += connection.execute(unsettled_statement(plan)).rowcount
    return looked_at, max(looked_at, _first(connection, "SELECT members FROM export_scan"))


def _first(connection: Connection[Any], statement: Query) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _is_vast(connection: Connection[Any]) -> bool:
    return _first(connection, QUERIES["estimate_profiles"]) > MOST_IN_ARRAYS


def select_open(connection: Connection[Any], plan: ExportPlan) -> None:
    """Fill it with the members that the run has begun, and of which nothing was heard yet."""
    make_tables(connection)
    connection.execute(QUERIES["open_members"], {"run_goal": plan.run_goal})
    follow_links(connection, plan)


def make_tables(connection: Connection[Any]) -> None:
    """Make the session's tables, empty."""
    for name in ("drop_tables", *_TABLES):
        connection.execute(QUERIES[name])


def follow_links(connection: Connection[Any], plan: ExportPlan) -> None:
    """Find out what is known of the members by their links."""
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


_TABLES = ("make_member", "make_key", "make_found", "make_problem", "make_news", "make_seen_open")

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
    """The members that are not certain to be as they were sent, whatever is known of them.

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
                min(record_id) = max(record_id)
                    AND bool_or(link.goal = {goal} AND {settled}) AS settled
            FROM store.record_link AS link
            WHERE link.goal = ANY ({goals}) AND link.object = {object} AND link.gone IS NULL
                AND link.profile_id IS NOT NULL
            GROUP BY profile_id
        ) AS link ON link.profile_id = p.profile_id
        WHERE (p.updated_at >= {since} OR link.settled IS NOT TRUE) AND {segment}"""
    ).format(
        since=sql.Literal(plan.changed_since),
        goal=sql.Literal(plan.goal),
        goals=sql.Literal(list(plan.org_goals)),
        object=sql.Literal(plan.object.name),
        settled=_settled(plan),
        segment=plan.segment,
    )


def scan_statement(plan: ExportPlan) -> Composed:
    """How many members the segment has, and those that have changed.

    One pass that several processes share. They can only where nothing temporary is written, so the
    few are gathered as an array.
    """
    return sql.SQL(
        """CREATE TEMPORARY TABLE export_scan AS
        SELECT
            count(*) AS members,
            array_agg(p.profile_id) FILTER (WHERE p.updated_at >= {since}) AS changed
        FROM store.profile AS p
        WHERE {segment}"""
    ).format(since=sql.Literal(plan.changed_since), segment=plan.segment)


_TAKE_CHANGED = """INSERT INTO export_member (profile_id, changed)
    SELECT unnest(changed), true FROM export_scan"""


def unsettled_links_statement(plan: ExportPlan) -> Composed:
    """The profiles of all links that are not settled; gathered as in the statement above."""
    return sql.SQL(
        """CREATE TEMPORARY TABLE export_unsettled AS
        SELECT array_agg(link.profile_id) AS profiles
        FROM store.record_link AS link
        WHERE link.goal = {goal} AND link.profile_id IS NOT NULL AND ({settled}) IS NOT TRUE"""
    ).format(goal=sql.Literal(plan.goal), settled=_settled(plan))


def unsettled_statement(plan: ExportPlan) -> Composed:
    """The members that have not changed and that the runs before have left unsettled.

    Their links say so, or what was noted of them when they were looked at, or since: that another
    record was linked to them.
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
                SELECT profile_id FROM export_seen_open
            )
            AND {segment}
        ON CONFLICT DO NOTHING"""
    ).format(goal=sql.Literal(plan.goal), segment=plan.segment)


def _settled(plan: ExportPlan) -> Composed:
    """Whether a link of the goal needs no look where its profile has not changed."""
    return sql.SQL(
        """link.object = {object} AND link.version = {version} AND link.reason IS NULL
            AND link.sent IS NOT NULL AND link.gone IS NULL"""
    ).format(object=sql.Literal(plan.object.name), version=sql.Literal(plan.version))
