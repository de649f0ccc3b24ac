"""Chunks of a job's rows on their way into the store."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localorg.bulk_ingest.errors import GoneError
from localorg.bulk_ingest.job import IngestJob, JobFacts
from localorg.bulk_ingest.results import Results
from localorg.bulk_ingest.upload import reader_of
from localorg.control.fault_kinds import ROW_LOCKS
from localorg.dml import (
    Change,
    Operation,
    RecordReader,
    Target,
    Writer,
    delete_chunk,
    lock_row,
    save_chunk,
    writing,
)
from localorg.life import save_options

if TYPE_CHECKING:
    from localorg.org import Org

_LOCKED = "UNABLE_TO_LOCK_ROW"
_DELETING = frozenset({Operation.DELETE, Operation.HARD_DELETE})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of rows."""

    rows: int = 0
    failed: int = 0
    # Of the failed ones, those whose record somebody else was writing.
    locked: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        """The sum of both."""
        return Outcome(
            self.rows + other.rows, self.failed + other.failed, self.locked + other.locked
        )


def target_of(org: "Org", facts: JobFacts) -> Target:
    """What a job's rows are for; raises SalesforceError where the schema has it no more."""
    schema = org.rights.schema_for(facts.created_by_id)
    object_type = schema.object(facts.object_name)
    key = None if facts.operation is Operation.INSERT else facts.external_id_field or "Id"
    return Target(
        schema=schema,
        object_type=object_type,
        operation=facts.operation,
        key_field=object_type.field(key) if key else None,
    )


class ChunkSaver:
    """Reads and saves the chunks of one job."""

    def __init__(self, org: "Org", job: IngestJob) -> None:
        """Save as the job's creator."""
        self._org = org
        self._job = job
        self._target = target_of(org, job.facts)
        facts = job.facts
        self._options = save_options(
            org, facts.created_by_id, assignment_rule=facts.assignment_rule_id
        )
        key = self._target.key_field
        self._by_id = key is not None and key.type == "id"
        self._reader: RecordReader | None = None

    def read_header(self, header: list[str]) -> None:
        """Find the field of each column; raises RefusedUploadError where there is none."""
        self._reader = reader_of(self._target, header)

    def read(self, rows: Sequence[list[str]]) -> list[Change]:
        """The changes that a chunk's rows ask for; rows that are to be locked fail already."""
        if self._reader is None:
            raise AssertionError
        changes = self._reader.read_csv_rows(rows)
        fault = self._org.faults.take(ROW_LOCKS, self._job.facts.object_name)
        if fault is not None:
            for change in changes[: fault.rows]:
                lock_row(change)
        return changes

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One transaction of the job's creator; raises GoneError where the job is no more."""
        org = self._org
        with writing(org.store, org.clock, self._job.facts.created_by_id) as writer:
            if self._job.gone:
                raise GoneError
            yield writer

    def save(self, writer: Writer, changes: list[Change]) -> None:
        """Save a chunk."""
        if self._target.operation in _DELETING:
            delete_chunk(writer, self._target, changes)
        else:
            save_chunk(writer, self._target, changes, self._options)

    def outcome(
        self, rows: Sequence[list[str]], changes: Sequence[Change], results: Results
    ) -> Outcome:
        """What became of a chunk, handed to the results."""
        locked = 0
        for change in changes:
            if change.errors:
                locked += change.errors[0].code == _LOCKED
                if change.id is None and self._by_id:
                    change.id = change.key
        return Outcome(len(rows), results.add(rows, changes), locked)
