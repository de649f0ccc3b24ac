"""The ingest jobs of an org: made, filled, run in a thread, aborted, deleted, forgotten."""

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from localorg.bulk.errors import already_ended, not_terminated
from localorg.bulk.registry import JobRegistry
from localorg.bulk.states import State
from localorg.bulk.table import JobTable
from localorg.bulk_ingest.errors import (
    GoneError,
    JobError,
    QuotaError,
    RefusedUploadError,
    wrong_state,
)
from localorg.bulk_ingest.job import IngestJob, JobFacts, Progress
from localorg.bulk_ingest.processing import Run, Surroundings
from localorg.bulk_ingest.results import Results
from localorg.bulk_ingest.saving import ChunkSaver
from localorg.bulk_ingest.upload import of_span, raw_rows
from localorg.control.fault_kinds import BULK_JOB_FAILED
from localorg.errors import SalesforceError, not_found

if TYPE_CHECKING:
    from localorg.org import Org

_LOG = logging.getLogger(__name__)
_KEPT = timedelta(days=7)
_KEPT_OPEN = timedelta(hours=24)
_UNTERMINATED = frozenset({State.OPEN, State.IN_PROGRESS})


class IngestJobs(JobRegistry[IngestJob]):
    """All ingest jobs of an org; safe to use from several threads."""

    def __init__(self, org: "Org") -> None:
        """Take up the jobs of the org's file, and go on with what an earlier process left."""
        super().__init__()
        self._org = org
        self._folder = org.store.folder / "ingest"
        self._table = JobTable(org.store, "localorg_bulk_ingest")
        self._runs: dict[IngestJob, Run] = {}
        self._folder.mkdir(parents=True, exist_ok=True)
        for kept in self._table.load():
            self._take_up(JobFacts.of_json(kept.facts), Progress.of_json(kept.progress))
        self._sweep()
        org.job_progress.on_change(self.go_on)
        org.on_rewind(self.forget_all)

    def create(self, facts: JobFacts, content: bytes | None = None) -> IngestJob:
        """Make a job; one that brings its content along is closed already."""
        folder = self._folder / facts.folder
        folder.mkdir(parents=True)
        if content is not None:
            closed = self._org.clock.now().timestamp()
            facts = replace(facts, uploaded=True, state=State.UPLOAD_COMPLETE, closed=closed)
        job = IngestJob(facts, Progress(), folder)
        if content is not None:
            with job.upload.open("wb") as file:
                file.write(content)
                self._make_durable(file.fileno())
        self._table.put(job.id, facts.as_json())
        self._add(job)
        return job

    def begin_upload(self, job: IngestJob) -> Path:
        """Let a client send the data of a job; answers where to. Raises INVALIDJOBSTATE."""
        with job.lock:
            if job.state is not State.OPEN or job.facts.uploaded or job.receiving:
                reason = f"its state is {job.state.value}"
                if job.state is State.OPEN:
                    reason = "it has its data" if job.facts.uploaded else "its data is coming"
                raise wrong_state(f"The job takes no data: {reason}. Make another job for more.")
            job.receiving = True
        return job.folder / "upload.part"

    def drop_upload(self, job: IngestJob) -> None:
        """Forget data that did not come as a whole."""
        (job.folder / "upload.part").unlink(missing_ok=True)
        job.receiving = False

    def end_upload(self, job: IngestJob) -> None:
        """Take the data of a job, which is safe when this returns."""
        part = job.folder / "upload.part"
        try:
            with part.open("rb") as file:
                self._make_durable(file.fileno())
            with job.lock:
                if job.gone:
                    raise not_found()
                if job.state is not State.OPEN:
                    raise wrong_state(f"The job takes no data: its state is {job.state.value}.")
                part.replace(job.upload)
                self._keep(job, replace(job.facts, uploaded=True))
        except FileNotFoundError:
            # The job was forgotten meanwhile, and its folder with it.
            raise not_found() from None
        finally:
            self.drop_upload(job)

    def close(self, job: IngestJob) -> dict[str, Any]:
        """Begin with the work; answers the job as it is before. Raises INVALIDJOBSTATE."""
        with job.lock:
            if job.state is not State.OPEN or job.receiving:
                what = "its data is still coming" if job.receiving else "its state is "
                state = "" if job.receiving else job.state.value
                raise wrong_state(f"The job can't be closed: {what}{state}.")
            now = self._org.clock.now()
            closed = now.timestamp()
            self._keep(job, job.in_state(State.UPLOAD_COMPLETE, now, closed=closed))
            answer = job.as_json()
        self.start(job)
        return answer

    def abort(self, job: IngestJob) -> dict[str, Any]:
        """Stop a job after its present chunk; raises INVALIDJOBSTATE where it has ended."""
        with job.lock:
            if job.ended:
                raise already_ended(job.state)
            self._keep(job, job.in_state(State.ABORTED, self._org.clock.now()))
            answer = job.as_json()
        self.start(job)
        return answer

    def delete(self, job: IngestJob) -> None:
        """Forget a job and its files; raises API_ERROR where it is Open or InProgress."""
        with job.lock:
            if job.state in _UNTERMINATED:
                raise not_terminated()
            self._forget(job)

    def start(self, job: IngestJob) -> None:
        """Let a job get as far as it may, as soon as the thread is free."""
        job.work = self._org.ingest_worker.submit(self._work, job)

    def go_on(self) -> None:
        """Let every job get as far as it may by now."""
        for job in self.all():
            waiting = job.state is not State.OPEN and not job.facts.finished
            if waiting and (job.work is None or job.work.done()):
                self.start(job)

    def forget_all(self) -> None:
        """Have no jobs any more."""
        jobs = self._drop_all()
        self._table.clear()
        for job in jobs:
            job.gone = True
            shutil.rmtree(job.folder, ignore_errors=True)
            if job in self._runs:
                # The thread that worked on it closes its files.
                self.start(job)

    def stop(self) -> None:
        """Close the files of jobs that are not done; the org's worker has ended."""
        for job in list(self._runs):
            self._close_run(job)

    def _take_up(self, facts: JobFacts, progress: Progress) -> None:
        """Go on with a job of an earlier process; one whose files are gone is forgotten."""
        job = IngestJob(facts, progress, self._folder / facts.folder)
        if not job.folder.is_dir() or (facts.uploaded and not job.upload.exists()):
            self._table.remove(job.id)
            return
        (job.folder / "upload.part").unlink(missing_ok=True)
        self._jobs[job.id] = job
        if job.state is not State.OPEN and not facts.finished:
            self.start(job)

    def _sweep(self) -> None:
        """Delete the files that belong to no job."""
        known = {job.facts.folder for job in self._jobs.values()}
        for folder in self._folder.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def _forget_old(self) -> None:
        now = self._org.clock.now()
        for job in self._present():
            age = now - job.created
            ended = job.facts.finished and age > _KEPT
            left_open = job.state is State.OPEN and age > _KEPT_OPEN and not job.receiving
            if ended or left_open:
                self._forget(job)

    def _forget(self, job: IngestJob) -> None:
        job.gone = True
        self._table.remove(job.id)
        self._drop(job)
        shutil.rmtree(job.folder, ignore_errors=True)

    def _make_durable(self, file: int) -> None:
        if self._org.store.kept:
            os.fsync(file)

    def _keep(
        self, job: IngestJob, facts: JobFacts, progress: Mapping[str, Any] | None = None
    ) -> None:
        """Exchange a job's facts, in the file first; the caller holds the job's lock."""
        self._table.put(job.id, facts.as_json(), progress)
        job.facts = facts

    def _work(self, job: IngestJob) -> None:
        """Bring a job as far as it may get by now, in the worker's thread."""
        with job.working:
            if job.gone or job.facts.finished or job.state is State.OPEN:
                self._close_run(job)
                return
            allowed = self._org.job_progress.pace.allowance(job, self._org.clock.now())
            if job.state is State.UPLOAD_COMPLETE and allowed is not None:
                self._begin(job)
            if job.state is State.ABORTED:
                self._end(job, State.ABORTED, None)
            elif allowed:
                self._run(job, allowed)

    def _begin(self, job: IngestJob) -> None:
        """Go to InProgress, unless the job was aborted just now."""
        with job.lock:
            if job.state is State.UPLOAD_COMPLETE:
                self._keep(job, job.in_state(State.IN_PROGRESS, self._org.clock.now()))

    def _run(self, job: IngestJob, allowed: float) -> None:
        """Work on a job; whatever happens, it pauses or ends."""
        started = monotonic()
        try:
            if not self._run_of(job).advance(allowed) and job.state is State.IN_PROGRESS:
                return
            state, problem = State.JOB_COMPLETE, None
        except GoneError:
            state, problem = State.FAILED, None
        except QuotaError as error:
            # Rows beyond the day's batches are in none of the results.
            job.progress = replace(job.progress, spans=job.progress.spans[1:])
            state, problem = State.FAILED, str(error)
        except JobError as error:
            state, problem = State.FAILED, str(error)
        except Exception:  # noqa: BLE001 - it is logged and told
            # Nobody waits for the thread's answer: the job has to tell its reader that it ended.
            if not job.gone:
                _LOG.exception("The ingest job %s failed", job.id)
            state = State.FAILED
            problem = "InternalServerError : The job failed; see the output of localorg"
        finally:
            milliseconds = job.progress.milliseconds + round((monotonic() - started) * 1000)
            job.progress = replace(job.progress, milliseconds=milliseconds)
        self._end(job, state, problem)

    def _run_of(self, job: IngestJob) -> Run:
        run = self._runs.get(job)
        if run is None:
            run = self._runs[job] = self._new_run(job)
        return run

    def _new_run(self, job: IngestJob) -> Run:
        if not job.facts.uploaded:
            raise RefusedUploadError("InvalidBatch : The job has no data")
        try:
            saver = ChunkSaver(self._org, job)
        except SalesforceError as error:
            raise RefusedUploadError(f"{error.code} : {error.message}") from error
        around = Surroundings(
            table=self._table,
            usage=self._org.usage,
            fault=self._org.faults.take(BULK_JOB_FAILED, job.facts.object_name),
            stopped=lambda: job.state is State.ABORTED or job.gone or self._org.closing,
        )
        return Run(job, saver, around)

    def _close_run(self, job: IngestJob) -> None:
        run = self._runs.pop(job, None)
        if run is not None:
            run.close()

    def _end(self, job: IngestJob, state: State, problem: str | None) -> None:
        """Let the results be whole and the job over; an aborted one stays Aborted."""
        self._close_run(job)
        if job.gone:
            return
        progress = replace(job.progress, spans=(), sizes=_leave(job))
        with job.lock:
            if self._jobs.get(job.id) is not job:
                return
            if job.state is State.ABORTED:
                facts = replace(job.facts, finished=True)
            else:
                now = self._org.clock.now()
                facts = job.in_state(state, now, finished=True, error_message=problem)
            job.progress = progress
            self._keep(job, facts, progress.as_json())
        job.finished.set()


def _leave(job: IngestJob) -> dict[str, int]:
    """Note all rows that were not handled as unprocessed; answers the sizes of the results."""
    if not job.facts.uploaded:
        with Results(job, []) as results:
            return results.flush()
    with raw_rows(job) as rows:
        header = next(rows, [])
    with Results(job, header) as results:
        for span in job.progress.spans:
            with raw_rows(job) as rows:
                next(rows, None)
                results.leave(of_span(rows, span))
        return results.flush()
