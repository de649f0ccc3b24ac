"""A client of a `FakeOrg` with the methods that the engines use."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from isthmus.salesforce import (
    IngestJob,
    JobState,
    NotFound,
    ObjectDescription,
    PageReference,
    QueryJob,
    QueryPage,
    RowError,
    RowResult,
    Updated,
    WrongJobState,
)
from model.fake_org import USER_ID, FakeOrg

Refusal = tuple[str, str]
"""A status code and words."""

PageChange = Callable[[bytes], Iterable[bytes]]
"""What becomes of a page's bytes on their way; it may raise."""


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, str | None]]) -> bytes:
    """Rows the way Salesforce writes them: everything quoted, lines end with LF."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row.get(name) or "" for name in names] for row in rows)
    return text.getvalue().encode()


@dataclass(kw_only=True)
class FakePage:
    """One result file."""

    body: bytes
    records: int | None = None
    next_locator: str | None = None
    change: PageChange | None = None

    def chunks(self, size: int = 1 << 18) -> Iterator[bytes]:
        """The bytes in pieces."""
        for part in self.change(self.body) if self.change else [self.body]:
            for start in range(0, len(part), size):
                yield part[start : start + size]


def _job(kind: Any, number: int, **given: Any) -> Any:
    known: dict[str, Any] = {
        "id": f"750{number:012d}AAA", "operation": "", "object_name": "", "api_version": "62.0",
        "created_by_id": "", "created_at": None, "records_processed": 0, "error_message": "",
        "raw": {},
    }  # fmt: skip
    return kind(**{**known, **given})


@dataclass(kw_only=True)
class FakeBulkQuery:
    """Query jobs: complete at once, in pages of `page_size` rows."""

    org: FakeOrg
    page_size: int = 1000
    queries: list[str] = field(default_factory=list)
    changes: list[PageChange] = field(default_factory=list)  # used up by the next pages
    header: Callable[[list[str]], list[str]] = list  # the order of the columns
    processed: Callable[[int], int] = int  # what the job says, from how many there are
    jobs: dict[str, tuple[list[str], list[Mapping[str, str | None]]]] = field(default_factory=dict)
    ends: list[tuple[JobState, str]] = field(default_factory=list)  # of the next jobs, with words

    def create(self, soql: str, *, deleted: bool) -> QueryJob:
        """Ask at once: what changes later is not in the result."""
        self.queries.append(soql)
        names, found = self.org.select(soql, deleted=deleted)
        job: QueryJob = _job(QueryJob, len(self.queries), state=JobState.UPLOAD_COMPLETE)
        self.jobs[job.id] = (self.header(names), [dict(record) for record in found])
        return job

    def wait(self, job_id: str, *, cancelled: Callable[[], bool] | None = None) -> QueryJob:
        """The job, which is complete."""
        del cancelled  # nothing to wait for
        if job_id not in self.jobs:
            raise NotFound("The requested resource does not exist.")
        number = int(job_id[3:-3])
        rows = self.processed(len(self.jobs[job_id][1]))
        state, words = self.ends.pop(0) if self.ends else (JobState.JOB_COMPLETE, "")
        job: QueryJob = _job(
            QueryJob, number, state=state, error_message=words, records_processed=rows
        )
        job.raise_unless_complete()
        return job

    def pages(self, job_id: str) -> Iterator[PageReference]:
        """At least one page, which may be empty."""
        rows = len(self.jobs[job_id][1])
        for start in range(0, max(rows, 1), self.page_size):
            yield PageReference(locator=str(start) if start else None)

    @contextmanager
    def page(self, job_id: str, locator: str | None = None) -> Iterator[FakePage]:
        """One page."""
        names, rows = self.jobs[job_id]
        start = int(locator or 0)
        part = rows[start : start + self.page_size]
        change = self.changes.pop(0) if self.changes else None
        yield FakePage(body=csv_text(names, part), records=len(part), change=change)

    def delete(self, job_id: str) -> None:
        """Forget the job; one that is gone already is fine."""
        self.jobs.pop(job_id, None)


@dataclass(kw_only=True)
class FakeUpload:
    """An ingest job."""

    sobject: str
    operation: str
    created_at: datetime | None = None
    state: JobState = JobState.OPEN
    rows: list[dict[str, str]] = field(default_factory=list)
    told: dict[str, list[dict[str, str | None]]] = field(default_factory=dict)


@dataclass(kw_only=True)
class FakeWrites:
    """What is written, and what is refused."""

    org: FakeOrg
    refuse: Callable[[str, Mapping[str, Any]], Refusal | None] = lambda _operation, _row: None
    log: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def save(self, sobject: str, operation: str, row: Mapping[str, Any]) -> str | Refusal:
        """The record's id, or why it was not saved. `#N/A` and None clear."""
        self.log.append((operation, row))
        values = {name: value for name, value in row.items() if name != "Id"}
        refusal = self.refuse(operation, row)
        if refusal is not None:
            return refusal
        if operation == "insert":
            return self.org.save(sobject, CreatedById=USER_ID, **values)
        there = self.org.records[sobject].get(row["Id"])
        if there is None or there["IsDeleted"] == "true":
            return "ENTITY_IS_DELETED", "entity is deleted"
        return self.org.save(sobject, row["Id"], **values)


