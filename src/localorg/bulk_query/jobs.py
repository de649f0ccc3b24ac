"""The query jobs of an org: made, run in a thread, aborted, deleted, forgotten after a week."""

import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

from localorg.bulk_query.job import JobRequest, QueryJob, State
from localorg.bulk_query.rendering import render
from localorg.errors import SalesforceError, not_found
from localorg.limits.routes import MOST
from localorg.org import Org

KEPT = timedelta(days=7)
JOBS_PER_DAY = MOST["DailyBulkV2QueryJobs"]


@dataclass(frozen=True, kw_only=True)
class BulkQuerySettings:
    """How results are cut up."""

    # Records on a page for which the client names no number. Defaults to 50,000.
    page_records: int = 50_000
    # Rows that stay together where a result's order is arbitrary. Defaults to 2,000.
    segment_rows: int = 2_000


class QueryJobs:
    """All query jobs of an org; safe to use from several threads."""

    def __init__(self, org: Org, settings: BulkQuerySettings | None = None) -> None:
        """Keep results in the store's temporary folder."""
        self.settings = settings or BulkQuerySettings()
        self._org = org
        self._folder = org.store.folder
        self._jobs: dict[str, QueryJob] = {}
        self._lock = threading.Lock()

    def create(self, request: JobRequest) -> QueryJob:
        """Make a job, which does not run before it is started.

        Raises:
            SalesforceError: 400 LIMIT_EXCEEDED where the day's jobs are used up.

        """
        if self._org.usage.add("DailyBulkV2QueryJobs") > JOBS_PER_DAY:
            message = f"Max bulk v2 query jobs ({JOBS_PER_DAY}) per 24 hrs has been reached"
            raise SalesforceError(400, "LIMIT_EXCEEDED", message)
        job = QueryJob(self._org.store.ids.next("750"), request, self._org.clock.now())
        with self._lock:
            self._jobs[job.id] = job
        return job

    def start(self, job: QueryJob) -> None:
        """Let a job run as soon as a thread is free."""
        self._org.query_worker.submit(self._run, job)

    def find(self, job_id: str) -> QueryJob:
        """Return a job by its id; raises 404 NOT_FOUND for unknown, deleted and week-old ones."""
        self._forget_old()
        job = self._jobs.get(job_id) or self._by_short_id(job_id)
        if job is None:
            raise not_found()
        return job

    def all(self) -> list[QueryJob]:
        """Return all jobs, oldest first."""
        self._forget_old()
        with self._lock:
            return list(self._jobs.values())

    def abort(self, job: QueryJob) -> None:
        """Stop a job; raises INVALIDJOBSTATE where it has ended."""
        with self._lock:
            if job.ended:
                name = "Completed" if job.state is State.JOB_COMPLETE else job.state.value
                message = f"Aborting already {name} Job not allowed"
                raise SalesforceError(400, "INVALIDJOBSTATE", message)
            job.enter(State.ABORTED, self._org.clock.now())

    def delete(self, job: QueryJob) -> None:
        """Forget a job and its result; raises API_ERROR where it has not ended."""
        with self._lock:
            if not job.ended:
                message = (
                    "Error encountered when deleting the job because the job is not terminated"
                )
                raise SalesforceError(400, "API_ERROR", message)
            self._jobs.pop(job.id, None)
        self._remove_file(job)

    def _by_short_id(self, job_id: str) -> QueryJob | None:
        with self._lock:
            return next((job for key, job in self._jobs.items() if key[:15] == job_id), None)

    def _forget_old(self) -> None:
        oldest = self._org.clock.now() - KEPT
        with self._lock:
            old = [job for job in self._jobs.values() if job.ended and job.created < oldest]
            for job in old:
                del self._jobs[job.id]
        for job in old:
            self._remove_file(job)

    def _path(self, job: QueryJob) -> Path:
        return self._folder / f"{job.id}.csv"

    def _remove_file(self, job: QueryJob) -> None:
        """Delete a job's file; one that is still being read goes with the folder at the end."""
        with suppress(OSError):
            self._path(job).unlink()

    def _run(self, job: QueryJob) -> None:
        """Run a job in a worker's thread; whatever happens, the job ends."""
        if not self._move(job, State.UPLOAD_COMPLETE, State.IN_PROGRESS):
            return
        started = monotonic()
        problem = "InternalServerError : the job ended without a result"
        try:
            fault = self._org.faults.take_bulk_job_failure()
            problem = fault.error_message if fault else self._render(job)
        except (sqlite3.Error, OSError) as error:
            problem = f"InternalServerError : {error}"
        finally:
            job.milliseconds = round((monotonic() - started) * 1000)
            self._end(job, problem)

    def _render(self, job: QueryJob) -> str:
        """Write the result; return what went wrong, which is nothing."""
        job.result = render(
            job,
            self._org.store,
            self._path(job),
            self.settings.segment_rows,
            lambda: job.state is State.ABORTED,
        )
        return ""

    def _end(self, job: QueryJob, problem: str) -> None:
        job.error_message = problem or None
        state = State.FAILED if problem else State.JOB_COMPLETE
        if not self._move(job, State.IN_PROGRESS, state) or problem:
            job.result = None
            self._remove_file(job)

    def _move(self, job: QueryJob, before: State, after: State) -> bool:
        """Change a job's state if it is still as expected, and say whether it was."""
        with self._lock:
            if job.state is not before:
                return False
            job.enter(after, self._org.clock.now())
            return True
