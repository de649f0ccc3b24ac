"""What Salesforce says of each row that was sent, taken over in one transaction."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.connections import results
from isthmus.connections.errors import CountMismatch
from isthmus.connections.runs import GoalRun
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.upload import Upload
from isthmus.salesforce import BulkJobAborted, BulkJobFailed, JobState, NotFound

RESULT = sql.Identifier("export_result")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """To whose account an upload's results go."""

    goal: int
    connection: int
    object: str
    version: int  # of the goal
    creates_all: bool  # a record that is created gets all that the goal writes

    @classmethod
    def of(cls, plan: ExportPlan) -> "Owner":
        """The goal that runs now."""
        return cls(
            goal=plan.goal,
            connection=plan.connection,
            object=plan.object.name,
            version=plan.version,
            creates_all=len(plan.writable("insert")) == len(plan.rows),
        )

    def version_of(self, operation: str) -> int | None:
        """What a link keeps as the version that was sent; None where the next run has to look."""
        return self.version if operation == "update" or self.creates_all else None


def reconcile_job(
    goal_run: GoalRun, connection: Connection[Any], owner: Owner, upload: Upload, job_id: str
) -> None:
    """Wait for a closed job, and take over all three of its results.

    A failed or aborted job may have saved some rows, so its results are read as well.
    """
    bulk = goal_run.salesforce.bulk_ingest
    job = bulk.wait(job_id, cancelled=goal_run.cancelled)
    complete = job.state is JobState.JOB_COMPLETE

    def once() -> None:
        with connection.transaction():
            make_result(connection, upload)
            for kind in ("successful", "failed", "unprocessed"):
                with getattr(bulk, kind)(job_id) as page:
                    _copy(connection, upload, kind, page)
            take_over(connection, owner, upload, complete=complete)
            connection.execute(QUERIES["settle_job"], upload.names)

    results.again_where_cut(once)
    job.raise_unless_complete()


def settle_interrupted(goal_run: GoalRun, connection: Connection[Any], owner: Owner) -> None:
    """Find out what became of uploads that an earlier run of this goal left behind.

    One that was never closed has saved nothing and is aborted; of any other, Salesforce knows
    each row's fate. Nothing is sent again before that is known.
    """
    names = {"goal": owner.goal, "run_goal": goal_run.run_goal.id}
    for run_goal, operation, part, fields, places, job_id in connection.execute(
        QUERIES["open_jobs"], names
    ).fetchall():
        upload = Upload(
            run_goal=run_goal,
            operation=operation,
            part=part,
            fields=tuple(fields),
            places=tuple(places),
        )
        _settle_one(goal_run, connection, owner, upload, job_id)
        connection.execute(QUERIES["settle_job"], upload.names)
    connection.execute(QUERIES["forget_earlier"], names)


def _settle_one(
    goal_run: GoalRun, connection: Connection[Any], owner: Owner, upload: Upload, job_id: str
) -> None:
    bulk = goal_run.salesforce.bulk_ingest
    try:
        if bulk.get(job_id).state is JobState.OPEN:
            bulk.abort(job_id)
            return
        reconcile_job(goal_run, connection, owner, upload, job_id)
    except NotFound:
        goal_run.warn(
            f"Salesforce no longer knows the job {job_id} of an earlier run, so it is not known "
            f"which of its rows were saved. They are compared and sent again."
        )
    except (BulkJobFailed, BulkJobAborted) as error:
        goal_run.warn(f"A job of an earlier run did not end well: {error}")


def make_result(connection: Connection[Any], upload: Upload) -> None:
    """An empty table for the results of one upload: `c1`, `c2`, … hold the uploaded columns."""
    columns = [sql.SQL("{} text").format(sql.Identifier(name)) for name in _columns(upload)]
    connection.execute("DROP TABLE IF EXISTS export_result")
    connection.execute(
        sql.SQL(
            """CREATE TEMPORARY TABLE {} (
                kind text, record_id text COLLATE "C", key_id text COLLATE "C", created text,
                error text, row_hash uuid, {}
            )"""
        ).format(RESULT, sql.SQL(", ").join(columns))
    )


def _columns(upload: Upload) -> list[str]:
    return [f"c{number}" for number in range(1, len(upload.fields) + 1)]


def _copy(connection: Connection[Any], upload: Upload, kind: str, page: results.Page) -> None:
    columns = dict(zip((name.lower() for name in upload.fields), _columns(upload), strict=True))
    if upload.operation == "update":
        columns["id"] = "key_id"
    if kind != "unprocessed":
        columns["sf__id"] = "record_id"
        columns["sf__created" if kind == "successful" else "sf__error"] = (
            "created" if kind == "successful" else "error"
        )
    results.copy_page(connection, RESULT, columns, page)
    connection.execute("UPDATE export_result SET kind = %s WHERE kind IS NULL", [kind])


def take_over(connection: Connection[Any], owner: Owner, upload: Upload, *, complete: bool) -> int:
    """Write down what the result table says; how many rows have an outcome now.

    Safe to repeat: it says the same again.
    """
    connection.execute(hash_statement(upload))
    connection.execute("ANALYZE export_result")
    names = {**upload.names, "goal": owner.goal, "connection": owner.connection}
    names |= {"object": owner.object, "version": owner.version_of(upload.operation)}
    for name in ("note_results", "note_failures", "keep_links", "mark_failed_links"):
        connection.execute(QUERIES[name], names)
    connection.execute(QUERIES["count_profiles"], names)
    told, sent = connection.execute(QUERIES["count_told"], names).fetchone() or (0, 0)
    if complete and told != sent:
        raise CountMismatch(
            f"{sent:,} rows were sent and Salesforce accounts for {told:,}. The others are not "
            f"taken as sent; the next run compares and sends them again."
        )
    return int(told)


def hash_statement(upload: Upload) -> Composed:
    """The hash of all uploaded cells, as the export rows have it."""
    cells = sql.SQL(", ").join(sql.Identifier(name) for name in _columns(upload))
    return sql.SQL(
        "UPDATE export_result SET row_hash = md5((ARRAY[{}]::text[])::text)::uuid"
    ).format(cells)
