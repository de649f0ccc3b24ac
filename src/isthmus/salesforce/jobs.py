"""Bulk 2.0 jobs: what they say of themselves, and waiting for their end.

Source: Bulk API 2.0 guide, Get Information About a Query Job / an Ingest Job.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from isthmus.errors import Retryable
from isthmus.salesforce.error_codes import kind_of_row_code
from isthmus.salesforce.errors import (
    BulkJobAborted,
    BulkJobBroken,
    BulkJobError,
    BulkJobRefused,
    BulkJobTimedOut,
    NotFound,
    OutcomeUnknown,
    QueryTimedOut,
    SalesforceError,
    UnexpectedAnswer,
    WaitCancelled,
    WrongJobState,
)
from isthmus.salesforce.rest import Call, Rest
from isthmus.salesforce.retries import attempts
from isthmus.salesforce.settings import Clock
from isthmus.salesforce.wire import understood

_LONGEST_NAP_SECONDS = 1.0
_MOST_RETRIES = 15
"""How often Salesforce itself tries a job again. Source: Bulk API 2.0 guide, Query."""


class JobState(StrEnum):
    """Where a job stands. Its value is Salesforce's own word."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"

    @property
    def finished(self) -> bool:
        """Whether it stays so."""
        return self in (JobState.JOB_COMPLETE, JobState.FAILED, JobState.ABORTED)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What query and ingest jobs have in common."""

    id: str
    state: JobState
    operation: str
    object_name: str
    api_version: str
    """The version that all calls about this job must use, such as `62.0`."""
    created_by_id: str
    created_at: datetime | None
    records_processed: int
    """So far; for an ingest job with the failed ones."""
    error_message: str
    """Why it failed, in Salesforce's words; empty where there are none."""
    raw: Mapping[str, Any]
    """All that Salesforce said."""

    @property
    def finished(self) -> bool:
        """Whether it is complete, failed or aborted."""
        return self.state.finished

    def raise_unless_complete(self) -> None:
        """Raise `BulkJobFailed` or `BulkJobAborted` with the job's words."""
        if self.state is JobState.ABORTED:
            raise BulkJobAborted(
                f"{self._named()} was aborted. If nobody here did it, ask the Salesforce "
                "administrator who did (Setup, Bulk Data Load Jobs).",
                job=self,
            )
        if self.state is JobState.FAILED:
            raise self._failure()

    def _failure(self) -> BulkJobError:
        code, _, words = self.error_message.partition(":")
        kind = kind_of_row_code(code.strip(), words.strip())
        return self._kind_of_failure(kind)(
            f"{self._named()} failed: {self.error_message or '(no words)'}. {kind.advice}",
            job=self,
            code=code.strip() if words else "",
        )

    def _kind_of_failure(self, kind: type[SalesforceError]) -> type[BulkJobError]:
        # A job that was tried again as often as Salesforce does it was too slow every time.
        tired = int(self.raw.get("retries") or 0) >= _MOST_RETRIES
        if kind is QueryTimedOut or (tired and isinstance(self, QueryJob)):
            return BulkJobTimedOut
        return BulkJobBroken if issubclass(kind, Retryable) else BulkJobRefused

    def _named(self) -> str:
        return f"The Bulk job {self.id} ({self.operation} {self.object_name})"


@dataclass(frozen=True, kw_only=True)
class QueryJob(Job):
    """A job that reads."""


@dataclass(frozen=True, kw_only=True)
class IngestJob(Job):
    """A job that writes."""

    external_id_field: str | None
    assignment_rule_id: str | None
    records_failed: int
    """So far; they are among `records_processed`."""


J = TypeVar("J", bound=Job)


def read_query_job(found: Mapping[str, Any]) -> QueryJob:
    """The query job in an answer."""
    return QueryJob(**_read_job(found))


def read_ingest_job(found: Mapping[str, Any]) -> IngestJob:
    """The ingest job in an answer."""
    return IngestJob(
        **_read_job(found),
        external_id_field=found.get("externalIdFieldName"),
        assignment_rule_id=found.get("assignmentRuleId"),
        records_failed=int(found.get("numberRecordsFailed") or 0),
    )


def _read_job(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": found["id"],
        "state": JobState(found["state"]),
        "operation": found.get("operation") or "",
        "object_name": found.get("object") or "",
        "api_version": f"{float(found['apiVersion']):.1f}",
        "created_by_id": found.get("createdById") or "",
        "created_at": _read_time(found.get("createdDate")),
        "records_processed": int(found.get("numberRecordsProcessed") or 0),
        "error_message": found.get("errorMessage") or "",
        "raw": found,
    }


