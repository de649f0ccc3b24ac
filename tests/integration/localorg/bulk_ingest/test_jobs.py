import json
import threading
from typing import Any

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
from localorg.org import Org

UNESCAPED = "Found unescaped quote. A value with quote should be within a quote"
ROW = "LastName,Company\nL,C\n"
WRONG_LINE_ENDS = (
    "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF"
)


def test_a_new_job_is_open_and_says_where_its_data_goes(client: OrgClient) -> None:
    job = create(client)
    assert job == {
        "id": job["id"],
        "operation": "insert",
        "object": "Lead",
        "createdById": "005gL0000000001QAA",
        "createdDate": "2026-01-31T12:00:00.000+0000",
        "systemModstamp": "2026-01-31T12:00:00.000+0000",
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 66.0,
        "contentUrl": f"services/data/v66.0/jobs/ingest/{job['id']}/batches",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert job["id"].startswith("750")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"object": "Leed"}, "INVALIDENTITY"),
        ({"object": None}, "INVALIDJOB"),
        ({"object": "User"}, "INVALID_TYPE_FOR_OPERATION"),
        ({"object": "UserPermissionAccess"}, "INVALIDENTITY"),
        ({"operation": "merge"}, "INVALIDJOB"),
        ({"operation": "upsert"}, "INVALIDJOB"),
        ({"operation": "upsert", "externalIdFieldName": "Title"}, "INVALIDJOB"),
        ({"columnDelimiter": "SLASH"}, "INVALIDJOB"),
        ({"lineEnding": "CR"}, "INVALIDJOB"),
        ({"contentType": "XML"}, "INVALIDJOB"),
        ({"colour": "red"}, "JSON_PARSER_ERROR"),
    ],
)
def test_what_can_not_be_is_refused(client: OrgClient, body: dict[str, Any], code: str) -> None:
    answer = client.call("POST", JOBS, {"object": "Lead", "operation": "insert"} | body)
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize(
    ("data", "body", "message"),
    [
        ("LastName,Foo__c\nL,x\n", {}, "InvalidBatch : Field name not found : Foo__c"),
        ("LastName,Account.Name\nL,x\n", {}, "InvalidBatch : Field name not found : Account.Name"),
        ("\ufeffLastName\nL\n", {}, "InvalidBatch : Field name not found : \ufeffLastName"),
        ("LastName,lastname\nL,x\n", {}, "InvalidBatch : Field name duplicated : lastname"),
        (
            "LastName\r\nL\r\n",
            {},
            WRONG_LINE_ENDS,
        ),
        (
            "Id,LastName\nL,x\n",
            {"operation": "delete"},
            "InvalidBatch : The 'delete' batch must contain only ids",
        ),
        ("", {}, "InvalidBatch : The data has no header row"),
        # A byte order mark makes an unquoted value of the first name.
        (
            '\ufeff"LastName","Company"\nL,C\n',
            {},
            f"InvalidBatch : Failed to parse CSV. {UNESCAPED}",
        ),
    ],
)
def test_a_file_that_can_not_be_read_fails_the_job_and_writes_nothing(
    client: OrgClient, data: str, body: dict[str, Any], message: str
) -> None:
    job = run(client, data, **body)
    assert (job["state"], job["errorMessage"]) == ("Failed", message)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (0, 0)
    assert successful(client, job) == failed(client, job) == []
    assert len(unprocessed(client, job)) == max(0, data.count("\n") - 1)


def test_a_row_of_another_width_fails_the_job_but_not_what_is_saved(client: OrgClient) -> None:
    job = run(client, "LastName,Company\nL,C\nM,C,extra\nN,C\n")
    assert job["state"] == "Failed"
    assert job["errorMessage"] == "InvalidBatch : A row has 3 columns, the header has 2"
    assert [row["LastName"] for row in successful(client, job)] == ["L"]
    assert [row["LastName"] for row in unprocessed(client, job)] == ["M", "N"]


def test_a_space_beside_a_quote_fails_the_job_but_not_what_is_saved(client: OrgClient) -> None:
    job = run(client, 'LastName,Company\nL,"C ""D"""\n"M", "C"\nN,C\n')
    assert job["state"] == "Failed"
    assert job["errorMessage"] == f"InvalidBatch : Failed to parse CSV. {UNESCAPED}"
    assert [row["Company"] for row in successful(client, job)] == ['C "D"']
    assert [row["LastName"] for row in unprocessed(client, job)] == ["M", "N"]


def test_parts_of_a_job_that_are_null_are_not_given(client: OrgClient) -> None:
    job = create(client, contentType=None, columnDelimiter=None, lineEnding=None)
    assert (job["contentType"], job["columnDelimiter"], job["lineEnding"]) == ("CSV", "COMMA", "LF")


