"""What of each member is new to Salesforce: rows of cells, a cell empty where nothing changed."""

from typing import Any, LiteralString

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.connections.two_way import held_hash, property_hash
from isthmus.domain.goals import ExportKind
from isthmus.exporting.plan import ExportPlan, Sent
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.values import CLEAR

COMMA = sql.SQL(",\n")
PART_BYTES = 90_000_000
"""Of one upload: Salesforce takes 150 MB after base64, which is about 100 MB of CSV."""
PART_ROWS = 50_000
"""Of one upload: while Salesforce works on one, the next is sent and the last one taken over."""

MANY_ROWS, FIRST_ROWS = 50_000, 10_000
"""With more rows than many, the first ones go out alone; Salesforce takes 10,000 as one batch."""


def compare(connection: Connection[Any], plan: ExportPlan) -> None:
    """Build the values of the members that are still open, and note those that can't be sent."""
    connection.execute(values_statement(plan))
    connection.execute("ANALYZE export_value (profile_id)")
    connection.execute(problems_statement(plan))


def write_rows(
    connection: Connection[Any], plan: ExportPlan, *, full: bool, first: int | None = None
) -> None:
    """Write an export row for each member with something to send, in uploads of some size.

    Rows of the run without an outcome are built again. A full run sends what is held back too.
    Of a run of the `first` members, the others' rows are taken away. Belongs into one transaction.
    """
    names = {"run_goal": plan.run_goal, "goal": plan.goal, "bytes": PART_BYTES}
    names |= {"rows": PART_ROWS, "many": MANY_ROWS, "first": FIRST_ROWS}
    connection.execute(QUERIES["forget_open"], names)
    row = connection.execute(QUERIES["next_part"], names).fetchone()
    connection.execute(rows_statement(plan, 1 + (row[0] if row else 1)))
    # The statistics know nothing of rows that were only just written: a plan that takes them for
    # few would go through another table once for each of them.
    connection.execute("SET LOCAL enable_nestloop = off")
    if not full:
        connection.execute(QUERIES["pass_held"], names)
    connection.execute(QUERIES["pass_without_cells"], names)
    if first is not None:
        connection.execute(QUERIES["keep_first_rows"], {**names, "first": first})
    for name in ("split_parts", "mark_troubled"):
        connection.execute(QUERIES[name], names)
    connection.execute("SET LOCAL enable_nestloop = on")


def learn_rows(connection: Connection[Any]) -> None:
    """Let plans know how many rows each run has: those of the latest are in no statistics yet."""
    connection.execute("ANALYZE store.export_row (run_goal, operation, part, outcome)")


def _name(letter: LiteralString, row: Sent) -> sql.Identifier:
    return sql.Identifier(f"{letter}{row.place}")


def values_statement(plan: ExportPlan) -> Composed:
    """The values of all mapping rows (`v1`, `v2`, …) of the members that are still open."""
    values = COMMA.join(
        sql.SQL("{} AS {}, {} AS {}").format(
            row.cell.value, _name("v", row), _was_taken(row), _name("k", row)
        )
        for row in plan.rows
    )
    return sql.SQL(
        """CREATE TEMPORARY TABLE export_value AS
        SELECT member.profile_id, member.record_id, member.operation, member.before, {values}
        FROM export_member AS member
        JOIN store.profile AS p USING (profile_id)
        WHERE member.outcome IS NULL"""
    ).format(values=values)


def _was_taken(row: Sent) -> Composable:
    """Whether the property is as an import took it from the field."""
    if row.column is None:
        return sql.SQL("false")
    return sql.SQL("coalesce(member.taken[{}] = {}, false)").format(
        sql.Literal(row.slot), property_hash(row.column)
    )


def _failing(row: Sent) -> Composed:
    """The number of the first check that the value fails; null where it fails none."""
    cases = sql.SQL(" ").join(
        sql.SQL("WHEN {} THEN {}").format(check.fails, sql.Literal(number))
        for number, check in enumerate(row.cell.checks, 1)
    )
    return sql.SQL(
        "(SELECT CASE WHEN value IS NULL THEN NULL {} END FROM (VALUES ({})) AS v (value))"
    ).format(cases, _name("v", row))


def problems_statement(plan: ExportPlan) -> Composed:
    """A problem for each value that its field can't take."""
    rows = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, {}, {}, {}, {} WHERE {} = {}").format(
            sql.Literal(row.field.name),
            sql.Literal(_source(plan, row)),
            sql.Literal(check.code),
            sql.Literal(check.message),
            _name("v", row),
            _failing(row),
            sql.Literal(number),
        )
        for row in plan.rows
        for number, check in enumerate(row.cell.checks, 1)
    )
    return sql.SQL(
        """INSERT INTO export_problem
            (profile_id, record_id, field, property, code, message, value)
        SELECT export_value.profile_id, export_value.record_id,
            each.field, each.property, each.code, each.message, left(each.value, 500)
        FROM export_value
        CROSS JOIN LATERAL ({rows}) AS each (field, property, code, message, value)
        WHERE {any_fails}"""
    ).format(
        rows=rows,
        any_fails=sql.SQL(" OR ").join(
            sql.SQL("{} IS NOT NULL").format(_failing(row)) for row in plan.rows
        ),
    )


