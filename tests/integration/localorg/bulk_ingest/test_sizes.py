import json

import pytest

from integration.localorg.bulk_ingest.ingest import (
    JOBS,
    close,
    create,
    failed,
    run,
    successful,
    unprocessed,
    upload,
    wait,
)
from integration.localorg.org_client import OrgClient, V
from localorg.bulk_ingest import routes
from localorg.org import Org

ROW = "LastName,Company\nL,C\n"
UNKNOWN = (404, "NOT_FOUND")


def limit(client: OrgClient, **limits: int) -> None:
    answer = client.send("POST", "/_localorg/limits", body=json.dumps(limits).encode())
    assert answer.status == 200, answer.text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (f"{'x' * 32_001}\n1\n", "The header has 32001 characters, 32000 are allowed"),
        (f"{','.join(['a'] * 5_001)}\n", "The header has 5001 fields, 5000 are allowed"),
    ],
)
def test_a_header_has_limits(client: OrgClient, data: str, problem: str) -> None:
    job = run(client, data)
    assert (job["state"], job["errorMessage"]) == ("Failed", f"InvalidBatch : {problem}")


def test_a_field_has_a_limit_that_stops_the_job(client: OrgClient) -> None:
    long = "x" * 131_073
    job = run(client, f"LastName,Company\nL,C\nM,{long}\nN,C\n")
    problem = "InvalidBatch : A field has 131073 characters, 131072 are allowed"
    assert (job["state"], job["errorMessage"]) == ("Failed", problem)
    assert [row["LastName"] for row in successful(client, job)] == ["L"]
    # Python's own limit, which the reader of a result meets, is smaller than the field.
    path = f"{JOBS}/{job['id']}/unprocessedrecords"
    assert client.call("GET", path).text.endswith(f'"M","{long}"\n"N","C"\n')


def test_a_record_has_a_limit_that_stops_the_job(client: OrgClient) -> None:
    columns = ["LastName", "Company", "Description", "Title", "City"]
    row = ",".join(["x" * 100_000] * 5)
    job = run(client, f"{','.join(columns)}\n{row}\n")
    problem = "InvalidBatch : A record has 500000 characters, 400000 are allowed"
    assert (job["state"], job["errorMessage"]) == ("Failed", problem)


def test_a_long_value_of_a_short_field_is_that_rows_problem(client: OrgClient) -> None:
    job = run(client, f"LastName,Company\n{'x' * 81},C\n")
    assert failed(client, job)[0]["sf__Error"].startswith("STRING_TOO_LONG:Last Name: ")


def test_an_upload_has_a_limit(client: OrgClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_BYTES", 20)
    job = create(client)
    answer = client.call("PUT", "/" + job["contentUrl"], ROW.encode(), {"content-type": "text/csv"})
    assert (answer.status, answer.code) == (413, "EXCEEDED_MAX_SIZE_REQUEST")
    upload(client, job, "LastName,Company\n")
    close(client, job)
    assert wait(client, job)["state"] == "JobComplete"


def test_data_that_comes_along_has_a_limit_of_its_own(client: OrgClient) -> None:
    body = (
        '--B\r\nContent-Disposition: form-data; name="job"\r\n\r\n'
        '{"object":"Lead","operation":"insert"}\r\n--B\r\n'
        f'Content-Disposition: form-data; name="content"\r\n\r\n{"x" * 100_001}\r\n--B--\r\n'
    ).encode()
    headers = {"content-type": "multipart/form-data; boundary=B"}
    answer = client.call("POST", JOBS, body, headers)
    assert (answer.status, answer.code) == (413, "EXCEEDED_MAX_SIZE_REQUEST")
    assert client.call("GET", JOBS).json["records"] == []


def test_rows_beyond_the_days_batches_are_in_no_result(client: OrgClient, org: Org) -> None:
    limit(client, DailyBulkApiBatches=1)
    job = run(client, "LastName,Company\n" + "L,C\n" * 10_300)
    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith("ExceededQuota : ")
    assert job["numberRecordsProcessed"] == 10_000
    assert len(successful(client, job)) == 10_000
    assert unprocessed(client, job) == failed(client, job) == []
    org.clock.advance(24 * 3600 + 60)
    client.sign_in()
    assert run(client, ROW)["state"] == "JobComplete"


def test_an_open_job_is_dropped_after_a_day(client: OrgClient, org: Org) -> None:
    job = create(client)
    org.clock.advance(24 * 3600)
    client.sign_in()
    assert client.call("GET", f"{JOBS}/{job['id']}").status == 200
    org.clock.advance(1)
    gone = client.call("GET", f"{JOBS}/{job['id']}")
    assert (gone.status, gone.code) == UNKNOWN


def test_results_are_kept_for_seven_days(client: OrgClient, org: Org) -> None:
    job = run(client, ROW)
    org.clock.advance(7 * 24 * 3600)
    client.sign_in()
    assert len(successful(client, job)) == 1
    org.clock.advance(1)
    gone = client.call("GET", f"{JOBS}/{job['id']}/successfulResults")
    assert (gone.status, gone.code) == UNKNOWN
    assert not list(org.store.folder.rglob(f"{job['id']}*"))


def test_failed_rows_show_their_record_from_version_53_on(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="L", Company="C")
    for version, shown in (("52.0", ""), ("53.0", lead)):
        path = JOBS.replace("66.0", version)
        job = client.call("POST", path, {"object": "Lead", "operation": "update"}).json
        data = f"Id,Email\n{lead},nonsense\n".encode()
        client.call("PUT", f"{path}/{job['id']}/batches", data)
        close(client, job)
        wait(client, job)
        assert [row["sf__Id"] for row in failed(client, job)] == [shown]


def test_versions_before_bulk_2_have_no_such_paths(client: OrgClient) -> None:
    body = {"object": "Lead", "operation": "insert"}
    assert client.call("POST", JOBS.replace("66.0", "40.0"), body).status == 404
    assert client.call("POST", JOBS.replace("66.0", "41.0"), body).status == 200
    query = {"operation": "query", "query": "SELECT Id FROM Lead"}
    assert client.call("POST", V.replace("66.0", "46.0") + "/jobs/query", query).status == 404
    assert client.call("POST", V.replace("66.0", "47.0") + "/jobs/query", query).status == 200
