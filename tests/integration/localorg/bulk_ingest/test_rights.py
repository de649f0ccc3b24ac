"""What a user does not see is not there for the user's jobs either."""

import json
from typing import Any

from integration.localorg.bulk_ingest.ingest import JOBS, failed, run
from integration.localorg.org_client import OrgClient, V

QUERIES = V + "/jobs/query"


def restrict(client: OrgClient, **body: Any) -> None:
    answer = client.send("POST", "/_localorg/rights", body=json.dumps(body).encode())
    assert answer.status == 200, answer.text


def refused(client: OrgClient, path: str, **body: Any) -> tuple[int, str]:
    answer = client.call("POST", path, body)
    return answer.status, answer.code


def test_a_hidden_object_takes_no_jobs(client: OrgClient) -> None:
    restrict(client, object="Lead", rights=[])
    assert refused(client, JOBS, object="Lead", operation="insert") == (400, "INVALIDENTITY")
    query = refused(client, QUERIES, operation="query", query="SELECT Id FROM Lead")
    assert query == (400, "INVALID_TYPE")


def test_a_hidden_field_is_no_column(client: OrgClient) -> None:
    restrict(client, object="Lead", field="Title", rights=[])
    job = run(client, "LastName,Company,Title\nL,C,Dr\n")
    problem = "InvalidBatch : Field name not found : Title"
    assert (job["state"], job["errorMessage"]) == ("Failed", problem)
    query = refused(client, QUERIES, operation="query", query="SELECT Title FROM Lead")
    assert query == (400, "INVALID_FIELD")


def test_who_may_only_read_fails_row_by_row(client: OrgClient) -> None:
    restrict(client, object="Lead", rights=["read"])
    job = run(client, "LastName,Company\nL,C\n")
    assert job["state"] == "JobComplete"
    assert failed(client, job)[0]["sf__Error"] == (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:entity type cannot be inserted: Lead:--"
    )


def test_a_job_that_waits_minds_rights_that_were_taken_meanwhile(client: OrgClient) -> None:
    client.send("POST", "/_localorg/jobs", body=b'{"progress": "steps"}')
    body = {"operation": "query", "query": "SELECT Title FROM Lead"}
    job = client.call("POST", QUERIES, body).json
    restrict(client, object="Lead", field="Title", rights=[])
    client.send("POST", "/_localorg/jobs", body=b'{"progress": "at_once"}')
    path = f"{QUERIES}/{job['id']}"
    while (found := client.call("GET", path).json)["state"] not in {"Failed", "JobComplete"}:
        pass
    assert found["state"] == "Failed"
    assert found["errorMessage"].startswith("INVALID_FIELD : ")
