"""One job's way through its upload: batches of 10,000 rows, chunks of 200, from where it stands."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from localorg.bulk.table import JobTable
from localorg.bulk_ingest.errors import JobError, QuotaError
from localorg.bulk_ingest.job import IngestJob, Progress, Span
from localorg.bulk_ingest.line_endings import check_line_endings
from localorg.bulk_ingest.results import Results
from localorg.bulk_ingest.saving import ChunkSaver, Outcome
from localorg.bulk_ingest.upload import RowReader
from localorg.control.faults import Fault
from localorg.dml import CHUNK_SIZE
from localorg.limits.usage import Usage

ROWS_PER_BATCH = 10_000
# So many chunks share a transaction of the store; a client sees no difference, as they are done
# one after the other and a killed process does all or none of them.
CHUNKS_PER_TRANSACTION = 10
_BATCHES = "DailyBulkApiBatches"
# A batch that has more is put back, and so often at most.
_MOST_LOCK_FAILURES = 100
_MOST_RETRIES = 10

Rows = list[list[str]]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a run needs besides its job."""

    table: JobTable
    usage: Usage
    # What the job is to fail with, if it was planned.
    fault: Fault | None
    # Whether the job was aborted or the org is about to close.
    stopped: Callable[[], bool]


class Run:
    """The work on one job, which may pause between chunks."""

    def __init__(self, job: IngestJob, saver: ChunkSaver, around: Surroundings) -> None:
        """Open the upload and the results; raises JobError where the upload can't be used."""
        self._job = job
        self._saver = saver
        self._around = around
        check_line_endings(job.upload, job.facts.line_ending)
        self._reader: RowReader | None = RowReader(job)
        try:
            saver.read_header(self._reader.header)
            self._results = Results(job, self._reader.header)
            self._reader.skip(job.progress.spans[0].first if job.progress.spans else 0)
        except BaseException:
            self._reader.close()
            raise
        # Rows that were read but had to wait.
        self._waiting: Rows = []

    def close(self) -> None:
        """Close all files."""
        if self._reader is not None:
            self._reader.close()
        self._results.close()

    def advance(self, allowed: float) -> bool:
        """Work until `allowed` records are processed in all; True where nothing is left.

        Raises JobError where the job can go no further. It also returns where the job was stopped.
        """
        while self._job.progress.spans and not self._around.stopped():
            self._check_fault()
            chunks = self._chunks(allowed - self._job.progress.processed)
            if chunks is None:
                return False
            if chunks:
                self._save(chunks)
            else:
                self._end_span()
        return not self._job.progress.spans

    def _check_fault(self) -> None:
        fault = self._around.fault
        if fault is not None and self._job.progress.processed >= fault.after_rows:
            raise JobError(fault.error_message)

    def _chunks(self, room: float) -> list[Rows] | None:
        """The next chunks of one batch; none at the end of a span, None where they have to wait."""
        span = self._job.progress.spans[0]
        first, chunks = span.first, list[Rows]()
        while len(chunks) < CHUNKS_PER_TRANSACTION:
            rows = self._next_rows(span, first, no_error=bool(chunks))
            if len(rows) > room:
                self._waiting = rows
                return chunks or None
            if not rows:
                break
            if first % ROWS_PER_BATCH == 0 and not chunks and span.retries == 0:
                self._begin_batch()
            chunks.append(rows)
            room -= len(rows)
            first += len(rows)
            if first % ROWS_PER_BATCH == 0:
                break
        return chunks

    def _next_rows(self, span: Span, first: int, *, no_error: bool) -> Rows:
        rows, self._waiting = self._waiting, []
        if rows:
            return rows
        size = min(CHUNK_SIZE, ROWS_PER_BATCH - first % ROWS_PER_BATCH)
        if span.end is not None:
            size = min(size, span.end - first)
        if self._around.fault is not None:
            done = self._job.progress.processed + first - span.first
            size = min(size, self._around.fault.after_rows - done)
        try:
            return self._open_reader(first).take(max(size, 0))
        except JobError:
            if no_error:
                return []
            raise

    def _open_reader(self, first: int) -> RowReader:
        if self._reader is None:
            self._reader = RowReader(self._job, first)
        return self._reader

    def _begin_batch(self) -> None:
        usage = self._around.usage
        if usage.used(_BATCHES) >= usage.most(_BATCHES):
            message = f"ExceededQuota : ApiBatchItems Limit exceeded: {usage.most(_BATCHES)}"
            raise QuotaError(f"{message} batches per 24 hours are allowed")
        usage.add(_BATCHES)

    def _save(self, chunks: list[Rows]) -> None:
        """Save chunks, their results and the job's progress in one transaction."""
        job = self._job
        prepared = [(rows, self._saver.read(rows)) for rows in chunks]
        outcome = Outcome()
        try:
            with self._saver.writing() as writer:
                for number, (rows, changes) in enumerate(prepared):
                    if self._around.stopped():
                        break
                    self._saver.save(writer, changes)
                    outcome = outcome + self._saver.outcome(rows, changes, self._results)
                    if job.progress.lock_failures + outcome.locked > _MOST_LOCK_FAILURES:
                        self._waiting = [row for rows in chunks[number + 1 :] for row in rows]
                        break
                progress = self._after(outcome)
                self._around.table.note(writer.connection, job.id, progress.as_json())
        except BaseException:
            self._results.cut(job.progress.sizes)
            raise
        job.progress = progress
        self._check_retries(progress)

    def _after(self, outcome: Outcome) -> Progress:
        """The progress after some rows; the rest of a batch with too many locks is put back."""
        progress = self._job.progress
        span, *others = progress.spans
        first = span.first + outcome.rows
        locked = progress.lock_failures + outcome.locked
        done = replace(
            progress,
            processed=progress.processed + outcome.rows,
            failed=progress.failed + outcome.failed,
            sizes=self._results.flush(),
            lock_failures=0 if first % ROWS_PER_BATCH == 0 else locked,
            spans=(replace(span, first=first), *others),
        )
        if locked > _MOST_LOCK_FAILURES and first % ROWS_PER_BATCH:
            return self._put_back(done, first)
        return done

    def _put_back(self, progress: Progress, first: int) -> Progress:
        span, *others = progress.spans
        end = first - first % ROWS_PER_BATCH + ROWS_PER_BATCH
        end = end if span.end is None else min(end, span.end)
        again = Span(first=first, end=end, retries=span.retries + 1)
        # What was read already is a part of what has to be passed.
        self._open_reader(first).skip(end - first - len(self._waiting))
        self._waiting = []
        return replace(
            progress,
            retries=progress.retries + 1,
            lock_failures=0,
            spans=(replace(span, first=end), *others, again),
        )

    def _check_retries(self, progress: Progress) -> None:
        if any(span.retries > _MOST_RETRIES for span in progress.spans):
            message = "TooManyLockFailure : Too many lock failures: a batch was put back "
            raise JobError(f"{message}{_MOST_RETRIES} times. Try again later.")

    def _end_span(self) -> None:
        """Go on with the next span; another process that takes the job up would find the same."""
        progress = self._job.progress
        self._job.progress = replace(progress, spans=progress.spans[1:], lock_failures=0)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