def _read_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Jobs(Generic[J]):
    """What both kinds of jobs can be asked; each kind has its folder, type and reader."""

    def __init__(
        self, rest: Rest, kind: str, job_type: str, read: Callable[[Mapping[str, Any]], J]
    ) -> None:
        self._rest = rest
        self._kind = kind
        self._job_type = job_type
        self._read = read
        self._versions: dict[str, str] = {}

    def path(self, job_id: str, *parts: str) -> str:
        """The path of a job, below the version."""
        return "/".join((f"/jobs/{self._kind}/{job_id}", *parts))

    def version(self, job_id: str) -> str:
        """The version that the job was made with; asking for results in another gives 409."""
        return self.known_version(job_id) or self.get(job_id).api_version

    def known_version(self, job_id: str) -> str | None:
        """The same where it costs no call; None stands for the client's own version."""
        return self._versions.get(job_id)

    def create(self, content: Mapping[str, Any], *, repeatable: bool) -> J:
        """A new job. One that isn't `repeatable` raises `OutcomeUnknown` for a lost answer."""
        path = f"/jobs/{self._kind}"
        found = self._rest.send_json("POST", path, content, repeatable=repeatable)
        try:
            return self._seen(found)
        except UnexpectedAnswer as error:
            raise OutcomeUnknown(
                f"A {self._kind} job may have been made, but its id is not known: {error} "
                f"{OutcomeUnknown.advice}"
            ) from error

    def get(self, job_id: str) -> J:
        """The job as it stands now."""
        found = self._rest.get(self.path(job_id), version=self.known_version(job_id))
        return self._seen(found)

    def own(self) -> Iterator[J]:
        """The jobs that the signed-in user started, in any order."""
        user_id = self._rest.session.token.user_id
        for found in self._list():
            job = self._seen(found)
            if job.created_by_id[:15] == user_id[:15]:
                yield job

    def wait(
        self,
        job_id: str,
        on_progress: Callable[[J], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> J:
        """The job once it has finished, looked at after growing pauses."""
        settings = self._rest.settings
        pause = settings.first_poll_seconds
        while True:
            job = self.get(job_id)
            if on_progress is not None:
                on_progress(job)
            if job.finished:
                return job
            _sleep(self._rest.clock, pause, job_id, cancelled)
            pause = min(pause * settings.poll_growth, settings.longest_poll_seconds)

    def set_state(self, job_id: str, state: JobState, reached: frozenset[JobState]) -> None:
        """Ask for a state. After a lost answer the job is looked at before it is asked again."""
        tries = attempts(self._rest.settings, self._rest.clock, repeatable=True)
        tries(lambda: self._set_state_once(job_id, state, reached))

    def delete(self, job_id: str) -> None:
        """Delete a finished job; one that is gone already is fine."""
        try:
            self._rest.answer(
                Call(
                    method="DELETE",
                    path=self.path(job_id),
                    repeatable=True,
                    version=self.known_version(job_id),
                )
            )
        except NotFound:
            return

    def _seen(self, found: Any) -> J:
        with understood("a Bulk job"):
            job = self._read(found)
        self._versions[job.id] = job.api_version
        return job

    def _list(self) -> Iterator[Mapping[str, Any]]:
        page = self._rest.get(f"/jobs/{self._kind}", {"jobType": self._job_type})
        while True:
            with understood("a list of Bulk jobs"):
                jobs, following = page.get("records") or (), page.get("nextRecordsUrl")
            yield from jobs
            if page.get("done", True) or not following:
                return
            page = self._rest.get(following)

    def _set_state_once(self, job_id: str, state: JobState, reached: frozenset[JobState]) -> None:
        try:
            self._rest.send_json(
                "PATCH",
                self.path(job_id),
                {"state": state.value},
                version=self.known_version(job_id),
            )
        except (OutcomeUnknown, WrongJobState) as error:
            if self.get(job_id).state in reached:
                return
            cause = error.__cause__
            # Not done, so it may be asked again: by what made the outcome unknown.
            raise cause if isinstance(error, OutcomeUnknown) and cause else error from None


def _sleep(clock: Clock, seconds: float, job_id: str, cancelled: Callable[[], bool] | None) -> None:
    """Sleep in naps, so that a wish to stop is heard within a second."""
    while seconds > 0:
        if cancelled is not None and cancelled():
            raise WaitCancelled(
                f"Waiting for the Bulk job {job_id} was cancelled. The job goes on in Salesforce; "
                "abort it, or wait for it again by its id."
            )
        nap = min(seconds, _LONGEST_NAP_SECONDS)
        clock.sleep(nap)
        seconds -= nap
