"""Which profile each record of a chunk belongs to."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.connections import two_way
from isthmus.domain.goals import OnMerge
from isthmus.domain.merge_rules import MergeRule
from isthmus.importing import ordering, stage
from isthmus.importing.plan import ImportPlan, MappedValue
from isthmus.importing.queries import QUERIES

_TABLES = (
    "make_chunk_record",
    "make_chunk_claim",
    "make_chunk_gain",
    "make_chunk_refused",
    "make_chunk_problem",
    "make_chunk_changed",
    "make_run_former",
    "index_run_former",
)
_RESETS = ("reset_records", "reset_claims", "reset_gains", "reset_refused")


@dataclass(frozen=True, kw_only=True)
class Position:
    """The last record that was applied, in the order of (stamp, id)."""

    stamp: str = ""
    record_id: str = ""


LAST = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The numbers of a chunk's records: from `after`, left out, to `until`."""

    after: int
    until: int

    @property
    def parameters(self) -> dict[str, int]:
        """As the statements take them."""
        return {"after": self.after, "until": self.until}


def prepare(connection: Connection[Any], plan: ImportPlan) -> None:
    """Make the session's temporary tables; those of chunks are empty in each new transaction."""
    for name in _TABLES:
        connection.execute(QUERIES[name])
    connection.execute(QUERIES["empty_run_former"])
    if plan.column("MasterRecordId") or plan.column("ConvertedContactId"):
        connection.execute(former_statement(plan))
    if plan.column("PersonContactId"):
        connection.execute(person_contacts_statement(plan))
        if any_successor(connection):
            connection.execute(person_leads_statement(plan))


def former_statement(plan: ImportPlan) -> Composed:
    """The staged records that became others, where a goal has linked them.

    A record takes over wherever the one before it stands in the run: their stamps may be equal.
    """
    return sql.SQL(
        """INSERT INTO run_former (record_id, successor, stamp)
        SELECT DISTINCT ON (s.record_id) s.record_id, s.successor, s.stamp
        FROM {ordered} AS s
        -- Few records became others: a look-up for each, as in taking.
        CROSS JOIN LATERAL (
            SELECT FROM store.record_link AS link
            WHERE link.record_id = s.record_id AND link.profile_id IS NOT NULL
            OFFSET 0
        ) AS linked
        WHERE s.successor IS NOT NULL AND s.gone IS NOT NULL
        ORDER BY s.record_id, s.stamp DESC"""
    ).format(ordered=ordering.table(plan.run_goal))


def person_leads_statement(plan: ImportPlan) -> Composed:
    """Leads that became a person: their conversion names the contact within the account."""
    return sql.SQL(
        """UPDATE store.record_link AS former
        SET successor = s.f1, due = coalesce(former.due, 'heir')
        FROM {stage} AS s
        WHERE former.successor = {contact} AND former.goal = ANY ({goals})
            AND former.profile_id IS NOT NULL"""
    ).format(
        stage=stage.table(plan.run_goal),
        contact=ordering.text_of(plan, "PersonContactId"),
        goals=_goals(plan),
    )


def person_contacts_statement(plan: ImportPlan) -> Composed:
    """Contacts of an account that became a person: the person takes over from them."""
    return sql.SQL(
        """INSERT INTO run_former (record_id, successor, stamp)
        SELECT DISTINCT ON ({contact}) {contact}, s.f1, s.f2
        FROM {stage} AS s
        WHERE EXISTS (
            SELECT FROM store.record_link AS link
            WHERE link.record_id = {contact} AND link.profile_id IS NOT NULL
        )
        ORDER BY {contact}, s.f2 DESC
        ON CONFLICT DO NOTHING"""
    ).format(stage=stage.table(plan.run_goal), contact=ordering.text_of(plan, "PersonContactId"))


def start_after(connection: Connection[Any], plan: ImportPlan, position: Position) -> int:
    """The number of the last record up to a position; 0 where there is none."""
    statement = sql.SQL(
        """SELECT coalesce(max(n), 0) FROM {}
        WHERE (stamp, record_id) <= (%(stamp)s, %(record_id)s)"""
    ).format(ordering.table(plan.run_goal))
    parameters = {"stamp": position.stamp, "record_id": position.record_id}
    row = connection.execute(statement, parameters).fetchone()
    return int(row[0]) if row else 0


