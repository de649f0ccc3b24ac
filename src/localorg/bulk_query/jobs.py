"""The query jobs of an org: made, run in a thread, aborted, deleted, forgotten after a week."""

import logging
import random
import sqlite3
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import TYPE_CHECKING

from localorg.bulk.errors import already_ended, not_terminated
from localorg.bulk.formats import DELIMITERS, LINE_ENDINGS
from localorg.bulk.registry import JobRegistry
from localorg.bulk.states import State
from localorg.bulk.table import JobTable
from localorg.bulk_query.compiling import compiled
from localorg.bulk_query.job import JobFacts, JobRequest, QueryJob
from localorg.bulk_query.pages import PageSizes
from localorg.bulk_query.rendering import Form, render
from localorg.bulk_query.result_file import remove, reopened
from localorg.control.fault_kinds import BULK_JOB_FAILED, SHUFFLED_RESULTS
from localorg.errors import SalesforceError
from localorg.limits.usage import MOST

if TYPE_CHECKING:
    from localorg.org import Org

_LOG = logging.getLogger(__name__)
KEPT = timedelta(days=7)
_JOBS = "DailyBulkV2QueryJobs"
_MEGABYTES = "DailyBulkV2QueryFileStorageMB"
_BYTES_PER_MEGABYTE = 1 << 20
_KILOBYTES_PER_MEGABYTE = 1 << 10
_TOKEN_BYTES = 6
_MOST_KILOBYTES = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class BulkQuerySettings:
    """How results are cut up."""

    pages: PageSizes = field(default_factory=PageSizes)
    # Rows that stay together where a result's order is arbitrary. Defaults to 2,000.
    segment_rows: int = 2_000