@dataclass(kw_only=True)
class FakeBulkIngest:
    """Ingest jobs: done as soon as they are closed. Results come in another order."""

    writes: FakeWrites
    jobs: dict[str, FakeUpload] = field(default_factory=dict)
    made: int = 0

    def create(self, object_name: str, operation: str) -> IngestJob:
        """A new, open job."""
        self.made += 1
        upload = FakeUpload(
            sobject=object_name, operation=operation, created_at=self.writes.org.now
        )
        job = self._as_job(self.made, upload)
        self.jobs[job.id] = upload
        return job

    def _as_job(self, number: int, upload: FakeUpload) -> IngestJob:
        job: IngestJob = _job(
            IngestJob, number, state=upload.state, operation=upload.operation,
            object_name=upload.sobject, external_id_field=None, assignment_rule_id=None,
            records_failed=0, created_at=upload.created_at,
        )  # fmt: skip
        return job

    def get(self, job_id: str) -> IngestJob:
        """The job as it stands."""
        return self._as_job(int(job_id[3:-3]), self._known(job_id))

    def _known(self, job_id: str) -> FakeUpload:
        if job_id not in self.jobs:
            raise NotFound("The requested resource does not exist.")
        return self.jobs[job_id]

    def find_open(self, object_name: str | None = None) -> list[IngestJob]:
        """The jobs that wait for a file."""
        return [
            self.get(job_id)
            for job_id, upload in self.jobs.items()
            if upload.state is JobState.OPEN and object_name in (None, upload.sobject)
        ]

    def upload(self, job_id: str, chunks: Iterable[bytes]) -> int:
        """Read the CSV."""
        body = b"".join(chunks)
        self._known(job_id).rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
        return len(body)

    def close(self, job_id: str) -> None:
        """Save every row by itself."""
        upload = self._known(job_id)
        if upload.state.finished:
            raise WrongJobState(f"The job is {upload.state}.")
        upload.state = JobState.JOB_COMPLETE
        upload.told = {"successful": [], "failed": [], "unprocessed": []}
        for row in upload.rows:
            self._save(upload, row)

    def _save(self, upload: FakeUpload, row: Mapping[str, str]) -> None:
        # An empty cell leaves the field; this marker clears it.
        values = {n: None if v == "#N/A" else v for n, v in row.items() if v != ""}
        told = self.writes.save(upload.sobject, upload.operation, values)
        if isinstance(told, str):
            created = str(upload.operation == "insert").lower()
            upload.told["successful"].insert(0, {"sf__Id": told, "sf__Created": created, **row})
        else:
            error = f"{told[0]}:{told[1]}:--"
            upload.told["failed"].insert(0, {"sf__Id": row.get("Id"), "sf__Error": error, **row})

    def abort(self, job_id: str) -> None:
        """End it without a row saved; one that has ended is left as it is."""
        upload = self._known(job_id)
        if not upload.state.finished:
            upload.state = JobState.ABORTED

    def wait(self, job_id: str, *, cancelled: Callable[[], bool] | None = None) -> IngestJob:
        """The job, which has ended."""
        del cancelled  # nothing to wait for
        return self.get(job_id)

    @contextmanager
    def successful(self, job_id: str) -> Iterator[FakePage]:
        """Rows that worked."""
        yield self._page(job_id, "successful", ["sf__Id", "sf__Created"])

    @contextmanager
    def failed(self, job_id: str) -> Iterator[FakePage]:
        """Rows that were refused."""
        yield self._page(job_id, "failed", ["sf__Id", "sf__Error"])

    @contextmanager
    def unprocessed(self, job_id: str) -> Iterator[FakePage]:
        """Rows that were never tried."""
        yield self._page(job_id, "unprocessed", [])

    def _page(self, job_id: str, kind: str, first: list[str]) -> FakePage:
        upload = self._known(job_id)
        rows = upload.told.get(kind, [])
        names = [*first, *(upload.rows[0] if upload.rows else [])]
        return FakePage(body=csv_text(names, rows), records=len(rows))

    def delete(self, job_id: str) -> None:
        """Forget the job."""
        self.jobs.pop(job_id, None)