def bounds(connection: Connection[Any], plan: ImportPlan, after: int, size: int) -> Bounds:
    """Where the chunk of about `size` records after the record number `after` ends."""
    row = connection.execute(bound_statement(plan), {"until": after + size}).fetchone()
    return Bounds(after=after, until=row[0] if row else LAST)


def take(connection: Connection[Any], plan: ImportPlan, within: Bounds) -> int:
    """Put the records within the bounds into the chunk and return how many it holds."""
    statement = take_statement(plan, handed_over=any_successor(connection))
    taken = connection.execute(statement, within.parameters).rowcount
    two_way.pass_as_left(connection, stage.table(plan.run_goal), plan.whole_record)
    return taken


def any_successor(connection: Connection[Any]) -> bool:
    """Whether any record became another one: most stores have none, and some steps to leave out."""
    row = connection.execute(QUERIES["any_successor"]).fetchone()
    return bool(row and row[0])


def match(
    connection: Connection[Any],
    plan: ImportPlan,
    within: Bounds,
    cut_for_merge: Callable[[], int | None],
) -> None:
    """Decide every record of the chunk, as if each came alone after the one before it.

    Records are decided many at a time. Where that would differ from one at a time, the chunk is
    cut before the first difference, and the rest comes with the next chunk. `cut_for_merge` says
    where merging needs such a cut.
    """
    while True:
        rounds = _match_all(connection, plan, within)
        cut = _cut(connection, plan, rounds) or cut_for_merge()
        if cut is None:
            connection.execute(QUERIES["mark_folded"])
            return
        connection.execute(QUERIES["cut_records"], {"cut": cut})
        within = replace(within, until=cut - 1)
        for name in _RESETS:
            connection.execute(QUERIES[name])


def _match_all(connection: Connection[Any], plan: ImportPlan, within: Bounds) -> int:
    """Decide all records; how many rounds it took."""
    applied, undecided = connection.execute(QUERIES["count_undecided"]).fetchone() or (0, 0)
    if not applied:
        return 0
    connection.execute(claim_statement(plan), within.parameters)
    if places := [row.place for row in ordering.mapped_identifiers(plan)]:
        connection.execute(QUERIES["refuse_applied"], {"places": places})
    two_way.refuse_echo(connection, stage.table(plan.run_goal), plan.read_back)
    connection.execute("ANALYZE chunk_record (n, misfit)")
    number = 0
    # One moment for all rounds: profiles made later have higher ids in the order of the records.
    milliseconds = time.time_ns() // 1_000_000
    # The tables of the chunk change with each statement and their statistics don't: a plan that
    # takes them for nearly empty would loop over them, or sort where hashing is half the work.
    connection.execute("SET LOCAL enable_nestloop = off")
    connection.execute("SET LOCAL enable_sort = off")
    while undecided:
        number += 1
        parameters = {
            "round": number,
            "creates": plan.definition.create_profiles,
            "milliseconds": milliseconds,
            "seed": secrets.token_hex(16),
        }
        undecided -= connection.execute(QUERIES["resolve"], parameters).rowcount
        _gain(connection, plan, number)
        if undecided:
            connection.execute(QUERIES["own_gained"])
    connection.execute("SET LOCAL enable_nestloop = on")
    connection.execute("SET LOCAL enable_sort = on")
    return number


def _gain(connection: Connection[Any], plan: ImportPlan, number: int) -> None:
    """Give the profiles decided in a round the identifier values that their records bring."""
    singles = [row.target.key for row in ordering.identifier_rows(plan) if not row.target.list]
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
    if any(_kind(row) == "replace" for row in ordering.identifier_rows(plan)):
        connection.execute(_ANALYZE)
        cuts.append(connection.execute(QUERIES["cut_released"]).fetchone())
    return min((row[0] for row in cuts if row and row[0] is not None), default=None)


_ANALYZE = """ANALYZE
    chunk_claim (n, property, value), chunk_gain (n, property), chunk_record (n, profile_id)"""


def bound_statement(plan: ImportPlan) -> Composed:
    """The last record of a chunk that would end at `until`; no row where nothing comes after it.

    Records with equal stamp and id stay together, so the position tells exactly what is done.
    """
    return sql.SQL(
        """SELECT beyond.n - 1
        FROM {ordered} AS beyond
        JOIN {ordered} AS last ON last.n = %(until)s
        WHERE beyond.n > %(until)s
            AND (beyond.stamp, beyond.record_id) <> (last.stamp, last.record_id)
        ORDER BY beyond.n
        LIMIT 1"""
    ).format(ordered=ordering.table(plan.run_goal))


