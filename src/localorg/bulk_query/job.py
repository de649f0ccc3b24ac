"""One query job: what was asked for, how far it is, and how it describes itself."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from localorg.bulk.states import ENDED, State
from localorg.bulk_query.result_file import ResultFile
from localorg.clock import rest_datetime, stored_datetime
from localorg.errors import SalesforceError

if TYPE_CHECKING:
    from concurrent.futures import Future


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """What a client asked for, checked."""

    operation: str  # query or queryAll
    version: str  # of the API, such as 66.0
    query: str
    object_name: str
    # Whether rows come in arbitrary order, in chunks: ORDER BY and LIMIT switch that off.
    chunked: bool
    column_delimiter: str = "COMMA"
    line_ending: str = "LF"
    user_id: str


@dataclass(frozen=True, kw_only=True)
class JobFacts:
    """Everything that the org's file keeps of a job."""

    id: str
    # The name of its files, which no other job ever had: ids begin again at a reset of the org.
    files: str
    request: JobRequest
    # Seconds since 1970 of the org's clock.
    created: float
    changed: float
    state: State = State.UPLOAD_COMPLETE
    error_message: str | None = None
    milliseconds: int = 0
    # What it takes to find the result's files again.
    result: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The facts as they are kept."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> "JobFacts":
        """The facts as they were kept."""
        request, state = JobRequest(**kept["request"]), State(kept["state"])
        return cls(**kept | {"request": request, "state": state})


class QueryJob:
    """A query job; its facts are exchanged as a whole, by whoever holds `lock`."""

    def __init__(self, facts: JobFacts) -> None:
        """Begin with what is known of it."""
        self.facts = facts
        self.lock = threading.Lock()
        # Held while it is worked on.
        self.working = threading.Lock()
        self.work: Future[None] | None = None
        self.steps = 0
        # Its rows; they may be there before the job may say that it is complete.
        self.result: ResultFile | None = None
        self.problem = ""
        # Nobody may find it any more, and nothing may be written for it.
        self.gone = False

    @property
    def id(self) -> str:
        """The job's id."""
        return self.facts.id

    @property
    def request(self) -> JobRequest:
        """What was asked for."""
        return self.facts.request

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self.facts.state

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED

    @property
    def created(self) -> datetime:
        """When it was made."""
        return datetime.fromtimestamp(self.facts.created, UTC)

    @property
    def closed(self) -> datetime:
        """When it came to UploadComplete: query jobs are made that way."""
        return self.created

    def in_state(self, state: State, now: datetime, **changes: Any) -> JobFacts:
        """The facts of this job in another state."""
        return replace(self.facts, state=state, changed=now.timestamp(), **changes)

    def finished_result(self, version: str) -> ResultFile:
        """Return the result for a request made with an API version.

        Raises:
            SalesforceError: 400 INVALIDJOBSTATE before the job is complete, 409 where the version
                is not the job's own.

        """
        if version != self.request.version:
            message = (
                f"The job was created with API version {self.request.version} and asked about "
                f"with {version}. Use {self.request.version} for all requests of this job."
            )
            raise SalesforceError(HTTPStatus.CONFLICT, "INVALID_VERSION", message)
        if self.state is not State.JOB_COMPLETE or self.result is None:
            message = f"The job is in state {self.state}; results exist once it is JobComplete"
            raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDJOBSTATE", message)
        return self.result

    def summary(self) -> dict[str, Any]:
        """Return the job as the answer to its creation shows it."""
        return {
            "id": self.id,
            "operation": self.request.operation,
            "object": self.request.object_name,
            "createdById": self.request.user_id,
            "createdDate": _shown(self.facts.created),
            "systemModstamp": _shown(self.facts.changed),
            "state": self.state.value,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.request.version),
            "lineEnding": self.request.line_ending,
            "columnDelimiter": self.request.column_delimiter,
        }

    def details(self, allowed: float | None) -> dict[str, Any]:
        """Return the job as a request for it shows it; `allowed` records may be done by now."""
        answer = self.summary() | {
            "jobType": "V2Query",
            "numberRecordsProcessed": self._processed(allowed),
            "retries": 0,
            "totalProcessingTime": self.facts.milliseconds,
            "isPkChunkingSupported": self.request.chunked,
        }
        if self.facts.error_message is not None:
            answer["errorMessage"] = self.facts.error_message
        return answer

    def _processed(self, allowed: float | None) -> int:
        if self.result is None:
            return 0
        if self.ended:
            return self.result.records
        return int(min(allowed or 0, self.result.records))


def _shown(seconds: float) -> str:
    return rest_datetime(stored_datetime(datetime.fromtimestamp(seconds, UTC)))
