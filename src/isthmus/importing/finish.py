"""What is kept of a chunk beside the profiles: identifiers, links, outcomes, counts, position."""

from datetime import date
from typing import Any

from psycopg import Connection, sql
from psycopg.errors import SerializationFailure
from psycopg.sql import Composable, Composed
from psycopg.types.json import Jsonb

from isthmus.connections import two_way
from isthmus.domain.counts import GoalCounts
from isthmus.domain.merge_rules import MergeRule
from isthmus.importing import stage
from isthmus.importing.match import any_successor
from isthmus.importing.plan import ImportPlan, MappedValue, Twin
from isthmus.importing.queries import QUERIES


def finish_chunk(
    connection: Connection[Any], plan: ImportPlan, so_far: GoalCounts, day: date
) -> int:
    """Write what the chunk did, add its records to `so_far`; the number `n` of its last one.

    `day` is the one that new profiles count for.
    """
    _write_identifiers(connection, plan)
    problems = _write_problems(connection, plan)
    so_far.problems += problems
    _write_links(connection, plan, troubled=problems > 0)
    if not plan.rehearsed:
        _count_profiles(connection, plan, day)
    connection.execute(QUERIES["note_records"], {"run_goal": plan.run_goal})
    for outcome, reason, records in connection.execute(QUERIES["count_outcomes"]):
        so_far.note(outcome, reason, records)
    return _note_position(connection, plan, so_far)


def _note_position(connection: Connection[Any], plan: ImportPlan, so_far: GoalCounts) -> int:
    row = connection.execute(QUERIES["last_of_chunk"]).fetchone()
    assert row is not None  # noqa: S101 - a chunk without records is never finished
    stamp, record_id, last = row
    if not plan.rehearsed:
        connection.execute(
            QUERIES["note_position"],
            {
                "position": Jsonb([stamp, record_id]),
                "counts": Jsonb(so_far.plain()),
                "run_goal": plan.run_goal,
            },
        )
    return int(last)


def _write_identifiers(connection: Connection[Any], plan: ImportPlan) -> None:
    replaced = [row for row in plan.mappings if row.column and _replaces(row)]
    for row in replaced:
        connection.execute(release_statement(plan, row))
    numbers = [plan.numbers[row.target.key] for row in replaced]
    connection.execute(QUERIES["insert_identifiers"], {"replaced": numbers})
    for row in replaced:
        connection.execute(hold_statement(plan, row))


def _replaces(row: MappedValue) -> bool:
    return row.target.identifier and not row.target.list and row.rule is MergeRule.SET


def release_statement(plan: ImportPlan, row: MappedValue) -> Composed:
    """Give up the values of an identifier that the chunk's profiles no longer hold."""
    return sql.SQL(
        """DELETE FROM store.identifier AS held
        USING store.profile AS p
        WHERE held.profile_id = p.profile_id
            AND held.property = {number}
            AND held.value IS DISTINCT FROM p.{column}::text
            AND p.profile_id IN (SELECT profile_id FROM chunk_record WHERE outcome IS NULL)"""
    ).format(
        number=sql.Literal(plan.numbers[row.target.key]), column=sql.Identifier(row.target.column)
    )


def hold_statement(plan: ImportPlan, row: MappedValue) -> Composed:
    """Take the values of an identifier that the chunk's profiles hold now."""
    return sql.SQL(
        """INSERT INTO store.identifier (property, value, profile_id)
        SELECT {number}, p.{column}::text, p.profile_id
        FROM store.profile AS p
        WHERE p.{column} IS NOT NULL
            AND p.profile_id IN (SELECT profile_id FROM chunk_record WHERE outcome IS NULL)
            AND NOT EXISTS (
                SELECT FROM store.identifier AS held
                WHERE held.property = {number} AND held.value = p.{column}::text
                    AND held.profile_id = p.profile_id
            )
        ORDER BY 2"""
    ).format(
        number=sql.Literal(plan.numbers[row.target.key]), column=sql.Identifier(row.target.column)
    )


def _write_problems(connection: Connection[Any], plan: ImportPlan) -> int:
    if any(row.place > 0 and row.column for row in plan.mappings):
        connection.execute(refused_statement(plan))
    parameters = {"run_goal": plan.run_goal, "goal": plan.goal}
    connection.execute(QUERIES["note_ambiguous"], parameters)
    return connection.execute(QUERIES["note_problems"], parameters).rowcount