def take_statement(plan: ImportPlan, *, handed_over: bool) -> Composed:
    """The records of a chunk, with what is decided at once: gone, and unchanged since last time.

    `handed_over`: some record was merged or converted into another.
    """
    return sql.SQL(
        """INSERT INTO chunk_record
            (n, tid, hash, link, link_profile, former_profile, profile_id, known, lives, waits,
            misfit, partial, refused, before, record_id, stamp, gone, successor, outcome, reason)
        SELECT
            s.n, s.tid, s.hash, link.place,
            {link_profile}, {former_profile}, {settled},
            link.profile_id IS NOT NULL,
            coalesce(link.profile_id IS NOT NULL AND link.gone IS NULL, false),
            coalesce(link.reason IN ('no_match', 'ambiguous', 'identifier_taken'), false),
            s.misfit,
            coalesce({same} AND link.refused IS NOT NULL, false), link.refused, link.reason,
            s.record_id, s.stamp, s.gone, s.successor,
            CASE
                WHEN s.superseded THEN 'unchanged'
                WHEN s.gone IS NOT NULL AND link.gone IS NOT NULL THEN 'unchanged'
                WHEN s.gone IS NOT NULL AND link.profile_id IS NOT NULL THEN 'removed'
                WHEN s.gone IS NOT NULL THEN 'skipped'
                WHEN {same} AND link.refused IS NULL THEN 'unchanged'
            END,
            CASE WHEN NOT s.superseded THEN s.gone END
        FROM (
            SELECT
                *, row_number() OVER (PARTITION BY record_id ORDER BY n DESC) > 1 AS superseded
            FROM {ordered}
            WHERE n > %(after)s AND n <= %(until)s
        ) AS s
        -- OFFSET 0 makes this a look-up for each record. The tables of the store grow faster than
        -- their statistics: a plan that takes them for small would read them whole every time.
        LEFT JOIN LATERAL (
            SELECT link.ctid AS place, link.* FROM store.record_link AS link
            WHERE link.record_id = s.record_id AND link.goal = {goal}
            OFFSET 0
        ) AS link ON true"""
    ).format(
        link_profile=_link_profile(plan, handed_over=handed_over),
        former_profile=_former_profile(plan, handed_over=handed_over),
        settled=_settled(plan),
        same=_same(plan),
        ordered=ordering.table(plan.run_goal),
        goal=sql.Literal(plan.goal),
    )


def _same(plan: ImportPlan) -> Composed:
    return sql.SQL(
        "(link.hash = s.hash AND link.version = {version} AND link.gone IS NULL)"
    ).format(version=sql.Literal(plan.version))


def _link_profile(plan: ImportPlan, *, handed_over: bool) -> Composed:
    """The profile that a link names: this goal's, or another goal's.

    Where differing profiles are left to a person, that of a former record counts as well.
    """
    named: list[Composable] = [sql.SQL("link.profile_id")]
    if plan.other_goals:
        named.append(sql.SQL(_OF_ANOTHER_GOAL).format(goals=_goals(plan)))
    if handed_over and plan.definition.on_merge is OnMerge.REVIEW:
        named.append(sql.SQL(_OF_A_FORMER_RECORD).format(goals=_goals(plan)))
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join(named))


def _settled(plan: ImportPlan) -> Composable:
    """The linked profile of a record all of whose identifier values are that profile's already.

    Nothing is left to decide for it or to be gained by it, and no record before it in the chunk
    can change that: only values that are replaced lose their owner.
    """
    rows = list(ordering.identifier_rows(plan))
    if any(_kind(row) == "replace" for row in rows):
        return sql.SQL("NULL::uuid")
    return sql.SQL(
        """CASE WHEN link.profile_id IS NOT NULL AND link.refused IS NULL
                AND s.gone IS NULL AND NOT s.superseded AND {same} IS NOT TRUE AND {owned}
            THEN link.profile_id END"""
    ).format(
        same=_same(plan),
        owned=sql.SQL(" AND ").join(
            _owned(plan, row, ordering.column_of(place)) for place, row in enumerate(rows, 1)
        ),
    )


