"""Few updates: calls of 200 records each, which are quicker than a job."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.connections.errors import CountMismatch
from isthmus.connections.runs import GoalRun
from isthmus.exporting import reconcile
from isthmus.exporting.plan import ExportPlan, Sent
from isthmus.exporting.reconcile import Owner
from isthmus.exporting.upload import Upload
from isthmus.exporting.values import CLEAR, NUMBER_TYPES, WHOLE_TYPES
from isthmus.salesforce import RowResult

COLLECTION_ROWS = 200


def send(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, owner: Owner, upload: Upload
) -> None:
    """Update the records of an upload that have no outcome yet.

    A call whose answer is lost is made again: an update that was done before changes nothing.
    """
    statement = records_statement(upload, plan.writable(upload.operation))
    while True:
        goal_run.check_stop()
        records = [_read(row[0]) for row in connection.execute(statement).fetchall()]
        if not records:
            return
        goal_run.fence.check(connection)
        told = goal_run.salesforce.collections.update(plan.object.sobject, records)
        with connection.transaction():
            goal_run.fence.check(connection)
            reconcile.make_result(connection, upload)
            _note(connection, records, told)
            reconcile.take_over(connection, owner, upload)
            _check_progress(connection, records)


def _read(text: str) -> dict[str, Any]:
    # A float would lose digits from the 16th on.
    record: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return record


def _note(
    connection: Connection[Any], records: Sequence[Mapping[str, Any]], told: Sequence[RowResult]
) -> None:
    rows = [
        (
            "successful" if result.success else "failed",
            record["Id"],
            record["Id"],
            "".join(
                f"{error.code}:{error.message}:{' '.join(error.fields)} --"
                for error in result.errors[:1]
            ),
        )
        for record, result in zip(records, told, strict=True)
    ]
    connection.cursor().executemany(
        "INSERT INTO export_result (kind, record_id, key_id, error) VALUES (%s, %s, %s, %s)", rows
    )


def _check_progress(connection: Connection[Any], records: Sequence[Mapping[str, Any]]) -> None:
    row = connection.execute("SELECT count(*) FROM export_told").fetchone()
    told = row[0] if row else 0
    if told < len(records):
        raise CountMismatch(
            f"{len(records)} records were sent in one call and only {told} of the results could "
            f"be told apart. The next run compares and sends them again."
        )


def records_statement(upload: Upload, rows: Sequence[Sent]) -> Composed:
    """The next rows of an upload as the JSON of a call; cells that are null are left out."""
    pairs = sql.SQL(" || ").join(map(_pair, rows))
    return sql.SQL(
        """SELECT (jsonb_build_object('Id', record_id) || {pairs})::text
        FROM store.export_row
        WHERE run_goal = {run_goal} AND operation = {operation} AND part = {part}
            AND outcome IS NULL
        ORDER BY record_id, profile_id
        LIMIT {most}"""
    ).format(
        pairs=pairs,
        run_goal=sql.Literal(upload.run_goal),
        operation=sql.Literal(upload.operation),
        part=sql.Literal(upload.part),
        most=sql.Literal(COLLECTION_ROWS),
    )


def _pair(row: Sent) -> Composed:
    cell = sql.SQL("cells[{}]").format(sql.Literal(row.place))
    return sql.SQL(
        """CASE WHEN {cell} IS NULL THEN '{{}}'::jsonb
                WHEN {cell} = {clear} THEN jsonb_build_object({name}, NULL)
                ELSE jsonb_build_object({name}, {value}) END"""
    ).format(
        cell=cell,
        clear=sql.Literal(CLEAR),
        name=sql.Literal(row.field.name),
        value=_json(row, cell),
    )


def _json(row: Sent, cell: Composable) -> Composable:
    if row.field.type == "boolean":
        return sql.SQL("({} = 'true')").format(cell)
    # Not the marker: the branch before has it, but PostgreSQL may look at both.
    number = sql.SQL("nullif({}, {})::numeric").format(cell, sql.Literal(CLEAR))
    if row.field.type in WHOLE_TYPES:
        return sql.SQL("trunc({})").format(number)
    return number if row.field.type in NUMBER_TYPES else cell
