"""A Bulk ingest job from its creation to its results."""

import csv
import io
import time
from typing import Any

from integration.localorg.org_client import OrgClient, V

JOBS = V + "/jobs/ingest"
ENDED = {"JobComplete", "Failed", "Aborted"}
Rows = list[dict[str, str]]


def create(client: OrgClient, **body: Any) -> dict[str, Any]:
    answer = client.call("POST", JOBS, {"object": "Lead", "operation": "insert"} | body)
    assert answer.status == 200, answer.text
    job: dict[str, Any] = answer.json
    return job


def upload(client: OrgClient, job: dict[str, Any], data: str) -> None:
    headers = {"content-type": "text/csv"}
    answer = client.call("PUT", "/" + job["contentUrl"], data.encode(), headers)
    assert (answer.status, answer.content) == (201, b"")


def close(client: OrgClient, job: dict[str, Any]) -> None:
    answer = client.call("PATCH", f"{JOBS}/{job['id']}", {"state": "UploadComplete"})
    assert answer.json["state"] == "UploadComplete"


def wait(client: OrgClient, job: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.call("GET", f"{JOBS}/{job['id']}").json
        if found["state"] in ENDED:
            return found
        time.sleep(0.01)
    raise AssertionError(found)


def run(client: OrgClient, data: str, **body: Any) -> dict[str, Any]:
    """The job after it ended."""
    job = create(client, **body)
    upload(client, job, data)
    close(client, job)
    return wait(client, job)


def results(client: OrgClient, job: dict[str, Any], kind: str) -> Rows:
    answer = client.call("GET", f"{JOBS}/{job['id']}/{kind}/")
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def successful(client: OrgClient, job: dict[str, Any]) -> Rows:
    return results(client, job, "successfulResults")


def failed(client: OrgClient, job: dict[str, Any]) -> Rows:
    return results(client, job, "failedResults")


def unprocessed(client: OrgClient, job: dict[str, Any]) -> Rows:
    return results(client, job, "unprocessedrecords")
