import json
import time
from typing import Any

import pytest

from integration.localorg.bulk_ingest.ingest import JOBS, create, successful, unprocessed, upload
from integration.localorg.org_client import Answer, OrgClient, V
from localorg.org import Org

QUERIES = V + "/jobs/query"


def control(client: OrgClient, path: str, **body: Any) -> Answer:
    return client.send("POST", f"/_localorg/{path}", body=json.dumps(body).encode())


def state(client: OrgClient, path: str) -> tuple[str, int]:
    job = client.call("GET", path).json
    return job["state"], job["numberRecordsProcessed"]


def closed(client: OrgClient, rows: int) -> dict[str, Any]:
    """An ingest job whose data has come."""
    job = create(client)
    upload(client, job, "LastName,Company\n" + "L,C\n" * rows)
    client.call("PATCH", f"{JOBS}/{job['id']}", {"state": "UploadComplete"})
    return job


def query(client: OrgClient, text: str) -> str:
    """The path of a new query job."""
    job = client.call("POST", QUERIES, {"operation": "query", "query": text}).json
    return f"{QUERIES}/{job['id']}"


def eventually(client: OrgClient, path: str, expected: tuple[str, int]) -> None:
    deadline = time.monotonic() + 20
    while state(client, path) != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert state(client, path) == expected


def test_jobs_take_steps_when_they_are_told_to(client: OrgClient) -> None:
    client.insert("Lead", LastName="L", Company="C")
    assert control(client, "jobs", progress="steps").json["progress"] == "steps"
    job = closed(client, 300)
    ingest, read = f"{JOBS}/{job['id']}", query(client, "SELECT Id FROM Lead")
    assert state(client, ingest) == state(client, read) == ("UploadComplete", 0)
    moved = control(client, "jobs/step").json["jobs"]
    assert {entry["state"] for entry in moved} == {"InProgress"}
    assert len(moved) == 2
    assert state(client, ingest) == state(client, read) == ("InProgress", 0)
    early = client.call("GET", read + "/results")
    assert (early.status, early.code) == (400, "INVALIDJOBSTATE")
    assert control(client, "jobs/step", id=job["id"]).json["jobs"] == [
        {"id": job["id"], "state": "JobComplete"}
    ]
    assert state(client, ingest) == ("JobComplete", 300)
    assert state(client, read) == ("InProgress", 0)
    control(client, "jobs/step")
    assert state(client, read) == ("JobComplete", 1)
    assert control(client, "jobs/step").json == {"jobs": []}


def test_a_job_that_waits_for_a_step_can_be_aborted(client: OrgClient) -> None:
    control(client, "jobs", progress="steps")
    job = closed(client, 3)
    control(client, "jobs/step")
    client.call("PATCH", f"{JOBS}/{job['id']}", {"state": "Aborted"})
    assert successful(client, job) == []
    assert len(unprocessed(client, job)) == 3


def test_waiting_jobs_go_on_when_all_may_go_at_once(client: OrgClient) -> None:
    control(client, "jobs", progress="steps")
    job = closed(client, 3)
    control(client, "jobs", progress="at_once")
    eventually(client, f"{JOBS}/{job['id']}", ("JobComplete", 3))


def test_states_follow_the_clock(client: OrgClient, org: Org) -> None:
    client.insert("Lead", LastName="L", Company="C")
    control(client, "jobs", progress="time", seconds_per_state=10)
    job = closed(client, 300)
    ingest, read = f"{JOBS}/{job['id']}", query(client, "SELECT Id FROM Lead")
    org.clock.advance(9)
    time.sleep(0.3)
    assert state(client, ingest) == state(client, read) == ("UploadComplete", 0)
    org.clock.advance(1)
    eventually(client, ingest, ("InProgress", 0))
    eventually(client, read, ("InProgress", 0))
    org.clock.advance(10)
    eventually(client, ingest, ("JobComplete", 300))
    eventually(client, read, ("JobComplete", 1))


def test_records_follow_the_clock_in_whole_chunks(client: OrgClient, org: Org) -> None:
    control(client, "jobs", progress="time", seconds_per_state=0, records_per_second=100)
    job = closed(client, 450)
    path = f"{JOBS}/{job['id']}"
    eventually(client, path, ("InProgress", 0))
    org.clock.advance(3)
    eventually(client, path, ("InProgress", 200))
    counted = client.call("GET", V + "/limits/recordCount?sObjects=Lead").json
    assert counted["sObjects"] == [{"name": "Lead", "count": 200}]
    org.clock.advance(2)
    eventually(client, path, ("JobComplete", 450))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"progress": "slow"}, "at_once, steps, time"),
        ({"pace": "steps"}, "'pace' is unknown"),
        ({"seconds_per_state": -1}, "a number of at least 0"),
        ({"seconds_per_state": "1"}, "a number of at least 0"),
        ({"page_records": 0}, "a whole number of at least 1"),
    ],
)
def test_a_pace_without_sense_is_refused(
    client: OrgClient, body: dict[str, Any], words: str
) -> None:
    answer = control(client, "jobs", **body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert words in answer.message


def test_a_step_of_an_unknown_job_is_refused(client: OrgClient) -> None:
    answer = control(client, "jobs/step", id="750000000000001AAA")
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")


def test_the_size_of_pages_can_be_set(client: OrgClient) -> None:
    for name in "abc":
        client.insert("Lead", LastName=name, Company="C")
    shown = control(client, "jobs", page_records=2).json
    assert shown["page_records"] == 2
    path = query(client, "SELECT Id FROM Lead")
    eventually(client, path, ("JobComplete", 3))
    assert client.call("GET", path + "/results").headers["sforce-numberofrecords"] == "2"