def test_data_comes_once_and_before_the_end(client: OrgClient) -> None:
    job = create(client)
    upload(client, job, ROW)
    second = client.call("PUT", "/" + job["contentUrl"], ROW.encode())
    close(client, job)
    wait(client, job)
    late = client.call("PUT", "/" + job["contentUrl"], ROW.encode())
    for refused, reason in ((second, "it has its data"), (late, "its state is JobComplete")):
        assert (refused.status, refused.code) == (400, "INVALIDJOBSTATE")
        assert reason in refused.message


def test_a_job_without_data_fails(client: OrgClient) -> None:
    job = create(client)
    close(client, job)
    assert wait(client, job)["state"] == "Failed"


def test_an_aborted_job_leaves_its_rows(client: OrgClient) -> None:
    job = create(client)
    upload(client, job, ROW)
    answer = client.call("PATCH", f"{JOBS}/{job['id']}", {"state": "Aborted"})
    assert answer.json["state"] == "Aborted"
    assert len(unprocessed(client, job)) == 1
    late = client.call("PATCH", f"{JOBS}/{job['id']}", {"state": "UploadComplete"})
    assert (late.status, late.code) == (400, "INVALIDJOBSTATE")


def test_a_running_job_can_be_aborted_between_chunks(client: OrgClient, org: Org) -> None:
    job = create(client)
    upload(client, job, "LastName,Company\n" + "L,C\n" * 1000)
    with org.store.write():
        close(client, job)
        answer = client.call("PATCH", f"{JOBS}/{job['id']}", {"state": "Aborted"})
        assert answer.json["state"] == "Aborted"
    assert len(successful(client, job)) + len(unprocessed(client, job)) == 1000
    assert len(successful(client, job)) <= 200


def test_a_finished_job_is_not_aborted_but_deleted(client: OrgClient) -> None:
    job = run(client, ROW)
    late = client.call("PATCH", f"{JOBS}/{job['id']}", {"state": "Aborted"})
    assert (late.status, late.code) == (400, "INVALIDJOBSTATE")
    assert client.call("DELETE", f"{JOBS}/{job['id']}").status == 204
    gone = client.call("GET", f"{JOBS}/{job['id']}")
    assert (gone.status, gone.code) == (404, "NOT_FOUND")


def test_an_open_job_is_not_deleted_and_has_no_results(client: OrgClient) -> None:
    job = create(client)
    refused = client.call("DELETE", f"{JOBS}/{job['id']}")
    assert (refused.status, refused.code) == (400, "API_ERROR")
    early = client.call("GET", f"{JOBS}/{job['id']}/successfulResults/")
    assert (early.status, early.code) == (400, "INVALIDJOBSTATE")


def test_jobs_are_listed(client: OrgClient) -> None:
    ids = {create(client)["id"] for _ in range(2)}
    answer = client.call("GET", JOBS).json
    assert answer["done"] is True
    assert {job["id"] for job in answer["records"]} == ids
    assert {job["jobType"] for job in answer["records"]} == {"V2Ingest"}


def test_a_job_may_bring_its_data_along(client: OrgClient) -> None:
    body = (
        '--B\r\nContent-Disposition: form-data; name="job"\r\nContent-Type: application/json\r\n'
        '\r\n{"object":"Lead","operation":"insert"}\r\n--B\r\n'
        'Content-Disposition: form-data; name="content"; filename="content"\r\n'
        f"Content-Type: text/csv\r\n\r\n{ROW}\r\n--B--\r\n"
    ).encode()
    headers = {"content-type": "multipart/form-data; boundary=B"}
    answer = client.call("POST", JOBS, body, headers)
    assert (answer.status, answer.json["state"]) == (200, "UploadComplete")
    assert wait(client, answer.json)["numberRecordsProcessed"] == 1


def test_a_planned_failure_ends_the_job_after_so_many_rows(client: OrgClient) -> None:
    fault = {"kind": "bulk_job_failed", "error_message": "TooManyLockFailure : x", "after_rows": 3}
    client.send("POST", "/_localorg/faults", body=json.dumps(fault).encode())
    job = run(client, "LastName,Company\n" + "L,C\n" * 5)
    assert (job["state"], job["errorMessage"]) == ("Failed", "TooManyLockFailure : x")
    assert len(successful(client, job)) == 3
    assert len(unprocessed(client, job)) == 2
    assert run(client, ROW)["state"] == "JobComplete"


def test_the_org_answers_while_a_job_waits_for_the_writer(client: OrgClient, org: Org) -> None:
    release, holding = threading.Event(), threading.Event()

    def hold() -> None:
        with org.store.write():
            holding.set()
            release.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(20)
    job = create(client)
    upload(client, job, ROW)
    close(client, job)
    assert client.call("GET", V + "/limits").status == 200
    assert client.call("GET", f"{JOBS}/{job['id']}").json["state"] in {
        "UploadComplete",
        "InProgress",
    }
    release.set()
    holder.join(20)
    assert wait(client, job)["state"] == "JobComplete"