_REASONS = {
    "identifier_taken": "another profile holds this value of {label}, and an identifier belongs to "
    "one profile. Merge the two, or correct the value.",
    "sum_too_large": "adding it would make {label} larger than an integer can be. The property was "
    "left as it is.",
}


def refused_statement(plan: ImportPlan) -> Composed:
    """Problems of rows whose value fits the property and can't go there all the same."""
    rows = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, {}, {}, {}, {}, {}").format(
            sql.Literal(row.place),
            sql.Literal(code),
            sql.Literal(row.column.field),
            sql.Literal(row.target.key),
            sql.Literal(f"{row.column.field}: {words.format(label=row.target.label)}"),
            row.column.name,
        )
        for row in plan.mappings
        if row.column
        for code, words in _REASONS.items()
    )
    return sql.SQL(
        """INSERT INTO chunk_problem (n, field, property, code, message, value)
        SELECT refused.n, each.field, each.property, each.code, each.message, each.value
        FROM chunk_refused AS refused
        JOIN chunk_record AS record USING (n)
        JOIN {stage} AS s ON s.ctid = record.tid
        CROSS JOIN LATERAL ({rows}) AS each (place, code, field, property, message, value)
        WHERE each.place = refused.place AND each.code = refused.code"""
    ).format(stage=stage.table(plan.run_goal), rows=rows)


def _write_links(connection: Connection[Any], plan: ImportPlan, *, troubled: bool) -> None:
    names = {"goal": plan.goal, "object": plan.object.name, "version": plan.version}
    others = list(plan.other_goals)
    troubled = troubled or _any(connection, "any_partial")
    if troubled:
        # A plan that takes the problems for none would go through them for each record.
        connection.execute("ANALYZE chunk_problem (n), chunk_refused (n)")
    kept = connection.execute(insert_links_statement(plan, troubled=troubled)).rowcount
    kept += connection.execute(update_links_statement(plan, troubled=troubled)).rowcount
    applied = connection.execute(QUERIES["count_applied"]).fetchone()
    if applied and applied[0] != kept:
        raise SerializationFailure("a link moved")
    for row in _sum_rows(plan).values():
        for twin in row.twins:
            connection.execute(twin_statement(plan, row, twin))
    connection.execute(QUERIES["remember_linked"], {"goal": plan.goal})
    connection.execute(QUERIES["remember_unlinked"], names)
    connection.execute(QUERIES["forget_waiting"], {"goal": plan.goal})
    connection.execute(QUERIES["bury_links"], {"goal": plan.goal, "others": others})
    if others and _any(connection, "any_newly_linked"):
        connection.execute(QUERIES["open_in_exports"], {"others": others})
    if any_successor(connection):
        connection.execute(QUERIES["note_heirs"], {"goals": [plan.goal, *others]})


def _count_profiles(connection: Connection[Any], plan: ImportPlan, day: date) -> None:
    """Note which profiles the goal has brought in for the first time."""
    names = {"connection": plan.connection, "goal": plan.goal, "day": day}
    made = connection.execute(QUERIES["count_made"], names).rowcount
    connection.execute(QUERIES["count_found"], {**names, "made": made})


def _any(connection: Connection[Any], name: str) -> bool:
    row = connection.execute(QUERIES[name]).fetchone()
    return bool(row and row[0])


_REASON = sql.SQL(
    """CASE WHEN problem.taken THEN 'identifier_taken'
            WHEN problem.n IS NOT NULL OR record.partial AND record.misfit THEN 'problem' END"""
)
_REFUSED = sql.SQL("refused.places")
_TROUBLES = sql.SQL(
    """LEFT JOIN (
            SELECT n, bool_or(code = 'identifier_taken') AS taken FROM chunk_problem GROUP BY n
        ) AS problem ON problem.n = record.n
        LEFT JOIN (
            SELECT n, array_agg(place ORDER BY place) AS places
            FROM chunk_refused
            WHERE code = 'identifier_taken'
            GROUP BY n
        ) AS refused ON refused.n = record.n"""
)


