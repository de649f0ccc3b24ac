"""The staged records in the order in which they are applied, with what each says by itself.

What depends on a record's staged row alone (its hash, whether every value fits, the identifier
values that it brings) is worked out here for all records at once, by several processes of the
database, before the first chunk. The chunks, which come one after the other, then read these few
columns and look up in the store only what depends on the chunks before them.
"""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.importing import stage
from isthmus.importing.plan import ImportPlan, MappedValue


def table(run_goal: int) -> sql.Identifier:
    """The ordered records of one goal in one run: a row for each row of its stage."""
    return sql.Identifier("stage", f"import_{run_goal}_ordered")


def order(connection: Connection[Any], plan: ImportPlan) -> None:
    """Number all staged records by (stamp, id), from 1. Can be repeated."""
    name = table(plan.run_goal)
    with connection.transaction():
        # The defaults take handing a row to another process for far dearer than its hash.
        connection.execute("SET LOCAL parallel_tuple_cost = 0.005")
        connection.execute("SET LOCAL parallel_setup_cost = 10")
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
        connection.execute(order_statement(plan))
        connection.execute(sql.SQL("CREATE UNIQUE INDEX ON {} (n)").format(name))
    connection.execute(sql.SQL("ANALYZE {} (n)").format(name))


def drop(connection: Connection[Any], plan: ImportPlan) -> None:
    """Remove the ordered records, where they are there: the stage is enough for what follows."""
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table(plan.run_goal)))


def order_statement(plan: ImportPlan) -> Composed:
    """Columns `v1`, `v2`, … hold what the goal's identifier rows bring, in their order."""
    return sql.SQL(
        """CREATE UNLOGGED TABLE {table} WITH (autovacuum_enabled = off) AS
        SELECT (row_number() OVER (ORDER BY stamp, record_id, tid))::integer AS n, narrow.*
        FROM (
            -- Sorted above are these few columns, not all that was staged.
            SELECT
                ctid AS tid,
                f1 AS record_id,
                f2 AS stamp,
                {gone} AS gone,
                {successor} AS successor,
                {hash} AS hash,
                {misfit} AS misfit,
                {brought}
            FROM {stage} AS s
            OFFSET 0
        ) AS narrow"""
    ).format(
        table=table(plan.run_goal),
        gone=_gone(plan),
        successor=_successor(plan),
        hash=_hash(plan),
        misfit=_misfit(plan),
        brought=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(_brought(row), column_of(place))
            for place, row in enumerate(identifier_rows(plan), 1)
        ),
        stage=stage.table(plan.run_goal),
    )


def identifier_rows(plan: ImportPlan) -> Iterable[MappedValue]:
    """The goal's rows that bring identifier values: those it matches by, then mapped ones."""
    yield from plan.match
    yield from mapped_identifiers(plan)


def mapped_identifiers(plan: ImportPlan) -> Iterable[MappedValue]:
    """The goal's rows that write identifiers and don't find profiles."""
    return (row for row in plan.mappings if row.column and row.target.identifier)


def column_of(place: int) -> sql.Identifier:
    """Where the values of the identifier row at `place` (from 1) stand."""
    return sql.Identifier(f"v{place}")


def _brought(row: MappedValue) -> Composed:
    if row.typed.element is not None:
        return sql.SQL('({})::text COLLATE "C"').format(row.typed.element)
    return sql.SQL("({})::text[]").format(row.typed.value)


def _flag(plan: ImportPlan, field: str) -> Composable:
    column = plan.column(field)
    return sql.SQL("({} = 'true')").format(column.name) if column else sql.SQL("false")


def text_of(plan: ImportPlan, field: str) -> Composable:
    """A field's staged text; null where the goal does not read it."""
    column = plan.column(field)
    return column.name if column else sql.SQL("NULL::text")


def _gone(plan: ImportPlan) -> Composed:
    return sql.SQL(
        """CASE WHEN {deleted} AND {master} IS NOT NULL THEN 'merged'
                WHEN {deleted} THEN 'deleted'
                WHEN {converted} THEN 'converted' END"""
    ).format(
        deleted=_flag(plan, "IsDeleted"),
        master=text_of(plan, "MasterRecordId"),
        converted=_flag(plan, "IsConverted"),
    )


def _successor(plan: ImportPlan) -> Composed:
    return sql.SQL('coalesce({}, {}) COLLATE "C"').format(
        text_of(plan, "MasterRecordId"), text_of(plan, "ConvertedContactId")
    )


def _hash(plan: ImportPlan) -> Composed:
    used = {row.column.number: row.column for row in (*plan.match, *plan.mappings) if row.column}
    names = sql.SQL(", ").join(column.name for _, column in sorted(used.items()))
    return sql.SQL("hash_record_extended(ROW({}), 0)").format(names)


def _misfit(plan: ImportPlan) -> Composed:
    fits = [row.typed.fits for row in (*plan.match, *plan.mappings) if row.typed.fits]
    return sql.SQL("NOT ({})").format(sql.SQL(" AND ").join(fits or [sql.SQL("true")]))
