"""Which profile each record of a chunk belongs to."""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.domain.merge_rules import MergeRule
from isthmus.importing import stage
from isthmus.importing.plan import ImportPlan, MappedValue
from isthmus.importing.queries import QUERIES

_TABLES = (
    "make_chunk_record",
    "make_chunk_claim",
    "make_chunk_gain",
    "make_chunk_refused",
    "make_chunk_problem",
    "make_chunk_changed",
)
_RESETS = ("reset_records", "reset_claims", "reset_gains", "reset_refused")


@dataclass(frozen=True, kw_only=True)
class Position:
    """The last record that was applied, in the order of (stamp, id)."""

    stamp: str = ""
    record_id: str = ""


def prepare(connection: Connection[Any]) -> None:
    """Make the session's temporary tables; they are empty at the start of each transaction."""
    for name in _TABLES:
        connection.execute(QUERIES[name])


def take(connection: Connection[Any], plan: ImportPlan, after: Position, size: int) -> int:
    """Put the next `size` records into the chunk and return how many it holds.

    Records with equal stamp and id stay together, so the position tells exactly what is done.
    """
    bound = connection.execute(bound_statement(plan), {**_after(after), "size": size}).fetchone()
    last = {"last_stamp": bound[0], "last_id": bound[1]} if bound else {}
    row = connection.execute(
        QUERIES["any_successor"], {"goals": [plan.goal, *plan.other_goals]}
    ).fetchone()
    statement = take_statement(plan, bounded=bound is not None, handed_over=bool(row and row[0]))
    return connection.execute(statement, {**_after(after), **last}).rowcount


def _after(position: Position) -> dict[str, str]:
    return {"stamp": position.stamp, "record_id": position.record_id}


def match(
    connection: Connection[Any], plan: ImportPlan, cut_for_merge: Callable[[], int | None]
) -> None:
    """Decide every record of the chunk, as if each came alone after the one before it.

    Records are decided many at a time. Where that would differ from one at a time, the chunk is
    cut before the first difference, and the rest comes with the next chunk. `cut_for_merge` says
    where merging needs such a cut.
    """
    _cut_succeeded(connection, plan)
    while True:
        rounds = _match_all(connection, plan)
        cut = _cut(connection, plan, rounds) or cut_for_merge()
        if cut is None:
            connection.execute(QUERIES["mark_folded"])
            return
        connection.execute(QUERIES["cut_records"], {"cut": cut})
        for name in _RESETS:
            connection.execute(QUERIES[name])


def _cut_succeeded(connection: Connection[Any], plan: ImportPlan) -> None:
    row = connection.execute(QUERIES["cut_succeeded"], {"goal": plan.goal}).fetchone()
    if row and row[0] is not None:
        connection.execute(QUERIES["cut_records"], {"cut": row[0]})


def _match_all(connection: Connection[Any], plan: ImportPlan) -> int:
    """Decide all records; how many rounds it took."""
    row = connection.execute("SELECT count(*) FROM chunk_record WHERE outcome IS NULL").fetchone()
    undecided = row[0] if row else 0
    if not undecided:
        return 0
    connection.execute(claim_statement(plan))
    connection.execute("ANALYZE chunk_record (n, misfit)")
    number = 0
    # The tables of the chunk change with each statement and their statistics don't: a plan that
    # takes them for nearly empty would loop over them.
    connection.execute("SET LOCAL enable_nestloop = off")
    while undecided:
        number += 1
        parameters = {
            "round": number,
            "creates": plan.definition.create_profiles,
            "milliseconds": time.time_ns() // 1_000_000,
            "seed": secrets.token_hex(16),
        }
        undecided -= connection.execute(QUERIES["resolve"], parameters).rowcount
        _gain(connection, plan, number)
        if undecided:
            connection.execute(QUERIES["own_gained"])
    connection.execute("SET LOCAL enable_nestloop = on")
    return number


def _gain(connection: Connection[Any], plan: ImportPlan, number: int) -> None:
    """Give the profiles decided in a round the identifier values that their records bring."""
    singles = [row.target.key for row in _identifier_rows(plan) if not row.target.list]
    created_done = len(set(singles)) == len(singles)
    names = ["refuse_taken", "gain_listed", "gain_filled"]
    if created_done:
        names.insert(1, "gain_created")
    for name in names:
        connection.execute(QUERIES[name], {"round": number, "created_done": created_done})


