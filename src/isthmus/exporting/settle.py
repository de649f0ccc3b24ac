"""What became of uploads that a process left behind: Salesforce is asked, nothing is guessed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from psycopg import Connection

from isthmus.connections.runs import GoalRun
from isthmus.exporting.begun import Begun
from isthmus.exporting.diff import learn_rows
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.reconcile import Owner, reconcile_job
from isthmus.exporting.unheard import look_for
from isthmus.exporting.upload import Upload
from isthmus.salesforce import IngestJob, JobState, NotFound, WrongJobState

OLDER_THAN_ASKED = timedelta(seconds=2)
"""Salesforce tells its time and the age of its jobs in seconds."""


@dataclass(frozen=True, kw_only=True)
class OpenJob:
    """An upload of which it is not known what became of it."""

    upload: Upload
    job_id: str  # empty: asked for, and the answer did not come
    closing: bool  # rows of it may have been saved
    begun: Begun | None  # of its run

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Self:
        """The same from a row of the query."""
        run_goal, operation, part, fields, places, job_id, closing, begun = row
        upload = Upload(
            run_goal=run_goal,
            operation=operation,
            part=part,
            fields=tuple(fields),
            places=tuple(places),
        )
        known = Begun.read(begun) if begun else None
        return cls(upload=upload, job_id=job_id, closing=closing, begun=known)


def settle_interrupted(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, owner: Owner
) -> None:
    """Find out what became of the uploads that this run or an earlier one of the goal left behind.

    One that was never closed has saved nothing and is aborted; of any other, Salesforce knows
    each row's fate. Rows without an outcome afterwards were not saved.
    """
    names = {"goal": owner.goal, "run_goal": plan.run_goal}
    jobs = connection.execute(QUERIES["open_jobs"], names).fetchall()
    if jobs:
        learn_rows(connection)
    for row in jobs:
        left = OpenJob.of(row)
        if not left.job_id:
            _abort_unnamed(goal_run, connection, plan, left)
            connection.execute(QUERIES["forget_job"], left.upload.names)
        elif not left.closing:
            _abort(goal_run, connection, left.job_id)
            connection.execute(QUERIES["settle_job"], left.upload.names)
        else:
            _settle(goal_run, connection, plan, owner, left)
    settle_rows(goal_run, connection, plan)


def settle_rows(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> None:
    """Take over what is left of rows of earlier runs of the goal, once Salesforce was heard."""
    names = {"goal": plan.goal, "run_goal": plan.run_goal}
    with connection.transaction():
        goal_run.fence.check(connection)
        again = {"run_goal": plan.run_goal, "part": None}
        for outcome in ("unprocessed", "locked"):
            connection.execute(QUERIES["open_again"], {**again, "outcome": outcome})
        connection.execute(QUERIES["keep_earlier_open"], names)
        connection.execute(QUERIES["forget_earlier"], names)


def _abort(goal_run: GoalRun, connection: Connection[Any], job_id: str) -> None:
    """End a job that was never closed: nothing of it took effect."""
    goal_run.fence.check(connection)
    try:
        goal_run.salesforce.bulk_ingest.abort(job_id)
    except (NotFound, WrongJobState):
        # Salesforce forgets a job that was left open for a day.
        return


def _abort_unnamed(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, left: OpenJob
) -> None:
    """End a job that was asked for and of which the answer, with its id, never came.

    It is one that this user made, for the same object and operation, after the run began, that
    waits for its file, and that no upload known here names. Other exports of this store that make
    jobs for the object note each before they ask, and create only one at a time. Where several jobs
    fit, one may be somebody else's: none is touched. An open job holds no rows, and Salesforce
    drops it after a day.
    """
    fitting = _unknown_jobs(goal_run, connection, plan, left)
    if len(fitting) == 1:
        _abort(goal_run, connection, fitting[0].id)
    elif fitting:
        goal_run.warn(
            f"Salesforce has {len(fitting)} open jobs of this user of which it is not known who "
            f"made them ({', '.join(job.id for job in fitting)}). They hold no records and end by "
            f"themselves after a day; nothing has to be done."
        )


def _unknown_jobs(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, left: OpenJob
) -> list[IngestJob]:
    if left.begun is None:
        return []
    since = left.begun.org_time - OLDER_THAN_ASKED
    found = {
        job.id: job
        for job in goal_run.salesforce.bulk_ingest.find_open(plan.object.sobject)
        if job.operation == left.upload.operation and _is_since(job.created_at, since)
    }
    known = connection.execute(QUERIES["known_jobs"], {"jobs": list(found)})
    for (job_id,) in known:
        del found[job_id]
    return list(found.values())


def _is_since(created_at: datetime | None, since: datetime) -> bool:
    return created_at is not None and created_at >= since


def _settle(
    goal_run: GoalRun,
    connection: Connection[Any],
    plan: ExportPlan,
    owner: Owner,
    left: OpenJob,
) -> None:
    bulk = goal_run.salesforce.bulk_ingest
    try:
        if bulk.get(left.job_id).state is JobState.OPEN:
            # Asked to close, and it never heard of it; or it hears of it now.
            _abort(goal_run, connection, left.job_id)
        job = bulk.wait(left.job_id, cancelled=goal_run.cancelled)
        untold = reconcile_job(goal_run, connection, owner, left.upload, job)
    except NotFound:
        goal_run.warn(
            f"Salesforce no longer knows the job {left.job_id}, so it does not tell which of its "
            f"rows were saved. The records are looked for instead."
        )
        untold = 1
    if untold and left.upload.operation == "insert":
        look_for(goal_run, connection, plan, owner, left.upload, left.begun)
    goal_run.fence.check(connection)
    connection.execute(QUERIES["settle_job"], left.upload.names)
