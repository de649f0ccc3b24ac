"""One query job: what was asked for, how far it is, and how it describes itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from localorg.bulk_query.result_file import ResultFile
from localorg.clock import rest_datetime, stored_datetime
from localorg.errors import SalesforceError
from localorg.soql import Statement


class State(StrEnum):
    """Where a job is in its life."""

    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    ABORTED = "Aborted"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"


ENDED = frozenset({State.ABORTED, State.JOB_COMPLETE, State.FAILED})
DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """What a client asked for, checked."""

    operation: str  # query or queryAll
    version: str  # of the API, such as 66.0
    statement: Statement
    column_delimiter: str = "COMMA"
    line_ending: str = "LF"
    user_id: str


class QueryJob:
    """A query job; its state changes in the thread that runs it and on abortion."""

    def __init__(self, job_id: str, request: JobRequest, created: datetime) -> None:
        """Start in the state UploadComplete."""
        self.id = job_id
        self.request = request
        self.created = created
        self.changed = created
        self.state = State.UPLOAD_COMPLETE
        self.error_message: str | None = None
        self.milliseconds = 0
        self.result: ResultFile | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED

    def enter(self, state: State, now: datetime) -> None:
        """Go to another state."""
        self.state = state
        self.changed = now

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
            raise SalesforceError(409, "INVALID_VERSION", message)
        if self.state is not State.JOB_COMPLETE or self.result is None:
            message = f"The job is in state {self.state}; results exist once it is JobComplete"
            raise SalesforceError(400, "INVALIDJOBSTATE", message)
        return self.result

    def summary(self) -> dict[str, Any]:
        """Return the job as the answer to its creation shows it."""
        return {
            "id": self.id,
            "operation": self.request.operation,
            "object": self.request.statement.object_type.name,
            "createdById": self.request.user_id,
            "createdDate": rest_datetime(stored_datetime(self.created)),
            "systemModstamp": rest_datetime(stored_datetime(self.changed)),
            "state": self.state.value,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.request.version),
            "lineEnding": self.request.line_ending,
            "columnDelimiter": self.request.column_delimiter,
        }

    def details(self) -> dict[str, Any]:
        """Return the job as a request for it shows it."""
        answer = self.summary() | {
            "jobType": "V2Query",
            "numberRecordsProcessed": self.result.records if self.result else 0,
            "retries": 0,
            "totalProcessingTime": self.milliseconds,
            "isPkChunkingSupported": self.chunked,
        }
        if self.error_message is not None:
            answer["errorMessage"] = self.error_message
        return answer

    @property
    def chunked(self) -> bool:
        """Whether rows come in arbitrary order, in chunks: ORDER BY and LIMIT switch that off."""
        statement = self.request.statement
        return not statement.order_by and statement.limit is None
