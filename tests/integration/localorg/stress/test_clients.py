"""Sixteen clients at once; LOCALORG_STRESS_SECONDS=60 lets them work for a minute."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from integration.localorg.org_client import Answer, OrgClient, V, serving
from localorg.org import Org
from localorg.resetting import Sizes, fill

SECONDS = float(os.environ.get("LOCALORG_STRESS_SECONDS", "4"))
LEADS = 3_000
PAGE = {"sforce-query-options": "batchSize=500"}
CSV = {"content-type": "text/csv"}


@dataclass
class Work:
    """What one client did: the records it was promised, by their last values."""

    client: OrgClient
    number: int
    titles: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    rounds: int = 0

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """One request, which must not fail."""
        answer = self.client.call(method, V + path, body, **more)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.text[:300]}"
        return answer

    def title(self) -> str:
        """A value that nobody else writes."""
        self.rounds += 1
        return f"client {self.number} round {self.rounds}"


@pytest.fixture
def base(org: Org) -> Iterator[str]:
    """The address of a running org with records."""
    fill(org, Sizes(leads=LEADS, contacts=200, persons=100, cases=100))
    with serving(org) as client:
        yield client.base


def write_records(work: Work) -> None:
    """Insert, change and delete single records and collections."""
    title, name = work.title(), f"L{work.number}-{work.rounds}"
    lead = {"LastName": name, "Company": "C", "Title": title}
    made = work.call("POST", "/sobjects/Lead", lead).json["id"]
    records = [{"attributes": {"type": "Lead"}, **lead} for _ in range(20)]
    results = work.call("POST", "/composite/sobjects", {"records": records}).json
    assert all(result["success"] for result in results), results
    ids = [made, *(result["id"] for result in results)]
    work.titles |= dict.fromkeys(ids, title)
    again = work.title()
    work.call("PATCH", f"/sobjects/Lead/{made}", {"Title": again})
    work.titles[made] = again
    work.call("DELETE", f"/sobjects/Lead/{ids[-1]}")
    work.deleted.add(ids[-1])


def upsert_records(work: Work) -> None:
    """Write the same few records over and over by their external id."""
    title, key = work.title(), f"key-{work.number}-{work.rounds % 5}"
    body = {"LastName": "U", "Company": "C", "Title": title}
    path = f"/sobjects/Lead/Isthmus_Id__c/{key}"
    work.titles[work.call("PATCH", path, body).json["id"]] = title


def read_pages(work: Work) -> None:
    """Page through all leads: exactly those of the first page's moment, each once."""
    text = "SELECT+Id,Title+FROM+Lead+WHERE+Company+!=+'C'"
    answer = work.call("GET", f"/query?q={text}", headers=PAGE).json
    total, ids = answer["totalSize"], [row["Id"] for row in answer["records"]]
    while not answer["done"]:
        path = answer["nextRecordsUrl"].removeprefix(V)
        answer = work.call("GET", path, headers=PAGE).json
        ids += [row["Id"] for row in answer["records"]]
    assert len(ids) == len(set(ids)) == total
    work.rounds += 1


def read_records(work: Work) -> None:
    """Ask for many small things."""
    for path in ("/limits", "/sobjects/Lead/describe", "/query?q=SELECT+COUNT()+FROM+Contact"):
        work.call("GET", path)
    work.rounds += 1


def query_in_bulk(work: Work) -> None:
    """Read all leads with a Bulk job, page by page."""
    body = {"operation": "query", "query": "SELECT Id FROM Lead WHERE Company != 'C'"}
    job = work.call("POST", "/jobs/query", body).json["id"]
    finished(work, f"/jobs/query/{job}")
    locator, ids = "", list[str]()
    while locator != "null":
        where = f"&locator={locator}" if locator else ""
        answer = work.call("GET", f"/jobs/query/{job}/results?maxRecords=700{where}")
        rows = answer.text.split("\n")[1:-1]
        assert len(rows) == int(answer.headers["sforce-numberofrecords"])
        ids += rows
        locator = answer.headers["sforce-locator"]
    assert len(ids) == len(set(ids)) >= LEADS * 0.9
    work.call("DELETE", f"/jobs/query/{job}")
    work.rounds += 1


def ingest_in_bulk(work: Work) -> None:
    """Insert leads with a Bulk job."""
    title = work.title()
    body = {"object": "Lead", "operation": "insert", "contentType": "CSV"}
    job = work.call("POST", "/jobs/ingest", body).json["id"]
    lines = ["LastName,Company,Title", *[f"B{number},C,{title}" for number in range(300)]]
    csv = "\n".join([*lines, ""]).encode()
    work.call("PUT", f"/jobs/ingest/{job}/batches", csv, headers=CSV)
    work.call("PATCH", f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    assert finished(work, f"/jobs/ingest/{job}")["numberRecordsFailed"] == 0
    text = work.call("GET", f"/jobs/ingest/{job}/successfulResults").text
    ids = [line.split(",")[0].strip('"') for line in text.split("\n")[1:-1]]
    assert len(ids) == 300
    work.titles |= dict.fromkeys(ids, title)


def finished(work: Work, path: str) -> dict[str, Any]:
    """A Bulk job when it is complete."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job: dict[str, Any] = work.call("GET", path).json
        if job["state"] not in {"UploadComplete", "InProgress"}:
            assert job["state"] == "JobComplete", job
            return job
        time.sleep(0.05)
    raise AssertionError("The job does not end")


KINDS: tuple[Callable[[Work], None], ...] = (
    *[write_records] * 5,
    *[upsert_records] * 2,
    *[read_pages] * 4,
    *[read_records] * 3,
    query_in_bulk,
    ingest_in_bulk,
)


@pytest.mark.slow
def test_sixteen_clients_read_and_write_without_errors_or_losses(base: str) -> None:
    ending = threading.Event()
    works = [signed_in(base, number) for number in range(len(KINDS))]

    def run(work: Work) -> None:
        chance = Random(work.number)
        while not ending.is_set():
            KINDS[work.number](work)
            time.sleep(chance.random() / 100)

    with ThreadPoolExecutor(len(KINDS)) as pool:
        runs = [pool.submit(run, work) for work in works]
        ending.wait(SECONDS)
        ending.set()
        for each in runs:
            each.result()
    assert all(work.rounds for work in works), [work.rounds for work in works]
    found = everything(works[0])
    for work in works:
        for record_id, title in work.titles.items():
            expected = None if record_id in work.deleted else title
            assert found.get(record_id) == expected
        work.client.close()


def signed_in(base: str, number: int) -> Work:
    client = OrgClient(base)
    client.sign_in()
    return Work(client, number)


def everything(work: Work) -> dict[str, str]:
    """All titles of leads by id."""
    answer = work.call("GET", "/query?q=SELECT+Id,Title+FROM+Lead+WHERE+Company='C'").json
    rows = answer["records"]
    while not answer["done"]:
        answer = work.call("GET", answer["nextRecordsUrl"].removeprefix(V)).json
        rows += answer["records"]
    return {row["Id"]: row["Title"] for row in rows}
