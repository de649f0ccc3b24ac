"""Rows to Salesforce: Bulk jobs, and collections for few updates."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.connections.errors import CountMismatch
from isthmus.connections.runs import GoalRun
from isthmus.exporting import reconcile
from isthmus.exporting.plan import ExportPlan, Sent
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.reconcile import Owner
from isthmus.exporting.upload import Upload, csv_chunks
from isthmus.exporting.values import CLEAR, NUMBER_TYPES, WHOLE_TYPES
from isthmus.salesforce import OutcomeUnknown, RowResult

FEW_UPDATES = 2_000
"""Rows. Below that collections of 200 are quicker than a job."""

COLLECTION_ROWS = 200
LOCK_ROUNDS = 3
"""How often rows that were locked go out again in the same run."""

LOCKED_PARTS = 100_000
"""Numbers of uploads of locked rows start here, beyond those that rows are split into."""


def send(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> None:
    """Send all rows of the run and take over what Salesforce says of each."""
    for lock_round in itertools.count():
        for upload, rows in _uploads(connection, plan):
            goal_run.check_stop()
            _send_one(goal_run, connection, plan, upload, rows)
        names = {"run_goal": plan.run_goal, "part": LOCKED_PARTS + lock_round}
        if lock_round == LOCK_ROUNDS:
            break
        if not connection.execute(QUERIES["move_locked"], names).rowcount:
            return
    connection.execute(QUERIES["give_up_locked"], {"run_goal": plan.run_goal})


def _uploads(connection: Connection[Any], plan: ExportPlan) -> list[tuple[Upload, int]]:
    rows = connection.execute(QUERIES["parts"], {"run_goal": plan.run_goal}).fetchall()
    return [(_upload(plan, operation, part), count) for operation, part, count in rows]


def _upload(plan: ExportPlan, operation: str, part: int) -> Upload:
    writable = plan.writable(operation)
    return Upload(
        run_goal=plan.run_goal,
        operation=operation,
        part=part,
        fields=tuple(row.field.name for row in writable),
        places=tuple(row.place for row in writable),
    )


def _send_one(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, upload: Upload, rows: int
) -> None:
    if upload.operation == "update" and rows < FEW_UPDATES:
        _send_collections(goal_run, connection, plan, upload)
    else:
        job_id = _send_job(goal_run, connection, plan, upload)
        reconcile.reconcile_job(goal_run, connection, Owner.of(plan), upload, job_id)
        goal_run.salesforce.bulk_ingest.delete(job_id)


def _send_job(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, upload: Upload
) -> str:
    """Upload and close a job; its id is kept before anything in it can take effect."""
    bulk = goal_run.salesforce.bulk_ingest
    job = bulk.create(plan.object.sobject, upload.operation)
    fields = {"fields": list(upload.fields), "places": list(upload.places)}
    connection.execute(QUERIES["add_job"], {**upload.names, **fields, "job": job.id})
    goal_run.note_job(job.id)
    try:
        bulk.upload(job.id, csv_chunks(connection, upload))
    except OutcomeUnknown:
        # Not closed, so nothing of it took effect: the next run makes it again.
        bulk.abort(job.id)
        connection.execute(QUERIES["settle_job"], upload.names)
        raise
    bulk.close(job.id)
    return job.id


def _send_collections(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, upload: Upload
) -> None:
    """Update few records by calls of 200. Repeating an update that was done changes nothing."""
    statement = records_statement(upload, plan.writable(upload.operation))
    known = 0
    while True:
        goal_run.check_stop()
        records = [row[0] for row in connection.execute(statement).fetchall()]
        if not records:
            return
        told = goal_run.salesforce.collections.update(plan.object.sobject, records)
        with connection.transaction():
            reconcile.make_result(connection, upload)
            _note(connection, records, told)
            now_known = reconcile.take_over(connection, Owner.of(plan), upload, complete=False)
        if now_known < known + len(records):
            raise CountMismatch(
                f"{len(records)} records were sent in one call and only {now_known - known} of "
                f"the results could be told apart. The next run compares and sends them again."
            )
        known = now_known


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


def records_statement(upload: Upload, rows: Sequence[Sent]) -> Composed:
    """The next rows of an upload as the JSON of a call; cells that are null are left out."""
    pairs = sql.SQL(" || ").join(map(_pair, rows))
    return sql.SQL(
        """SELECT jsonb_build_object('Id', record_id) || {pairs}
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
    if row.field.type in NUMBER_TYPES | WHOLE_TYPES:
        # Not the marker: the branch before has it, but PostgreSQL may look at both.
        return sql.SQL("nullif({}, {})::numeric").format(cell, sql.Literal(CLEAR))
    return cell
