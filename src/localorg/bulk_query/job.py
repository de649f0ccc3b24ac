"""One query job: what was asked for, how far it is, and how it describes itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from localorg.bulk.job import Job, KeptFacts, shown_moment
from localorg.bulk.states import State
from localorg.bulk_query.result_file import ResultFile
from localorg.errors import SalesforceError


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
class JobFacts(KeptFacts):
    """Everything that the org's file keeps of a job."""

    # The name of its files, which no other job ever had: ids begin again at a reset of the org.
    files: str
    request: JobRequest
    state: State = State.UPLOAD_COMPLETE
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


class QueryJob(Job[JobFacts]):
    """A query job."""

    def __init__(self, facts: JobFacts) -> None:
        """Begin with what is known of it."""
        super().__init__(facts)
        # Its rows; they may be there before the job may say that it is complete.
        self.result: ResultFile | None = None
        self.problem = ""

    @property
    def request(self) -> JobRequest:
        """What was asked for."""
        return self.facts.request

    @property
    def closed(self) -> datetime:
        """When it came to UploadComplete: query jobs are made that way."""
        return self.created

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
            "createdDate": shown_moment(self.facts.created),
            "systemModstamp": shown_moment(self.facts.changed),
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