def _source(plan: ExportPlan, row: Sent) -> str:
    mapped = plan.definition.fields[row.place - 1]
    return "text" if mapped.kind is ExportKind.TEXT else mapped.value


def rows_statement(plan: ExportPlan, part: int = 1) -> Composed:
    """The rows to send: `t` is what a cell would be, `c` what it is, null where it is known.

    `part` is the one that most of them belong to in the end.
    """
    texts = COMMA.join(sql.SQL("{} AS {}").format(_text(row), _name("t", row)) for row in plan.rows)
    cells = COMMA.join(
        sql.SQL("{} AS {}").format(_cell(row, again=plan.again), _name("c", row))
        for row in plan.rows
    )
    return sql.SQL(
        """-- OFFSET 0 keeps each value from being worked out again wherever it is named.
        WITH text AS (SELECT export_value.*, {texts} FROM export_value OFFSET 0),
        cell AS (SELECT text.*, {cells} FROM text OFFSET 0)
        INSERT INTO store.export_row
            (profile_id, run_goal, part, record_id, operation, row_hash, cells, sent, held)
        SELECT profile_id, {run_goal}, {part}, record_id, operation,
            md5((ARRAY[{inserted}]::text[])::text)::uuid, ARRAY[{all}], ARRAY[{sent}]::bigint[],
            ARRAY[{held}]::bigint[]
        FROM cell
        WHERE num_nonnulls({all}) > 0
        ORDER BY profile_id"""
    ).format(
        texts=texts,
        cells=cells,
        run_goal=sql.Literal(plan.run_goal),
        part=sql.Literal(part),
        inserted=sql.SQL(", ").join(_name("c", row) for row in plan.writable("insert")),
        all=sql.SQL(", ").join(_name("c", row) for row in plan.rows),
        sent=sql.SQL(", ").join(_sent(plan)),
        held=sql.SQL(", ").join(_held(plan)),
    )


def _text(row: Sent) -> Composed:
    return sql.SQL("CASE WHEN {} IS NULL THEN coalesce({}, {}) END").format(
        _failing(row),
        _name("v", row),
        sql.Literal(CLEAR) if row.cell.clears else sql.SQL("NULL"),
    )


def _operations(row: Sent) -> sql.Literal:
    can = (("insert", row.field.createable), ("update", row.field.updateable))
    return sql.Literal([name for name, writable in can if writable])


def _starts_empty(row: Sent) -> Composed:
    """Whether the field is to be empty in a record that is only being created: it is already."""
    return sql.SQL(
        "(operation = 'insert' AND operation = ANY ({operations}::text[]) AND {text} = {clear})"
    ).format(operations=_operations(row), text=_name("t", row), clear=sql.Literal(CLEAR))


def _at_first(row: Sent) -> sql.Literal:
    """What the field of a new record holds that was not told anything."""
    return sql.Literal("false" if row.field.type == "boolean" else None)


def _cell(row: Sent, *, again: bool) -> Composed:
    return sql.SQL(
        """CASE WHEN operation = ANY ({operations}::text[]) AND {starts_empty} IS NOT TRUE
                AND NOT {taken} AND {differs} THEN {text} END"""
    ).format(
        operations=_operations(row),
        starts_empty=_starts_empty(row),
        taken=_name("k", row),
        differs=sql.SQL("true") if again else _differs(row),
        text=_name("t", row),
    )


def _differs(row: Sent) -> Composed:
    """Whether it is not what was sent last."""
    return sql.SQL("{hash} IS DISTINCT FROM before[{slot}]").format(
        hash=_hash(row), slot=sql.Literal(row.slot)
    )


def _hash(row: Sent) -> Composed:
    return sql.SQL("hashtextextended({}, 0)").format(_name("t", row))


def _sent(plan: ExportPlan) -> list[Composable]:
    """By slot, the hashes once the row is accepted: new ones of the cells that go out."""
    rows = {row.slot: row for row in plan.rows}
    slots: list[Composable] = []
    for slot in range(1, plan.slots + 1):
        before = sql.SQL("before[{}]").format(sql.Literal(slot))
        row = rows.get(slot)
        slots.append(
            before
            if row is None
            else sql.SQL("CASE WHEN {} IS NULL AND {} IS NOT TRUE THEN {} ELSE {} END").format(
                _name("c", row), _starts_empty(row), before, _hash(row)
            )
        )
    return slots


def _held(plan: ExportPlan) -> list[Composable]:
    """By slot, the hashes of what Salesforce holds once the row is accepted; null: as before."""
    rows = {row.slot: row for row in plan.rows}
    slots: list[Composable] = []
    for slot in range(1, plan.slots + 1):
        row = rows.get(slot)
        slots.append(
            sql.SQL("NULL")
            if row is None
            else sql.SQL(
                "CASE WHEN {} IS NOT NULL THEN {} WHEN operation = 'insert' THEN {} END"
            ).format(
                _name("c", row),
                held_hash(
                    sql.SQL("nullif({}, {})").format(_name("c", row), sql.Literal(CLEAR)), row.field
                ),
                held_hash(_at_first(row), row.field),
            )
        )
    return slots
