"""Query jobs as a client sees them; the org's pages and segments are small enough to have many."""

import csv
import io
import threading
from datetime import datetime
from typing import Any

from integration.localorg.query.in_process import BASE, Answer, Client
from localorg.bulk_query import BulkQuerySettings, QueryJobs
from localorg.bulk_query.pages import PageSizes
from localorg.store import Store

JOBS = f"{BASE}/jobs/query"
PAGE_RECORDS = 100
SEGMENT_ROWS = 30
SELECT_USERS = "SELECT Id FROM User WHERE LastName = 'Many'"


class BulkClient(Client):
    """A client of an org that answers Bulk results in pages of 100 records."""

    def __init__(self, store: Store, now: datetime) -> None:
        super().__init__(store, now)
        pages = PageSizes(records=PAGE_RECORDS)
        settings = BulkQuerySettings(pages=pages, segment_rows=SEGMENT_ROWS)
        self.jobs = self.org.query_jobs = QueryJobs(self.org, settings)

    def create(self, query: str, operation: str = "query", **options: Any) -> Answer:
        return self.post(JOBS, {"operation": operation, "query": query} | options)

    def wait_for_workers(self) -> None:
        """Return when the jobs that were started before have ended: both threads are free."""
        both = threading.Barrier(3)
        for _ in range(2):
            self.org.query_worker.submit(both.wait, 10)
        both.wait(10)

    def run(self, query: str, operation: str = "query", **options: Any) -> str:
        """Run a job to its end and return its id."""
        answer = self.create(query, operation, **options)
        assert answer.status == 200, answer.body
        self.wait_for_workers()
        job_id: str = answer.json["id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.get(f"{JOBS}/{job_id}").json
        return answer

    def results(self, job_id: str, parameters: str = "") -> Answer:
        return self.get(f"{JOBS}/{job_id}/results{parameters}")

    def text(self, query: str, operation: str = "query", **options: Any) -> str:
        """The first page of a query's result."""
        return self.results(self.run(query, operation, **options)).body.decode()

    def all_pages(self, job_id: str, max_records: int | None = None) -> list[list[list[str]]]:
        """The rows of all pages, without their headers."""
        pages = []
        parameters = f"?maxRecords={max_records}" if max_records else "?"
        locator = ""
        while locator != "null":
            answer = self.results(job_id, parameters + (f"&locator={locator}" if locator else ""))
            assert answer.status == 200, answer.body
            header, *rows = rows_of(answer)
            assert header == ["Id"]
            assert int(answer.headers["sforce-numberofrecords"]) == len(rows)
            pages.append(rows)
            locator = answer.headers["sforce-locator"]
        return pages


def rows_of(answer: Answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.body.decode(), newline="")))
