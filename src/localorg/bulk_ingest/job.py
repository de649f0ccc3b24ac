import threading
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from localorg.clock import Clock, rest_datetime, stored_datetime
from localorg.dml import Target

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


class State(StrEnum):
    """Where a job is on its way."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"


ENDED = frozenset({State.JOB_COMPLETE, State.FAILED, State.ABORTED})


@dataclass(kw_only=True)
class IngestJob:
    """One Bulk API 2.0 ingest job."""

    id: str
    target: Target
    created_by_id: str
    # Stored datetimes.
    created_date: str
    system_modstamp: str
    # As in the path of the request that made it, such as 66.0.
    version: str
    column_delimiter: str
    line_ending: str
    assignment_rule_id: str | None
    # Where its upload and its results are; exists as long as the job.
    folder: Path
    state: State = State.OPEN
    uploaded: bool = False
    error_message: str | None = None
    # Failed records are processed too.
    records_processed: int = 0
    records_failed: int = 0
    milliseconds: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    # Set once the result files are whole.
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def upload(self) -> Path:
        """The CSV file that the client sent."""
        return self.folder / "upload.csv"

    @property
    def delimiter(self) -> str:
        """The character between values."""
        return DELIMITERS[self.column_delimiter]

    @property
    def line_end(self) -> str:
        """The characters between records."""
        return LINE_ENDINGS[self.line_ending]

    def move(self, state: State, clock: Clock) -> None:
        """Go to another state."""
        self.state = state
        self.system_modstamp = stored_datetime(clock.now())

    def begin(self, clock: Clock) -> bool:
        """Start working on the upload; False where the job was aborted before."""
        with self.lock:
            if self.state is not State.UPLOAD_COMPLETE:
                return False
            self.move(State.IN_PROGRESS, clock)
            return True

    def end(self, state: State, clock: Clock) -> None:
        """Finish, unless the job was aborted meanwhile."""
        with self.lock:
            if self.state is State.IN_PROGRESS:
                self.move(state, clock)

    def as_json(self) -> dict[str, Any]:
        """The job as the answer to its creation and to a change of its state shows it."""
        answer: dict[str, Any] = {
            "id": self.id,
            "operation": self.target.operation.value,
            "object": self.target.object_type.name,
            "createdById": self.created_by_id,
            "createdDate": rest_datetime(self.created_date),
            "systemModstamp": rest_datetime(self.system_modstamp),
            "state": self.state.value,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "contentUrl": f"services/data/v{self.version}/jobs/ingest/{self.id}/batches",
            "lineEnding": self.line_ending,
            "columnDelimiter": self.column_delimiter,
        }
        if self.target.operation == "upsert" and self.target.key_field is not None:
            answer["externalIdFieldName"] = self.target.key_field.name
        if self.assignment_rule_id is not None:
            answer["assignmentRuleId"] = self.assignment_rule_id
        return answer

    def as_detailed_json(self) -> dict[str, Any]:
        """The job as reading it shows it: with its progress."""
        answer = self.as_json() | {
            "jobType": "V2Ingest",
            "numberRecordsProcessed": self.records_processed,
            "numberRecordsFailed": self.records_failed,
            "retries": 0,
            "totalProcessingTime": self.milliseconds,
            "apiActiveProcessingTime": self.milliseconds,
            "apexProcessingTime": 0,
        }
        if self.error_message is not None:
            answer["errorMessage"] = self.error_message
        return answer
