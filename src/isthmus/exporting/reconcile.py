"""What Salesforce says of each row that was sent, taken over in one transaction."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.connections import exchange, results
from isthmus.connections.errors import PageIncomplete
from isthmus.connections.runs import GoalRun
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.upload import Upload
from isthmus.profiles import merging
from isthmus.salesforce import IngestJob, JobState, NotFound

RESULT = sql.Identifier("export_result")
KINDS = ("successful", "failed", "unprocessed")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """To whose account an upload's results go."""

    goal: int
    connection: int
    object: str
    version: int  # of the goal, by which the rows were built
    creates_all: bool  # a record that is created gets all that the goal writes
    zone: str  # of the connection: whose days the profiles count for

    @classmethod
    def of(cls, plan: ExportPlan, version: int) -> "Owner":
        """The goal that runs now."""
        return cls(
            goal=plan.goal,
            connection=plan.connection,
            object=plan.object.name,
            version=version,
            creates_all=len(plan.writable("insert")) == len(plan.rows),
            zone=plan.zone,
        )

    def version_of(self, operation: str) -> int | None:
        """What a link keeps as the version that was sent; None where the next run has to look."""
        return self.version if operation == "update" or self.creates_all else None


def reconcile_job(
    goal_run: GoalRun, connection: Connection[Any], owner: Owner, upload: Upload, job: IngestJob
) -> int:
    """Take over all three results of a job that has ended; how many rows it does not account for.

    A failed or aborted job may have saved some rows, so its results are read as well.
    """

    def once(*, strict: bool = True) -> int:
        return _take_results(goal_run, connection, owner, upload, job, strict=strict)

    try:
        return results.again_where_cut(once)
    except PageIncomplete:
        # Asked again and again it says the same. What is known is taken over; what is not is
        # looked for by whoever called.
        return once(strict=False)


def _take_results(
    goal_run: GoalRun,
    connection: Connection[Any],
    owner: Owner,
    upload: Upload,
    job: IngestJob,
    *,
    strict: bool,
) -> int:
    with connection.transaction():
        goal_run.fence.check(connection)
        make_result(connection, upload)
        for kind in KINDS:
            try:
                with getattr(goal_run.salesforce.bulk_ingest, kind)(job.id) as page:
                    _copy(connection, upload, kind, page)
            except NotFound:
                if job.state is JobState.JOB_COMPLETE:
                    raise
        untold = take_over(connection, owner, upload)
        if untold and strict and job.state is JobState.JOB_COMPLETE:
            raise PageIncomplete(
                f"The results of job {job.id} leave out {untold:,} of the rows that were sent. "
                f"They are fetched again."
            )
        connection.execute(QUERIES["settle_job"], upload.names)
    return untold


def make_result(connection: Connection[Any], upload: Upload) -> None:
    """An empty table for the results of one upload: `c1`, `c2`, … hold the uploaded columns."""
    columns = [sql.SQL("{} text").format(sql.Identifier(name)) for name in _columns(upload)]
    connection.execute("DROP TABLE IF EXISTS export_result, export_told")
    connection.execute(
        sql.SQL(
            """CREATE TEMPORARY TABLE {} (
                kind text, record_id text COLLATE "C", key_id text COLLATE "C", created text,
                error text, row_hash uuid, {}
            )"""
        ).format(RESULT, sql.SQL(", ").join(columns))
    )
    connection.execute(QUERIES["make_told"])


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
    # The file does not say which of the three it is.
    connection.execute(
        sql.SQL("ALTER TABLE {} ALTER kind SET DEFAULT {}").format(RESULT, sql.Literal(kind))
    )
    results.copy_page(connection, RESULT, columns, page)


def take_over(connection: Connection[Any], owner: Owner, upload: Upload) -> int:
    """Write down what the result table says; how many rows of the upload have no outcome then.

    Belongs into one transaction. Rows that have an outcome keep it, so it is safe to repeat.
    """
    creates = upload.operation == "insert"
    if creates:
        connection.execute(hash_statement(upload))
    connection.execute("ANALYZE export_result (kind, record_id, key_id, row_hash)")
    connection.execute(QUERIES["tell_inserts" if creates else "tell_updates"], upload.names)
    note_told(connection, owner, upload)
    row = connection.execute(QUERIES["count_untold"], upload.names).fetchone()
    return int(row[0]) if row else 0


def note_told(connection: Connection[Any], owner: Owner, upload: Upload) -> None:
    """Give the rows that Salesforce spoke of their outcomes, with all that follows from them.

    Belongs into one transaction, READ COMMITTED. From here to its end no profiles are merged, so
    what was sent is given to the profiles that are there.
    """
    connection.execute("ANALYZE export_told")
    names = {**upload.names, "goal": owner.goal, "connection": owner.connection}
    names |= {"object": owner.object, "version": owner.version_of(upload.operation)}
    names["day"] = exchange.today(owner.zone)
    merging.keep_owners(connection)
    connection.execute(QUERIES["follow_merged"], names)
    told = connection.execute(QUERIES["note_results"], names).rowcount
    some_failed = connection.execute(QUERIES["any_failed"]).fetchone() == (True,)
    if some_failed:
        # Links that this run made are in no statistics yet either: taken for few, all of the goal
        # would be kept at hand and gone through for each row.
        connection.execute("SET LOCAL enable_material = off")
        connection.execute(QUERIES["mark_failed_links"], names)
        connection.execute("SET LOCAL enable_material = on")
    if told > FEW_TOLD:
        # The outcomes are in no statistics yet: a plan that takes rows with one for few would go
        # through all that were told for each of them.
        connection.execute("SET LOCAL enable_nestloop = off")
    for name in (*_OF_FAILURES, *_OF_ALL) if some_failed else _OF_ALL:
        connection.execute(QUERIES[name], names)
    connection.execute("SET LOCAL enable_nestloop = on")


FEW_TOLD = 1_000
"""Rows. For so few, looking each up is quicker than reading all rows of the run."""

_OF_FAILURES = ("note_failures", "hold_failed")
_OF_ALL = ("note_outcomes", "keep_links", "count_profiles", "release_held")


def hash_statement(upload: Upload) -> Composed:
    """The hash of all uploaded cells, as the export rows have it."""
    cells = sql.SQL(", ").join(sql.Identifier(name) for name in _columns(upload))
    return sql.SQL(
        "UPDATE export_result SET row_hash = md5((ARRAY[{}]::text[])::text)::uuid"
    ).format(cells)
