"""Working through a job's upload, in the worker's thread."""

import logging
import time
from collections.abc import Iterator

from localorg.bulk_ingest.job import IngestJob, State
from localorg.bulk_ingest.results import Results
from localorg.bulk_ingest.upload import (
    RefusedUploadError,
    Upload,
    UploadError,
    check_line_endings,
    opened,
)
from localorg.control.faults import Fault
from localorg.dml import CHUNK_SIZE, Operation, delete_chunk, save_chunk, writing
from localorg.org import Org

_LOG = logging.getLogger(__name__)
_ROWS_PER_BATCH = 10_000


def process(org: Org, job: IngestJob) -> None:
    """Bring a job from UploadComplete to its end, whatever is wrong with it."""
    try:
        if job.begin(org.clock):
            _run(org, job)
        elif job.folder.exists():
            _leave_all(job)
    finally:
        job.finished.set()


def _run(org: Org, job: IngestJob) -> None:
    started = time.monotonic()
    state, job.error_message = _outcome(org, job)
    job.milliseconds = int((time.monotonic() - started) * 1000)
    org.usage.add("DailyBulkApiBatches", -(-job.records_processed // _ROWS_PER_BATCH))
    job.end(state, org.clock)


def _outcome(org: Org, job: IngestJob) -> tuple[State, str | None]:
    """The state that the job ends in and its errorMessage."""
    try:
        _check(job)
        with opened(job) as rows:
            _save(org, job, Upload(job, rows), org.faults.take_bulk_job_failure())
    except RefusedUploadError as error:
        _leave_all(job)
        return State.FAILED, str(error)
    except UploadError as error:
        return State.FAILED, str(error)
    except Exception:  # noqa: BLE001 - it is logged and told
        # Nobody waits for the thread's answer: the job has to tell its reader that it ended.
        _LOG.exception("The ingest job %s failed", job.id)
        return State.FAILED, "InternalServerError : The job failed; see the output of localorg"
    return State.JOB_COMPLETE, None


def _check(job: IngestJob) -> None:
    if not job.uploaded:
        raise RefusedUploadError("InvalidBatch : The job has no data")
    check_line_endings(job.upload, job.line_ending)


def _save(org: Org, job: IngestJob, upload: Upload, fault: Fault | None) -> None:
    with Results(job, upload.header) as results:
        try:
            for rows in _chunks(upload, fault):
                if job.state is State.ABORTED or org.closing:
                    results.leave(rows)
                    break
                _save_chunk(org, job, upload, results, rows)
        finally:
            results.leave(upload.rest())


def _chunks(upload: Upload, fault: Fault | None) -> Iterator[list[list[str]]]:
    """The chunks up to where the job is to fail."""
    allowed = CHUNK_SIZE if fault is None else min(CHUNK_SIZE, max(1, fault.after_rows))
    done = 0
    if fault is not None and fault.after_rows == 0:
        raise UploadError(fault.error_message)
    for rows in upload.chunks(allowed):
        yield rows
        done += len(rows)
        if fault is not None and done >= fault.after_rows:
            raise UploadError(fault.error_message)


def _save_chunk(
    org: Org, job: IngestJob, upload: Upload, results: Results, rows: list[list[str]]
) -> None:
    changes = [upload.read_row(row) for row in rows]
    step = delete_chunk if job.target.operation is Operation.DELETE else save_chunk
    with writing(org.store, org.clock, job.created_by_id) as writer:
        step(writer, job.target, changes)
    job.records_failed += results.add(rows, changes)
    job.records_processed += len(rows)


def _leave_all(job: IngestJob) -> None:
    """All rows as unprocessed, for a job that could not even start."""
    if not job.uploaded:
        with Results(job, []):
            return
    with opened(job, strict=False) as rows, Results(job, next(rows, [])) as results:
        results.leave(filter(None, rows))
