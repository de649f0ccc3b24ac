"""Writing many records: Bulk 2.0 ingest jobs.

Source: Bulk API 2.0 guide, Ingest.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from isthmus.salesforce.errors import InvalidArgument, RequestTooLarge
from isthmus.salesforce.jobs import IngestJob, Jobs, JobState, read_ingest_job
from isthmus.salesforce.rest import Call, Rest
from isthmus.salesforce.results import ResultPage, open_results

OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
_CLOSED = frozenset({JobState.UPLOAD_COMPLETE, JobState.IN_PROGRESS, JobState.JOB_COMPLETE})
_ENDED = frozenset({JobState.ABORTED, JobState.FAILED, JobState.JOB_COMPLETE})


class BulkIngest:
    """Ingest jobs of the org. Every call works from any thread."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._jobs = Jobs(rest, "ingest", "V2Ingest", read_ingest_job)

    def create(
        self,
        object_name: str,
        operation: str,
        *,
        external_id_field: str | None = None,
        assignment_rule_id: str | None = None,
    ) -> IngestJob:
        """A new, open job for comma-separated UTF-8 with LF line ends.

        Without `assignment_rule_id` no assignment rule runs. Raises `OutcomeUnknown` where the
        answer is lost; `find_open` then tells whether there is a job.
        """
        _check_operation(operation, external_id_field)
        content = {
            "object": object_name,
            "operation": operation,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
            "externalIdFieldName": external_id_field,
            "assignmentRuleId": assignment_rule_id,
        }
        given = {key: value for key, value in content.items() if value is not None}
        return self._jobs.create(given, repeatable=False)

    def upload(self, job_id: str, chunks: Iterable[bytes], *, length: int | None = None) -> int:
        """The bytes sent: the job's one and only file, its header row first.

        The pieces are sent as they come; give `length` in bytes where it is known. Never sent
        twice: raises `OutcomeUnknown` where the answer is lost (abort the job and make another),
        and `RequestTooLarge` beyond `ClientSettings.upload_bytes`.
        """
        measured = _Measured(chunks, self._rest.settings.upload_bytes)
        # What gives its pieces only once must not look as if it could be sent again.
        body = iter(measured) if iter(chunks) is chunks else measured
        sized = {} if length is None else {"Content-Length": str(length)}
        call = Call(
            method="PUT",
            path=self._jobs.path(job_id, "batches"),
            headers={"Content-Type": "text/csv; charset=UTF-8", **sized},
            body=body,
            version=self._jobs.known_version(job_id),
        )
        self._rest.answer(call)
        return measured.sent

    def close(self, job_id: str) -> None:
        """Say that the file is whole, so that Salesforce starts. Asking twice does no harm."""
        self._jobs.set_state(job_id, JobState.UPLOAD_COMPLETE, _CLOSED)

    def abort(self, job_id: str) -> None:
        """Stop a job; one that has ended already is left as it is."""
        self._jobs.set_state(job_id, JobState.ABORTED, _ENDED)

    def get(self, job_id: str) -> IngestJob:
        """The job as it stands now."""
        return self._jobs.get(job_id)

    def jobs(self) -> Iterator[IngestJob]:
        """The jobs that the user started, of the last seven days, in any order."""
        return self._jobs.own()

    def find_open(self, object_name: str | None = None) -> list[IngestJob]:
        """The user's jobs that wait for a file, of one object or of all."""
        return [
            job
            for job in self.jobs()
            if job.state is JobState.OPEN and object_name in (None, job.object_name)
        ]

    def wait(
        self,
        job_id: str,
        *,
        on_progress: Callable[[IngestJob], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> IngestJob:
        """The job once it has ended, **also where it failed or was aborted**.

        A failed job keeps the rows that worked, so fetch all three results before
        `job.raise_unless_complete()`. Raises `WaitCancelled`.
        """
        return self._jobs.wait(job_id, on_progress, cancelled)

    def successful(self, job_id: str) -> AbstractContextManager[ResultPage]:
        """Rows that worked: `sf__Id`, `sf__Created`, then the uploaded columns, in any order."""
        return self._results(job_id, "successfulResults")

    def failed(self, job_id: str) -> AbstractContextManager[ResultPage]:
        """Rows that were refused: `sf__Id`, `sf__Error`, then the uploaded columns."""
        return self._results(job_id, "failedResults")

    def unprocessed(self, job_id: str) -> AbstractContextManager[ResultPage]:
        """Rows that were never tried: the uploaded columns."""
        return self._results(job_id, "unprocessedrecords")

    def delete(self, job_id: str) -> None:
        """Delete a job that is not open; one that is gone already is fine."""
        self._jobs.delete(job_id)

    def _results(self, job_id: str, name: str) -> AbstractContextManager[ResultPage]:
        path = self._jobs.path(job_id, name)
        return open_results(self._rest, path, version=self._jobs.version(job_id))


class _Measured:
    """Pieces that are counted while they are sent."""

    def __init__(self, chunks: Iterable[bytes], most: int) -> None:
        self._chunks = chunks
        self._most = most
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        self.sent = 0
        for chunk in self._chunks:
            self.sent += len(chunk)
            if self.sent > self._most:
                raise RequestTooLarge(
                    f"An ingest job takes at most {self._most} bytes of CSV, and this is more. "
                    "Abort the job, and spread the rows over several jobs."
                )
            yield chunk


def _check_operation(operation: str, external_id_field: str | None) -> None:
    if operation not in OPERATIONS:
        raise InvalidArgument(
            f"{operation!r} is not an ingest operation; use one of {', '.join(sorted(OPERATIONS))}."
        )
    if (operation == "upsert") != (external_id_field is not None):
        raise InvalidArgument(
            f"{operation} came with external_id_field={external_id_field!r}; upsert needs one "
            "(Id or an external id field), and no other operation takes one."
        )
