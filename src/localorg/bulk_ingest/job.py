"""One ingest job: what is kept of it, how far it is, and how it describes itself."""

import threading
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localorg.bulk.formats import DELIMITERS, LINE_ENDINGS
from localorg.bulk.job import Job, KeptFacts, shown_moment
from localorg.bulk.states import State
from localorg.dml import Operation


@dataclass(frozen=True, kw_only=True)
class JobFacts(KeptFacts):
    """Everything that a client was told of a job, as the org's file keeps it."""

    # The name of its folder, which no other job ever had: ids begin again at a reset of the org.
    folder: str
    object_name: str
    operation: Operation
    # The key of an upsert, as the schema spells it.
    external_id_field: str | None
    created_by_id: str
    # When the job came to UploadComplete, in seconds since 1970 of the org's clock.
    closed: float | None = None
    # As in the path of the request that made it, such as 66.0.
    version: str
    column_delimiter: str
    line_ending: str
    assignment_rule_id: str | None
    state: State = State.OPEN
    uploaded: bool = False
    # Whether the result files are whole, which an aborted job's are only after its last chunk.
    finished: bool = False

    def as_json(self) -> dict[str, Any]:
        """The facts as they are kept."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> "JobFacts":
        """The facts as they were kept."""
        state, operation = State(kept["state"]), Operation(kept["operation"])
        return cls(**kept | {"state": state, "operation": operation})


@dataclass(frozen=True, kw_only=True)
class Span:
    """Rows of the upload that are still to be handled."""

    # Counted from 0; what stands before it is done or waits in another span.
    first: int = 0
    # The first row after them; None is the end of the file.
    end: int | None = None
    # How often they were put back because of locks.
    retries: int = 0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a job is; changes in the same transaction as the records."""

    # Failed records are processed too.
    processed: int = 0
    failed: int = 0
    milliseconds: int = 0
    retries: int = 0
    # In the order in which they are handled.
    spans: tuple[Span, ...] = (Span(),)
    # Records of the present batch that failed because of locks.
    lock_failures: int = 0
    # Bytes of each result file that count; what stands behind them is from work that was undone.
    sizes: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The progress as it is kept."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> "Progress":
        """The progress as it was kept; a job that had none begins."""
        if not kept:
            return cls()
        return cls(**kept | {"spans": tuple(Span(**span) for span in kept["spans"])})


class IngestJob(Job[JobFacts]):
    """An ingest job."""

    def __init__(self, facts: JobFacts, progress: Progress, folder: Path) -> None:
        """Begin with what is known of it; `folder` has its files and exists as long as it."""
        super().__init__(facts)
        self.progress = progress
        self.folder = folder
        # Whether a client is sending its data right now.
        self.receiving = False
        # Set once the result files are whole.
        self.finished = threading.Event()
        if facts.finished:
            self.finished.set()

    @property
    def closed(self) -> datetime | None:
        """When it came to UploadComplete."""
        closed = self.facts.closed
        return None if closed is None else datetime.fromtimestamp(closed, UTC)

    @property
    def upload(self) -> Path:
        """The CSV file that the client sent."""
        return self.folder / "upload.csv"

    @property
    def delimiter(self) -> str:
        """The character between values."""
        return DELIMITERS[self.facts.column_delimiter]

    @property
    def line_end(self) -> str:
        """The characters between records."""
        return LINE_ENDINGS[self.facts.line_ending]

    def as_json(self) -> dict[str, Any]:
        """The job as the answer to its creation and to a change of its state shows it."""
        facts = self.facts
        answer: dict[str, Any] = {
            "id": facts.id,
            "operation": facts.operation.value,
            "object": facts.object_name,
            "createdById": facts.created_by_id,
            "createdDate": shown_moment(facts.created),
            "systemModstamp": shown_moment(facts.changed),
            "state": facts.state.value,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(facts.version),
            "contentUrl": f"services/data/v{facts.version}/jobs/ingest/{facts.id}/batches",
            "lineEnding": facts.line_ending,
            "columnDelimiter": facts.column_delimiter,
        }
        if facts.external_id_field is not None:
            answer["externalIdFieldName"] = facts.external_id_field
        if facts.assignment_rule_id is not None:
            answer["assignmentRuleId"] = facts.assignment_rule_id
        return answer

    def as_detailed_json(self) -> dict[str, Any]:
        """The job as reading it shows it: with its progress."""
        progress = self.progress
        answer = self.as_json() | {
            "jobType": "V2Ingest",
            "numberRecordsProcessed": progress.processed,
            "numberRecordsFailed": progress.failed,
            "retries": progress.retries,
            "totalProcessingTime": progress.milliseconds,
            "apiActiveProcessingTime": progress.milliseconds,
            "apexProcessingTime": 0,
        }
        if self.facts.error_message is not None:
            answer["errorMessage"] = self.facts.error_message
        return answer
