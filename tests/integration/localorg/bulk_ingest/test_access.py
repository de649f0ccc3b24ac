import pytest

from integration.localorg.bulk_ingest.colleague import sign_in_colleague
from integration.localorg.bulk_ingest.ingest import JOBS, close, create, upload, wait
from integration.localorg.org_client import OrgClient, V, give
from localorg.org import Org

ROW = "LastName,Company\nL,C\n"
QUERIES = V + "/jobs/query"


@pytest.fixture
def colleague(client: OrgClient, org: Org) -> OrgClient:
    """Somebody without the Manage Data Integrations permission."""
    colleague = OrgClient(client.base)
    colleague.token = sign_in_colleague(org)
    return colleague


def test_only_the_creator_fills_and_closes_a_job(client: OrgClient, colleague: OrgClient) -> None:
    job = create(colleague)
    path = f"{JOBS}/{job['id']}"
    filled = client.call("PUT", f"{path}/batches", ROW.encode(), {"content-type": "text/csv"})
    closed = client.call("PATCH", path, {"state": "UploadComplete"})
    assert (filled.status, filled.code) == (403, "INSUFFICIENT_ACCESS")
    assert (closed.status, closed.code) == (403, "INSUFFICIENT_ACCESS")


def test_who_manages_data_integrations_sees_and_aborts_all_jobs(
    client: OrgClient, colleague: OrgClient
) -> None:
    job = create(colleague)
    path = f"{JOBS}/{job['id']}"
    assert client.call("GET", path).json["createdById"] == job["createdById"]
    assert job["id"] in [listed["id"] for listed in client.call("GET", JOBS).json["records"]]
    assert client.call("PATCH", path, {"state": "Aborted"}).json["state"] == "Aborted"
    assert client.call("DELETE", path).status == 204


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_users_ingest_job_is_out_of_reach(
    client: OrgClient, colleague: OrgClient, method: str
) -> None:
    job = create(client)
    body = {"state": "Aborted"} if method == "PATCH" else None
    answer = colleague.call(method, f"{JOBS}/{job['id']}", body)
    assert (answer.status, answer.code) == (403, "INSUFFICIENT_ACCESS")
    assert colleague.call("GET", JOBS).json["records"] == []


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/results"), ("GET", "/resultPages")],
)
def test_another_users_query_job_is_out_of_reach(
    client: OrgClient, colleague: OrgClient, method: str, rest: str
) -> None:
    body = {"operation": "query", "query": "SELECT Id FROM User"}
    job = client.call("POST", QUERIES, body).json
    abortion = {"state": "Aborted"} if method == "PATCH" else None
    answer = colleague.call(method, f"{QUERIES}/{job['id']}{rest}", abortion)
    assert (answer.status, answer.code) == (403, "INSUFFICIENT_ACCESS")
    assert colleague.call("GET", QUERIES).json["records"] == []


def test_hard_delete_needs_its_permission(client: OrgClient, colleague: OrgClient) -> None:
    body = {"object": "Lead", "operation": "hardDelete"}
    answer = colleague.call("POST", JOBS, body)
    assert (answer.status, answer.code) == (400, "FEATURENOTENABLED")
    assert answer.message == (
        "FeatureNotEnabled : hardDelete operation requires special user profile permission, "
        "please contact your system administrator"
    )
    # Not even an administrator has it before it is given.
    refused = client.call("POST", JOBS, body)
    assert (refused.status, refused.code) == (400, "FEATURENOTENABLED")
    give(client, "BulkApiHardDelete")
    assert client.call("POST", JOBS, body).status == 200


def test_records_belong_to_the_one_who_made_the_job(
    client: OrgClient, colleague: OrgClient
) -> None:
    job = create(colleague)
    upload(colleague, job, ROW)
    close(colleague, job)
    assert wait(colleague, job)["numberRecordsFailed"] == 0
    answer = client.call("GET", f"{V}/query?q=SELECT+CreatedById+FROM+Lead").json
    assert [lead["CreatedById"] for lead in answer["records"]] == [job["createdById"]]


def test_limits_need_view_setup(client: OrgClient, colleague: OrgClient) -> None:
    answer = colleague.call("GET", V + "/limits")
    assert (answer.status, answer.code) == (403, "INSUFFICIENT_ACCESS")
    assert client.call("GET", V + "/limits").status == 200
