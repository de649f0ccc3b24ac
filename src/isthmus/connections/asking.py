"""Questions to the org about its records, answered into a table."""

from typing import Any

from psycopg import Connection, sql

from isthmus.connections import results
from isthmus.connections.errors import CountMismatch
from isthmus.connections.runs import GoalRun


def ask(
    goal_run: GoalRun,
    connection: Connection[Any],
    soql: str,
    target: sql.Identifier,
    columns: dict[str, str],
) -> int:
    """Copy what a query finds into `target` and return how many rows that are.

    `columns` as in `results.copy_results`; one of the table's columns is `record_id`. Raises
    `CountMismatch` where rows are missing or came twice: a record that is overlooked would be
    created again.
    """
    bulk = goal_run.salesforce.bulk_query
    job = bulk.create(soql, deleted=False)
    goal_run.note_job(job.id)
    job = bulk.wait(job.id, cancelled=goal_run.cancelled)
    job.raise_unless_complete()
    for page in bulk.pages(job.id):
        _copy_page(goal_run, connection, target, columns, job.id, page.locator)
    _check(connection, target, job.records_processed)
    goal_run.fence.check(connection)
    bulk.delete(job.id)
    return job.records_processed


def _copy_page(
    goal_run: GoalRun,
    connection: Connection[Any],
    target: sql.Identifier,
    columns: dict[str, str],
    job_id: str,
    locator: str | None,
) -> None:
    def once() -> None:
        with (
            connection.transaction(),
            goal_run.salesforce.bulk_query.page(job_id, locator) as page,
        ):
            results.copy_page(connection, target, columns, page)

    results.again_where_cut(once)


def _check(connection: Connection[Any], target: sql.Identifier, expected: int) -> None:
    row = connection.execute(
        sql.SQL("SELECT count(*), count(DISTINCT record_id) FROM {}").format(target)
    ).fetchone()
    rows, records = row or (0, 0)
    if not rows == records == expected:
        raise CountMismatch(
            f"A query for records found {expected:,}, and {rows:,} rows of {records:,} records "
            f"arrived. Nothing was done with them; run it again."
        )
