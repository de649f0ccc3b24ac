"""Sums that would grow past what an integer can hold."""

from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.domain.merge_rules import MergeRule
from isthmus.importing import stage
from isthmus.importing.merge import Target, addend, source, targets
from isthmus.importing.plan import ImportPlan

SMALLEST, LARGEST = -(2**63), 2**63 - 1


def refuse_overflow(connection: Connection[Any], plan: ImportPlan) -> int | None:
    """Refuse the first sum that overflows; return where the chunk has to be cut for it, if at all.

    What comes after it for the same profile depends on its being refused, so it has to be the
    chunk's last record.
    """
    written = targets(plan)
    for target in written:
        if target.rule is not MergeRule.SUM:
            continue
        first = connection.execute(overflow_statement(plan, target)).fetchone()
        if first is None:
            continue
        n, is_last = first
        if not is_last:
            return int(n) + 1
        connection.execute(refuse_statement(plan, target), {"n": n})
    return None


def refuse_statement(plan: ImportPlan, target: Target) -> Composed:
    """Refuse the rows that would add to the property; one that adds nothing is no problem."""
    parts = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(row.place), addend(row)) for row in target.rows
    )
    return sql.SQL(
        """INSERT INTO chunk_refused (n, place, code)
        SELECT record.n, each.place, 'sum_too_large'
        FROM chunk_record AS record
        JOIN {stage} AS s ON s.ctid = record.tid
        LEFT JOIN store.record_link AS link
            ON link.record_id = record.record_id AND link.goal = {goal}
        CROSS JOIN LATERAL (VALUES {parts}) AS each (place, value)
        WHERE record.n = %(n)s AND each.value IS NOT NULL"""
    ).format(stage=stage.table(plan.run_goal), goal=sql.Literal(plan.goal), parts=parts)


def overflow_statement(plan: ImportPlan, target: Target) -> Composed:
    """The first record whose sum leaves the range, and whether it is the chunk's last."""
    return sql.SQL(
        """WITH brought AS ({source}),
        running AS (
            SELECT n, coalesce(p.{column}, 0)
                + sum({c}) OVER (PARTITION BY brought.profile_id ORDER BY n) AS total
            FROM brought LEFT JOIN store.profile AS p ON p.profile_id = brought.profile_id
        )
        SELECT n, n = (SELECT max(n) FROM chunk_record)
        FROM running
        WHERE total NOT BETWEEN {smallest} AND {largest}
        ORDER BY n
        LIMIT 1"""
    ).format(
        source=source(plan, [target]),
        column=target.column,
        c=target.name("c"),
        smallest=sql.Literal(SMALLEST),
        largest=sql.Literal(LARGEST),
    )