@dataclass(kw_only=True)
class FakeCollections:
    """Updates of up to 200 records."""

    writes: FakeWrites

    def update(self, object_name: str, records: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        """What became of each record."""
        return [self._update(object_name, record) for record in records]

    def _update(self, sobject: str, record: Mapping[str, Any]) -> RowResult:
        told = self.writes.save(sobject, "update", record)
        if isinstance(told, str):
            return RowResult(id=told, success=True)
        return RowResult(id=None, success=False, errors=(RowError(code=told[0], message=told[1]),))


def json_record(
    org: FakeOrg, soql: str, names: Sequence[str], record: Mapping[str, str | None]
) -> dict[str, Any]:
    """A record as Salesforce's JSON has it: numbers and booleans as such, parents inside."""
    sobject = soql.rpartition(" FROM ")[2].split()[0]
    kinds = org.objects[sobject].fields
    written: dict[str, Any] = {"attributes": {"type": sobject}}
    for name in names:
        *parents, last = name.split(".")
        at = written
        for parent in parents:
            at = at.setdefault(parent, {})
        kind = kinds[name.lower()].type if name.lower() in kinds else "string"
        at[last] = _json_value(kind, record.get(name))
    return written


def _json_value(kind: str, text: str | None) -> Any:
    if text is None or text == "":
        return None
    if kind == "boolean":
        return text == "true"
    if kind == "datetime":
        return text.replace("Z", "+0000")
    if kind == "int":
        return int(text)
    return text


class FakeSalesforce:
    """What the engines see of a `FakeOrg`."""

    user_id = USER_ID

    def __init__(self, org: FakeOrg, *, page_size: int = 1000) -> None:
        self.org = org
        self.writes = FakeWrites(org=org)
        self.bulk_query = FakeBulkQuery(org=org, page_size=page_size)
        self.bulk_ingest = FakeBulkIngest(writes=self.writes)
        self.collections = FakeCollections(writes=self.writes)
        self.calls = 0  # of those below

    def describe(self, name: str) -> ObjectDescription:
        """The object as it stands."""
        self.calls += 1
        return self.org.objects[name]

    def count(self, soql: str, *, deleted: bool = False) -> int:
        """How many records a `SELECT COUNT()` finds."""
        return len(self.org.select(soql, deleted=deleted)[1])

    def query_all(self, soql: str) -> Iterator[dict[str, Any]]:
        """The records, deleted ones too."""
        names, found = self.org.select(soql, deleted=True)
        return iter([json_record(self.org, soql, names, record) for record in found])

    def query_pages(self, soql: str, *, deleted: bool) -> Iterator[QueryPage]:
        """The records as JSON; the whole query is asked at once."""
        names, found = self.org.select(soql, deleted=deleted)
        records = [json_record(self.org, soql, names, record) for record in found]
        for start in range(0, max(len(records), 1), self.bulk_query.page_size):
            part = records[start : start + self.bulk_query.page_size]
            body = json.dumps({"totalSize": len(records), "records": part}).encode()
            yield QueryPage(body=body, records=len(part), total=len(records))

    def updated(self, name: str, start: datetime, end: datetime) -> Updated:
        """Nothing is under way, so all is covered."""
        del name, start
        return Updated(ids=(), latest_date_covered=min(end, self.org.now))

    def server_time(self) -> datetime:
        """The org's clock."""
        return self.org.now