class QueryJobs(JobRegistry[QueryJob]):
    """All query jobs of an org; safe to use from several threads."""

    def __init__(self, org: "Org", settings: BulkQuerySettings | None = None) -> None:
        """Take up the jobs of the org's file; results are beside it."""
        super().__init__()
        pages = PageSizes(records=org.settings.bulk_page_records)
        self.settings = settings or BulkQuerySettings(pages=pages)
        self._org = org
        self._folder = org.store.folder / "query"
        self._table = JobTable(org.store, "localorg_bulk_query")
        self._folder.mkdir(parents=True, exist_ok=True)
        for kept in self._table.load():
            self._jobs[kept.id] = QueryJob(JobFacts.of_json(kept.facts))
        for job in list(self._jobs.values()):
            self._take_up(job)
        self._sweep()
        org.job_progress.on_change(self.go_on)
        org.on_rewind(self.forget_all)

    def forget_all(self) -> None:
        """Have no jobs any more."""
        for job in self._drop_all():
            job.gone = True
            self._remove_result(job)
        self._table.clear()

    def create(self, request: JobRequest) -> QueryJob:
        """Make a job, which does not run before it is started.

        Raises:
            SalesforceError: 400 LIMIT_EXCEEDED where the day's jobs or results are used up.

        """
        self._check_limits()
        now = self._org.clock.now().timestamp()
        job_id = self._org.store.ids.next("750")
        files = f"{job_id}-{token_hex(_TOKEN_BYTES)}"
        facts = JobFacts(id=job_id, files=files, request=request, created=now, changed=now)
        job = QueryJob(facts)
        self._table.put(job.id, job.facts.as_json())
        self._add(job)
        return job

    def start(self, job: QueryJob) -> None:
        """Let a job get as far as it may, as soon as a thread is free."""
        job.work = self._org.query_worker.submit(self._work, job)

    def go_on(self) -> None:
        """Let every job get as far as it may by now."""
        for job in self.all():
            if not job.ended and (job.work is None or job.work.done()):
                self.start(job)

    def allowance(self, job: QueryJob) -> float | None:
        """How many records a job may have handled by now; None where it may not begin."""
        return self._org.job_progress.pace.allowance(job, self._org.clock.now())

    def abort(self, job: QueryJob) -> None:
        """Stop a job; raises INVALIDJOBSTATE where it has ended."""
        with job.lock:
            if job.ended:
                raise already_ended(job.state)
            self._keep(job, job.in_state(State.ABORTED, self._org.clock.now()))
        self._remove_result(job)

    def delete(self, job: QueryJob) -> None:
        """Forget a job and its result; raises API_ERROR where it has not ended."""
        with job.lock:
            if not job.ended:
                raise not_terminated()
            self._forget(job)

    def _check_limits(self) -> None:
        usage = self._org.usage
        if usage.used(_MEGABYTES) >= usage.most(_MEGABYTES):
            usual = usage.most(_MEGABYTES) == MOST[_MEGABYTES]
            most = usage.most(_MEGABYTES) * _KILOBYTES_PER_MEGABYTE
            raise _limit_exceeded(
                f"Max bulk v2 query result size stored ({_MOST_KILOBYTES if usual else most}) kb "
                "per 24 hrs has been exceeded"
            )
        if usage.used(_JOBS) >= usage.most(_JOBS):
            message = f"Max bulk v2 query jobs ({usage.most(_JOBS)}) per 24 hrs has been reached"
            raise _limit_exceeded(message)
        usage.add(_JOBS)

    def _take_up(self, job: QueryJob) -> None:
        """Find the result of a job that an earlier process ran, or run it."""
        if job.state is State.JOB_COMPLETE:
            job.result = reopened(self._path(job), job.facts.result or {"records": 0})
            if job.result is None:
                self._forget(job)
        elif not job.ended:
            self.start(job)

    def _sweep(self) -> None:
        """Delete the files that belong to no job."""
        known = {job.facts.files for job in self._jobs.values()}
        for file in self._folder.iterdir():
            if file.stem not in known:
                remove(file)

    def _forget_old(self) -> None:
        oldest = self._org.clock.now() - KEPT
        for job in self._present():
            if job.ended and job.created < oldest:
                self._forget(job)

    def _forget(self, job: QueryJob) -> None:
        job.gone = True
        self._table.remove(job.id)
        self._drop(job)
        self._remove_result(job)

    def _remove_result(self, job: QueryJob) -> None:
        job.result = None
        remove(self._path(job))

    def _path(self, job: QueryJob) -> Path:
        return self._folder / f"{job.facts.files}.csv"

    def _keep(self, job: QueryJob, facts: JobFacts) -> None:
        """Exchange a job's facts, in the file first; the caller holds the job's lock."""
        self._table.put(job.id, facts.as_json())
        job.facts = facts

    def _work(self, job: QueryJob) -> None:
        """Bring a job as far as it may get by now, in a worker's thread."""
        with job.working:
            allowed = self.allowance(job)
            if allowed is None or job.ended or job.gone:
                return
            if job.state is State.UPLOAD_COMPLETE or self._is_unfinished(job):
                self._run(job)
            if allowed > 0 and allowed >= (job.result.records if job.result else 0):
                self._end(job)
            if job.gone or job.state is State.ABORTED:
                self._remove_result(job)

    def _is_unfinished(self, job: QueryJob) -> bool:
        """Whether an earlier process died while it ran the job."""
        return job.result is None and not job.problem

    def _run(self, job: QueryJob) -> None:
        """Make a job's result; whatever happens, it has a result or a problem afterwards."""
        if not self._move(job, job.in_state(State.IN_PROGRESS, self._org.clock.now())):
            return
        started = monotonic()
        try:
            fault = self._org.faults.take(BULK_JOB_FAILED, job.request.object_name)
            job.problem = fault.error_message if fault else self._render(job)
        except SalesforceError as error:
            job.problem = f"{error.code} : {error.message}"
        except (sqlite3.Error, OSError) as error:
            job.problem = f"InternalServerError : {error}"
        except Exception:  # noqa: BLE001 - it is logged and told
            # Nobody waits for the thread's answer: the job has to tell its reader that it ended.
            _LOG.exception("The query job %s failed", job.id)
            job.problem = "InternalServerError : The job failed; see the output of localorg"
        milliseconds = round((monotonic() - started) * 1000)
        self._move(job, replace(job.facts, milliseconds=milliseconds))

    def _render(self, job: QueryJob) -> str:
        """Write the result; return what went wrong, which is nothing."""
        request, rows = job.request, self.settings.segment_rows
        # The same job number gives the same order, so that a test can be repeated.
        order = random.Random(job.id) if request.chunked else None  # noqa: S311 - no secret
        fault = self._org.faults.take(SHUFFLED_RESULTS, request.object_name)
        if fault is not None:
            rows, order = 1, random.Random(fault.seed)  # noqa: S311 - no secret
        statement = compiled(
            self._org,
            request.query,
            user_id=request.user_id,
            now=job.created,
            deleted_too=request.operation == "queryAll",
        )
        form = Form(
            path=self._path(job),
            delimiter=DELIMITERS[request.column_delimiter],
            line_ending=LINE_ENDINGS[request.line_ending],
            segment_rows=rows,
            order=order,
        )
        job.result = render(
            statement,
            self._org.store,
            form,
            lambda: job.ended or job.gone or self._org.closing,
        )
        return ""

    def _end(self, job: QueryJob) -> None:
        """Let a job say that it is over; one that was stopped by the org's end says nothing."""
        now = self._org.clock.now()
        if job.problem:
            self._move(job, job.in_state(State.FAILED, now, error_message=job.problem))
            self._remove_result(job)
        elif job.result is not None:
            kept = job.result.as_json()
            if self._move(job, job.in_state(State.JOB_COMPLETE, now, result=kept)):
                self._org.usage.add(_MEGABYTES, job.result.size / _BYTES_PER_MEGABYTE)

    def _move(self, job: QueryJob, facts: JobFacts) -> bool:
        """Exchange the facts of a job unless it was aborted meanwhile."""
        with job.lock:
            if job.ended or job.gone:
                return False
            self._keep(job, facts)
            return True


def _limit_exceeded(message: str) -> SalesforceError:
    return SalesforceError(HTTPStatus.BAD_REQUEST, "LIMIT_EXCEEDED", message)