def insert_links_statement(plan: ImportPlan, *, troubled: bool) -> Composed:
    """Links of applied records that the goal sees for the first time."""
    return sql.SQL(
        """INSERT INTO store.record_link
            (record_id, goal, profile_id, object, stamp, hash, held, version, reason, refused,
            summed)
        SELECT record.record_id, {goal}, record.profile_id, {object}, record.stamp::timestamptz,
            record.hash, {held}, {version}, {reason}, {refused}, {summed}
        FROM chunk_record AS record
        {stage}
        {troubles}
        WHERE record.outcome IS NULL AND record.link IS NULL
        ORDER BY record.record_id"""
    ).format(
        troubles=_TROUBLES if troubled else sql.SQL(""),
        goal=sql.Literal(plan.goal),
        object=sql.Literal(plan.object.name),
        version=sql.Literal(plan.version),
        reason=_REASON if troubled else sql.SQL("NULL"),
        refused=_REFUSED if troubled else sql.SQL("NULL::smallint[]"),
        summed=_summed(plan, linked=False),
        held=two_way.read_hashes(plan.whole_record),
        stage=_stage_where_needed(plan),
    )


def update_links_statement(plan: ImportPlan, *, troubled: bool) -> Composed:
    """Links of applied records that the goal has seen before, found by their place."""
    return sql.SQL(
        """UPDATE store.record_link AS link
        SET profile_id = record.profile_id, stamp = record.stamp::timestamptz,
            hash = record.hash, held = {held}, version = {version}, reason = {reason},
            refused = {refused}, gone = NULL, successor = NULL, due = NULL, summed = {summed}
        FROM chunk_record AS record
        {stage}
        {troubles}
        WHERE link.ctid = record.link AND record.outcome IS NULL"""
    ).format(
        troubles=_TROUBLES if troubled else sql.SQL(""),
        version=sql.Literal(plan.version),
        reason=_REASON if troubled else sql.SQL("NULL"),
        refused=_REFUSED if troubled else sql.SQL("NULL"),
        summed=_summed(plan, linked=True),
        held=two_way.read_hashes(plan.whole_record),
        stage=_stage_where_needed(plan),
    )


def twin_statement(plan: ImportPlan, row: MappedValue, twin: Twin) -> Composed:
    """Tell another goal that adds the same what was added last."""
    return sql.SQL(
        """UPDATE store.record_link AS twin
        SET summed[{place}] = link.summed[{slot}]
        FROM chunk_record AS record
        JOIN store.record_link AS link ON link.record_id = record.record_id AND link.goal = {goal}
        WHERE twin.record_id = record.record_id AND twin.goal = {other}
            AND record.outcome IS NULL
            AND link.summed[{slot}] IS NOT NULL
            AND twin.summed IS NOT NULL
            AND twin.summed[{place}] IS DISTINCT FROM link.summed[{slot}]"""
    ).format(
        place=sql.Literal(twin.slot),
        slot=sql.Literal(row.slot),
        goal=sql.Literal(plan.goal),
        other=sql.Literal(twin.goal),
    )


def _sum_rows(plan: ImportPlan) -> dict[int, MappedValue]:
    return {row.slot: row for row in plan.mappings if row.slot}


def _stage_where_needed(plan: ImportPlan) -> Composable:
    if not _sum_rows(plan) and not plan.read_back:
        return sql.SQL("")
    return sql.SQL("JOIN {} AS s ON s.ctid = record.tid").format(stage.table(plan.run_goal))


def _summed(plan: ImportPlan, *, linked: bool) -> Composable:
    """By slot, the value that was added last; an empty or unfit one leaves what was there."""
    rows = _sum_rows(plan)
    if not plan.slots:
        return sql.SQL("NULL::bigint[]")
    slots = (_slot(rows.get(slot), slot, linked=linked) for slot in range(1, plan.slots + 1))
    return sql.SQL("ARRAY[{}]::bigint[]").format(sql.SQL(", ").join(slots))


def _slot(row: MappedValue | None, slot: int, *, linked: bool) -> Composable:
    before: Composable = sql.SQL("NULL::bigint")
    if linked:
        before = sql.SQL("link.summed[{}]").format(sql.Literal(slot))
    if row is None:
        return before
    return sql.SQL(
        """(CASE WHEN NOT record.partial AND {fits} AND {value} IS NOT NULL AND NOT EXISTS (
                SELECT FROM chunk_refused AS x WHERE x.n = record.n AND x.place = {place}
            ) THEN {value} ELSE {before} END)"""
    ).format(
        fits=row.typed.fits or sql.SQL("true"),
        place=sql.Literal(row.place),
        value=row.typed.value,
        before=before,
    )