def _owned(plan: ImportPlan, row: MappedValue, values: sql.Identifier) -> Composed:
    """Whether the linked profile holds the values of a row that brings identifiers."""
    value: Composable = sql.SQL("s.") + values
    several = row.typed.element is None
    # A scalar subquery looks up, whatever the statistics say; EXISTS could read the table whole.
    held = sql.SQL(
        """coalesce((
            SELECT held.profile_id FROM store.identifier AS held
            WHERE held.property = {number} AND held.value = {value}
        ) = link.profile_id, false)"""
    ).format(
        number=sql.Literal(plan.numbers[row.target.key]),
        value=sql.SQL('each.value COLLATE "C"') if several else value,
    )
    if not several:
        return sql.SQL("({} IS NULL OR {})").format(value, held)
    return sql.SQL(
        "coalesce((SELECT bool_and({}) FROM unnest({}) AS each (value)"
        " WHERE each.value IS NOT NULL), true)"
    ).format(held, value)


def _former_profile(plan: ImportPlan, *, handed_over: bool) -> Composable:
    """The profile of a record that was merged into this one, or of a lead converted into it."""
    if not handed_over or plan.definition.on_merge is OnMerge.REVIEW:
        return sql.SQL("NULL::uuid")
    return sql.SQL("CASE WHEN link.profile_id IS NULL THEN {} END").format(
        sql.SQL(_OF_A_FORMER_RECORD).format(goals=_goals(plan))
    )


def _goals(plan: ImportPlan) -> sql.Literal:
    return sql.Literal([plan.goal, *plan.other_goals])


_OF_ANOTHER_GOAL = """
    (SELECT other.profile_id FROM store.record_link AS other
     WHERE other.record_id = s.record_id AND other.goal = ANY ({goals})
        AND other.profile_id IS NOT NULL AND other.gone IS NULL
     ORDER BY other.goal LIMIT 1)"""

_OF_A_FORMER_RECORD = """
    (SELECT former.profile_id
     FROM (
        SELECT link.profile_id, link.stamp, link.record_id, link.goal
        FROM store.record_link AS link
        WHERE link.successor = s.record_id
            AND NOT EXISTS (SELECT FROM run_former WHERE run_former.record_id = link.record_id)
        UNION ALL
        SELECT link.profile_id, run_former.stamp::timestamptz, link.record_id, link.goal
        FROM run_former JOIN store.record_link AS link USING (record_id)
        WHERE run_former.successor = s.record_id
     ) AS former
     WHERE former.goal = ANY ({goals}) AND former.profile_id IS NOT NULL
     ORDER BY former.stamp DESC, former.record_id, former.goal LIMIT 1)"""


def _kind(row: MappedValue) -> str:
    if row.target.list:
        return "list"
    return "replace" if row.rule is MergeRule.SET else "fill"


def claim_statement(plan: ImportPlan) -> Composed:
    """The identifier values that the undecided records bring, with their owners in the store."""
    claims = sql.SQL(" UNION ALL ").join(
        _claim(plan, place, row) for place, row in enumerate(ordering.identifier_rows(plan), 1)
    )
    return sql.SQL(
        """INSERT INTO chunk_claim (n, property, place, finds, kind, value, owner)
        SELECT claim.n, claim.property, claim.place, claim.finds, claim.kind, claim.value,
            held.profile_id
        FROM ({claims}) AS claim (n, property, place, finds, kind, value)
        -- A look-up for each value, as in taking.
        LEFT JOIN LATERAL (
            SELECT identifier.profile_id FROM store.identifier
            WHERE identifier.property = claim.property AND identifier.value = claim.value
            OFFSET 0
        ) AS held ON true
        WHERE claim.value IS NOT NULL"""
    ).format(claims=claims)


def _claim(plan: ImportPlan, place: int, row: MappedValue) -> Composed:
    """The values of one row that brings identifiers; of a partial record, where it was refused."""
    several = row.typed.element is None
    finds = row.place < 0
    return sql.SQL(
        """SELECT n, {number}::smallint, {place}::smallint, {finds}, {kind}, {value}
        FROM {ordered}
        WHERE n > %(after)s AND n <= %(until)s
            AND n NOT IN (
                SELECT n FROM chunk_record
                WHERE outcome IS NOT NULL OR profile_id IS NOT NULL {partial}
            )"""
    ).format(
        number=sql.Literal(plan.numbers[row.target.key]),
        place=sql.Literal(row.place),
        finds=sql.Literal(finds),
        kind=sql.Literal(_kind(row)),
        value=sql.SQL('unnest({}) COLLATE "C"' if several else "{}").format(
            ordering.column_of(place)
        ),
        ordered=ordering.table(plan.run_goal),
        partial=sql.SQL("" if finds else _APPLIED).format(place=sql.Literal(row.place)),
    )


_APPLIED = "OR partial AND {place} <> ALL (refused)"