def _cut(connection: Connection[Any], plan: ImportPlan, rounds: int) -> int | None:
    cuts = []
    if rounds > 1:
        connection.execute("SET LOCAL enable_nestloop = off")
        cuts.append(connection.execute(QUERIES["cut_filled"]).fetchone())
        connection.execute("SET LOCAL enable_nestloop = on")
    if any(_kind(row) == "replace" for row in _identifier_rows(plan)):
        connection.execute(_ANALYZE)
        cuts.append(connection.execute(QUERIES["cut_released"]).fetchone())
    return min((row[0] for row in cuts if row and row[0] is not None), default=None)


_ANALYZE = """ANALYZE
    chunk_claim (n, property, value), chunk_gain (n, property), chunk_record (n, profile_id)"""


def bound_statement(plan: ImportPlan) -> Composed:
    """Where a chunk of `size` records ends; no row where fewer are left."""
    return sql.SQL(
        """SELECT f2, f1 FROM {stage}
        WHERE (f2, f1) > (%(stamp)s, %(record_id)s)
        ORDER BY f2, f1
        OFFSET %(size)s - 1 LIMIT 1"""
    ).format(stage=stage.table(plan.run_goal))


def take_statement(plan: ImportPlan, *, bounded: bool, handed_over: bool) -> Composed:
    """The records of a chunk, with what is decided at once: gone, and unchanged since last time.

    `bounded`: not the last chunk. `handed_over`: some record was merged or converted into another.
    """
    return sql.SQL(
        """INSERT INTO chunk_record
            (n, tid, hash, link_profile, linked, misfit, partial, record_id, stamp, gone, successor,
            outcome, reason)
        SELECT
            s.n, s.tid, s.hash,
            {link_profile},
            link.record_id IS NOT NULL,
            s.misfit,
            coalesce({same} AND link.reason = 'identifier_taken', false),
            s.record_id, s.stamp, s.gone, s.successor,
            CASE
                WHEN s.superseded THEN 'unchanged'
                WHEN s.gone IS NOT NULL AND link.gone IS NOT NULL THEN 'unchanged'
                WHEN s.gone IS NOT NULL AND link.profile_id IS NOT NULL THEN 'removed'
                WHEN s.gone IS NOT NULL THEN 'skipped'
                WHEN {same} AND (link.reason IS NULL OR link.reason = 'problem') THEN 'unchanged'
            END,
            s.gone
        FROM (
            SELECT
                (row_number() OVER (ORDER BY stamp, record_id, tid))::integer AS n,
                row_number() OVER (
                    PARTITION BY record_id ORDER BY stamp DESC, tid DESC
                ) > 1 AS superseded,
                narrow.*
            FROM (
                -- Sorted below are these few columns, not all that was staged.
                SELECT
                    ctid AS tid,
                    f1 AS record_id,
                    f2 AS stamp,
                    {gone} AS gone,
                    {successor} AS successor,
                    {hash} AS hash,
                    {misfit} AS misfit
                FROM {stage} AS s
                WHERE (f2, f1) > (%(stamp)s, %(record_id)s) {bound}
                OFFSET 0
            ) AS narrow
        ) AS s
        -- OFFSET 0 makes this a look-up for each record. The tables of the store grow faster than
        -- their statistics: a plan that takes them for small would read them whole every time.
        LEFT JOIN LATERAL (
            SELECT * FROM store.record_link AS link
            WHERE link.record_id = s.record_id AND link.goal = {goal}
            OFFSET 0
        ) AS link ON true"""
    ).format(
        link_profile=_link_profile(plan, handed_over=handed_over),
        same=sql.SQL(_SAME).format(version=sql.Literal(plan.version)),
        gone=_gone(plan),
        successor=_successor(plan),
        hash=_hash(plan),
        misfit=_misfit(plan),
        stage=stage.table(plan.run_goal),
        bound=sql.SQL("AND (f2, f1) <= (%(last_stamp)s, %(last_id)s)" if bounded else ""),
        goal=sql.Literal(plan.goal),
    )


_SAME = "(link.hash = s.hash AND link.version = {version} AND link.gone IS NULL)"


