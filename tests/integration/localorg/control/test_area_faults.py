"""Faults inside the areas of the API, as a client meets them."""

import time
from typing import Any

import pytest

from integration.localorg.control.test_control import post
from integration.localorg.control.test_faults import plan
from integration.localorg.org_client import OrgClient, V

CSV = {"content-type": "text/csv"}
LEADS = "SELECT LastName FROM Lead"
LOCKED = "UNABLE_TO_LOCK_ROW"


def insert(client: OrgClient, count: int) -> list[str]:
    """The names of so many new leads."""
    names = [f"L{number:04}" for number in range(count)]
    for first in range(0, count, 200):
        records = [
            {"attributes": {"type": "Lead"}, "LastName": name, "Company": "C"}
            for name in names[first : first + 200]
        ]
        answer = client.call("POST", V + "/composite/sobjects", {"records": records})
        assert all(result["success"] for result in answer.json)
    return names


def finished(client: OrgClient, path: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.call("GET", path).json
        if job["state"] in {"JobComplete", "Failed"}:
            return job
        time.sleep(0.02)
    raise AssertionError("The job does not end")


def queried(client: OrgClient) -> str:
    """The path of a finished Bulk query of all leads."""
    body = {"operation": "query", "query": LEADS}
    path = f"{V}/jobs/query/{client.call('POST', V + '/jobs/query', body).json['id']}"
    finished(client, path)
    return path


def pages(client: OrgClient, path: str, size: int) -> list[list[str]]:
    """The pages of a Bulk query's result."""
    found, locator = list[list[str]](), ""
    while locator != "null":
        where = f"&locator={locator}" if locator else ""
        answer = client.call("GET", f"{path}/results?maxRecords={size}{where}")
        found.append([line.strip('"') for line in answer.text.split("\n")[1:-1]])
        locator = answer.headers["sforce-locator"]
    return found


def ingested(client: OrgClient, lines: list[str]) -> tuple[dict[str, Any], str]:
    """A finished Bulk job that inserts leads, and its failed results."""
    body = {"object": "Lead", "operation": "insert", "contentType": "CSV"}
    path = f"{V}/jobs/ingest/{client.call('POST', V + '/jobs/ingest', body).json['id']}"
    content = "\n".join(["LastName,Company", *lines, ""]).encode()
    assert client.call("PUT", path + "/batches", content, CSV).status == 201
    client.call("PATCH", path, {"state": "UploadComplete"})
    job = finished(client, path)
    return job, client.call("GET", path + "/failedResults").text


def test_a_bulk_query_fails_with_the_message_it_was_given(client: OrgClient) -> None:
    plan(client, "bulk_job_failed", object="Lead", error_message="QUERY_TIMEOUT : too slow")
    body = {"operation": "query", "query": "SELECT Id FROM Contact"}
    other = client.call("POST", V + "/jobs/query", body).json["id"]
    assert finished(client, f"{V}/jobs/query/{other}")["state"] == "JobComplete"
    failed = finished(client, queried(client))
    assert (failed["state"], failed["errorMessage"]) == ("Failed", "QUERY_TIMEOUT : too slow")
    assert finished(client, queried(client))["state"] == "JobComplete"


def test_an_ingest_job_fails_after_some_rows_which_stay(client: OrgClient) -> None:
    plan(client, "bulk_job_failed", after_rows=3)
    job, _ = ingested(client, [f"L{number},C" for number in range(10)])
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 3)
    answer = client.call("GET", V + "/query?q=SELECT+COUNT()+FROM+Lead")
    assert answer.json["totalSize"] == 3


def test_rows_of_a_bulk_job_can_not_be_locked(client: OrgClient) -> None:
    plan(client, "row_locks", object="Lead", rows=2)
    job, failed = ingested(client, [f"L{number},C" for number in range(10)])
    assert (job["state"], job["numberRecordsFailed"]) == ("JobComplete", 2)
    assert failed.count(LOCKED + ":") == 2


def test_rows_of_a_collection_can_not_be_locked(client: OrgClient) -> None:
    plan(client, "row_locks", rows=1)
    records = [{"attributes": {"type": "Lead"}, "LastName": "L", "Company": "C"}] * 3
    results = client.call("POST", V + "/composite/sobjects", {"records": records}).json
    assert [result["success"] for result in results] == [False, True, True]
    assert results[0]["errors"][0]["statusCode"] == LOCKED


def test_a_single_record_can_not_be_locked(client: OrgClient) -> None:
    plan(client, "row_locks", object="lead")
    assert client.call("POST", V + "/sobjects/Account", {"Name": "A"}).status == 201
    lead = {"LastName": "L", "Company": "C"}
    answer = client.call("POST", V + "/sobjects/Lead", lead)
    assert (answer.status, answer.code) == (400, LOCKED)
    assert client.call("POST", V + "/sobjects/Lead", lead).status == 201


@pytest.mark.parametrize(("kind", "expected"), [("page_dropped", 8), ("page_repeated", 16)])
def test_a_page_of_a_bulk_result_is_missing_or_comes_twice(
    client: OrgClient, kind: str, expected: int
) -> None:
    names, path = insert(client, 12), queried(client)
    plan(client, kind, path=path, skip=1)
    found = [name for page in pages(client, path, 4) for name in page]
    assert len(found) == expected
    assert set(found) < set(names) if kind == "page_dropped" else set(found) == set(names)
    assert sorted(name for page in pages(client, path, 4) for name in page) == names


@pytest.mark.parametrize(("kind", "expected"), [("page_dropped", 400), ("page_repeated", 800)])
def test_a_page_of_a_query_is_missing_or_comes_twice(
    client: OrgClient, kind: str, expected: int
) -> None:
    names = insert(client, 600)
    plan(client, kind, path="/query/01g")
    found = queried_by_rest(client)
    assert len(found) == expected
    assert set(found) < set(names) if kind == "page_dropped" else set(found) == set(names)
    assert sorted(queried_by_rest(client)) == names


def queried_by_rest(client: OrgClient) -> list[str]:
    headers = {"sforce-query-options": "batchSize=200"}
    path, found = f"{V}/query?q={LEADS.replace(' ', '+')}", list[str]()
    while path:
        answer = client.call("GET", path, headers=headers).json
        found += [record["LastName"] for record in answer["records"]]
        path = answer.get("nextRecordsUrl", "")
    return found


def test_the_rows_of_a_bulk_result_come_in_another_order(client: OrgClient) -> None:
    names = insert(client, 60)
    plan(client, "shuffled_results", object="Lead", seed=3)
    shuffled = pages(client, queried(client), 1000)[0]
    assert shuffled != names
    assert sorted(shuffled) == names


def test_faults_are_counted_where_they_happen(client: OrgClient) -> None:
    number = plan(client, "row_locks", count=0)["id"]
    for _ in range(3):
        client.call("POST", V + "/sobjects/Lead", {"LastName": "L", "Company": "C"})
    [listed] = client.send("GET", "/_localorg/faults").json["faults"]
    assert (listed["id"], listed["happened"]) == (number, 3)
    assert post(client, "/faults", kind="row_locks", status=1).status == 400
    unknown = post(client, "/faults", kind="row_locks", object="Leed")
    assert unknown.status == 400
    assert "'object' has to be an object of the org; it is 'Leed'" in unknown.text