def _link_profile(plan: ImportPlan, *, handed_over: bool) -> Composed:
    """The profile that a link names: this goal's, another goal's, or that of a record before it.

    A record that was merged into this one, or a lead that was converted into it, hands over its
    profile.
    """
    goals = sql.Literal([plan.goal, *plan.other_goals])
    named: list[Composable] = [sql.SQL("link.profile_id")]
    if plan.other_goals:
        named.append(sql.SQL(_OF_ANOTHER_GOAL).format(goals=goals))
    if handed_over:
        named.append(sql.SQL(_OF_A_FORMER_RECORD).format(goals=goals))
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join(named))


_OF_ANOTHER_GOAL = """
    (SELECT other.profile_id FROM store.record_link AS other
     WHERE other.record_id = s.record_id AND other.goal = ANY ({goals})
        AND other.profile_id IS NOT NULL AND other.gone IS NULL
     LIMIT 1)"""

_OF_A_FORMER_RECORD = """
    (SELECT former.profile_id FROM store.record_link AS former
     WHERE former.successor = s.record_id AND former.goal = ANY ({goals})
        AND former.profile_id IS NOT NULL
     ORDER BY former.stamp DESC, former.record_id LIMIT 1)"""


def _flag(plan: ImportPlan, field: str) -> Composable:
    column = plan.column(field)
    return sql.SQL("({} = 'true')").format(column.name) if column else sql.SQL("false")


def _text(plan: ImportPlan, field: str) -> Composable:
    column = plan.column(field)
    return column.name if column else sql.SQL("NULL::text")


def _gone(plan: ImportPlan) -> Composed:
    return sql.SQL(
        """CASE WHEN {deleted} AND {master} IS NOT NULL THEN 'merged'
                WHEN {deleted} THEN 'deleted'
                WHEN {converted} THEN 'converted' END"""
    ).format(
        deleted=_flag(plan, "IsDeleted"),
        master=_text(plan, "MasterRecordId"),
        converted=_flag(plan, "IsConverted"),
    )


def _successor(plan: ImportPlan) -> Composed:
    return sql.SQL("coalesce({}, {})").format(
        _text(plan, "MasterRecordId"), _text(plan, "ConvertedContactId")
    )


def _hash(plan: ImportPlan) -> Composed:
    used = {row.column.number: row.column for row in (*plan.match, *plan.mappings) if row.column}
    names = sql.SQL(", ").join(column.name for _, column in sorted(used.items()))
    return sql.SQL("hash_record_extended(ROW({}), 0)").format(names)


def _misfit(plan: ImportPlan) -> Composed:
    fits = [row.typed.fits for row in (*plan.match, *plan.mappings) if row.typed.fits]
    return sql.SQL("NOT ({})").format(sql.SQL(" AND ").join(fits or [sql.SQL("true")]))


def _identifier_rows(plan: ImportPlan) -> Iterable[MappedValue]:
    yield from plan.match
    yield from (row for row in plan.mappings if row.column and row.target.identifier)


def _kind(row: MappedValue) -> str:
    if row.target.list:
        return "list"
    return "replace" if row.rule is MergeRule.SET else "fill"


def claim_statement(plan: ImportPlan) -> Composed:
    """The identifier values that the undecided records bring, with their owners in the store."""
    claims = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}::smallint, {}::smallint, {}, {}, {}").format(
            sql.Literal(plan.numbers[row.target.key]),
            sql.Literal(row.place),
            sql.Literal(row.place < 0),
            sql.Literal(_kind(row)),
            _values(row),
        )
        for row in _identifier_rows(plan)
    )
    return sql.SQL(
        """INSERT INTO chunk_claim (n, property, place, finds, kind, value, owner)
        SELECT claim.n, claim.property, claim.place, claim.finds, claim.kind, claim.value,
            held.profile_id
        FROM (
            SELECT record.n, each.*
            FROM chunk_record AS record
            JOIN {stage} AS s ON s.ctid = record.tid
            CROSS JOIN LATERAL ({claims}) AS each (property, place, finds, kind, value)
            WHERE record.outcome IS NULL AND each.value IS NOT NULL
        ) AS claim
        -- A look-up for each value, as in taking.
        LEFT JOIN LATERAL (
            SELECT identifier.profile_id FROM store.identifier
            WHERE identifier.property = claim.property AND identifier.value = claim.value
            OFFSET 0
        ) AS held ON true"""
    ).format(stage=stage.table(plan.run_goal), claims=claims)


def _values(row: MappedValue) -> Composed:
    if row.typed.element is not None:
        return sql.SQL('({})::text COLLATE "C"').format(row.typed.element)
    return sql.SQL('unnest({})::text COLLATE "C"').format(row.typed.value)
