import threading
from datetime import timedelta

import pytest

from integration.localorg.bulk_query.jobs import JOBS, BulkClient
from integration.localorg.query.in_process import BASE
from localorg import soql
from localorg.bulk_query.rendering import Form, render
from localorg.clock import rest_datetime, stored_datetime
from localorg.control.fault_kinds import BULK_JOB_FAILED
from localorg.control.faults import Fault
from localorg.store import INTEGRATION_USER_ID
from unit.localorg.soql.sample_org import build, load

SELECT = "SELECT Id FROM Lead"
UNKNOWN = (404, "NOT_FOUND", "The requested resource does not exist")


def test_a_new_job_is_answered_with_what_was_asked_for(client: BulkClient) -> None:
    answer = client.create(SELECT)
    now = rest_datetime(stored_datetime(client.org.clock.now()))
    job = answer.json
    assert answer.status == 200
    assert job.pop("id").startswith("750")
    assert job == {
        "operation": "query",
        "object": "Lead",
        "createdById": INTEGRATION_USER_ID,
        "createdDate": now,
        "systemModstamp": now,
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 66.0,
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }


def test_a_job_that_ran_says_how_many_records_it_found(client: BulkClient) -> None:
    job = client.job(client.run(SELECT))
    assert (job["state"], job["numberRecordsProcessed"]) == ("JobComplete", 5)
    assert (job["jobType"], job["retries"]) == ("V2Query", 0)
    assert job["isPkChunkingSupported"] is True
    assert job["totalProcessingTime"] >= 0
    assert "errorMessage" not in job


@pytest.mark.parametrize("ending", ["ORDER BY Id", "LIMIT 3"])
def test_order_by_and_limit_switch_chunking_off(client: BulkClient, ending: str) -> None:
    assert client.job(client.run(f"{SELECT} {ending}"))["isPkChunkingSupported"] is False


def test_a_job_is_found_by_its_short_id_too(client: BulkClient) -> None:
    job_id = client.run(SELECT)
    assert client.job(job_id[:15])["id"] == job_id


@pytest.mark.parametrize("path", ["", "/results", "/resultPages"])
def test_an_unknown_job_is_not_found(client: BulkClient, path: str) -> None:
    assert client.get(f"{JOBS}/750000000000001AAA{path}").error == UNKNOWN


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"query": SELECT}, "operation is None; send one of query, queryAll"),
        ({"operation": "insert", "query": SELECT}, "operation is 'insert'"),
        ({"operation": "query"}, "query is None; send SOQL text"),
        ({"operation": "query", "query": SELECT, "contentType": "XML"}, "contentType is 'XML'"),
        ({"operation": "query", "query": SELECT, "lineEnding": "CR"}, "lineEnding is 'CR'"),
        ({"operation": "query", "query": SELECT, "columnDelimiter": ","}, "BACKQUOTE, CARET"),
        ({"operation": ["query"], "query": SELECT}, "operation is ['query']"),
    ],
)
def test_a_job_without_sense_is_refused(
    client: BulkClient, body: dict[str, object], words: str
) -> None:
    status, code, message = client.post(JOBS, body).error
    assert (status, code) == (400, "INVALIDJOB")
    assert words in message


AGGREGATE = "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("SELECT COUNT() FROM Lead", "API_ERROR", AGGREGATE),
        ("SELECT COUNT(Id) FROM Lead", "API_ERROR", AGGREGATE),
        ("SELECT City FROM Lead GROUP BY City", "API_ERROR", AGGREGATE),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR", AGGREGATE),
        (
            "SELECT Id, Address FROM Lead",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT Account.BillingAddress FROM Contact",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT Id FROM Lead LIMIT 5 OFFSET 5",
            "API_ERROR",
            "OFFSET clause is not supported in Bulk V2 Query",
        ),
        (
            "SELECT TYPEOF Owner WHEN User THEN Name END FROM Lead",
            "API_ERROR",
            "TYPEOF clause is not supported in Bulk V2 Query",
        ),
        (
            "SELECT FIELDS(ALL) FROM Lead LIMIT 200",
            "API_ERROR",
            "FIELDS(ALL) is not supported in Bulk V2 Query",
        ),
        (
            "SELECT Id FROM UserPermissionAccess",
            "INVALIDENTITY",
            "Entity 'UserPermissionAccess' is not supported by the Bulk API.",
        ),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ],
)
def test_a_query_that_bulk_does_not_have_is_refused_at_once(
    client: BulkClient, query: str, code: str, message: str
) -> None:
    assert client.create(query).error == (400, code, message)


@pytest.mark.parametrize(
    ("query", "code"),
    [("SELECT Nope FROM Lead", "INVALID_FIELD"), ("SELECT Id FROM Nope", "INVALID_TYPE")],
)
def test_unknown_names_are_refused_at_once(client: BulkClient, query: str, code: str) -> None:
    assert client.create(query).error[:2] == (400, code)


def test_a_planned_fault_lets_the_job_fail_with_its_message(client: BulkClient) -> None:
    client.org.faults.plan(Fault(kind=BULK_JOB_FAILED, error_message="QUERY_TIMEOUT : too slow"))
    failed = client.run(SELECT)
    job = client.job(failed)
    assert (job["state"], job["errorMessage"]) == ("Failed", "QUERY_TIMEOUT : too slow")
    assert job["numberRecordsProcessed"] == 0
    assert client.results(failed).error == (
        400,
        "INVALIDJOBSTATE",
        "The job is in state Failed; results exist once it is JobComplete",
    )
    assert client.job(client.run(SELECT))["state"] == "JobComplete"


@pytest.fixture
def held(client: BulkClient) -> "threading.Event":
    """Keep the org's workers busy until the event is set, so that jobs wait."""
    release = threading.Event()
    for _ in range(2):
        client.org.query_worker.submit(release.wait, 10)
    return release


def test_a_waiting_job_has_no_results_and_cannot_be_deleted(
    client: BulkClient, held: threading.Event
) -> None:
    job_id = client.create(SELECT).json["id"]
    try:
        assert client.job(job_id)["state"] == "UploadComplete"
        assert client.results(job_id).error[:2] == (400, "INVALIDJOBSTATE")
        assert client.get(f"{JOBS}/{job_id}/resultPages").error[:2] == (400, "INVALIDJOBSTATE")
        assert client.send("DELETE", f"{JOBS}/{job_id}").error == (
            400,
            "API_ERROR",
            "Error encountered when deleting the job because the job is not terminated",
        )
    finally:
        held.set()


def test_an_aborted_job_never_runs(client: BulkClient, held: threading.Event) -> None:
    job_id = client.create(SELECT).json["id"]
    answer = client.send("PATCH", f"{JOBS}/{job_id}", {"state": "Aborted"})
    held.set()
    assert (answer.status, answer.json["state"]) == (200, "Aborted")
    client.wait_for_workers()
    assert client.job(job_id)["state"] == "Aborted"
    assert client.results(job_id).error[:2] == (400, "INVALIDJOBSTATE")
    again = client.send("PATCH", f"{JOBS}/{job_id}", {"state": "Aborted"})
    assert again.error == (400, "INVALIDJOBSTATE", "Aborting already Aborted Job not allowed")


def test_a_job_aborted_while_it_runs_leaves_no_result(
    client: BulkClient, held: threading.Event
) -> None:
    path = client.org.store.folder / "stopped.csv"
    schema = client.org.schema
    statement = soql.Compiler(schema=schema, now=client.org.clock.now()).compile(soql.parse(SELECT))
    store = client.org.store
    form = Form(path=path, delimiter=",", line_ending="\n", segment_rows=2, order=None)
    assert render(statement, store, form, lambda: True) is None
    assert render(statement, store, form, lambda: False) is not None
    held.set()


def test_a_job_that_cannot_write_its_file_fails(client: BulkClient, held: threading.Event) -> None:
    job_id = client.create(SELECT).json["id"]
    files = client.jobs.find(job_id).facts.files
    obstacle = client.org.store.folder / "query" / f"{files}.csv"
    obstacle.mkdir()
    held.set()
    client.wait_for_workers()
    job = client.job(job_id)
    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith("InternalServerError : ")


def test_a_finished_job_cannot_be_aborted(client: BulkClient) -> None:
    job_id = client.run(SELECT)
    answer = client.send("PATCH", f"{JOBS}/{job_id}", {"state": "Aborted"})
    assert answer.error == (400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")


def test_a_job_can_only_be_told_to_abort(client: BulkClient) -> None:
    job_id = client.run(SELECT)
    answer = client.send("PATCH", f"{JOBS}/{job_id}", {"state": "UploadComplete"})
    assert answer.error[:2] == (400, "INVALIDJOB")


def test_a_deleted_job_is_gone_with_its_file(client: BulkClient) -> None:
    job_id = client.run(SELECT)
    file, index = client.org.store.folder.rglob(f"{job_id}*")
    answer = client.send("DELETE", f"{JOBS}/{job_id}")
    assert (answer.status, answer.body) == (204, b"")
    assert client.get(f"{JOBS}/{job_id}").error == UNKNOWN
    assert not file.exists()
    assert not index.exists()


def test_a_job_is_forgotten_after_seven_days(client: BulkClient) -> None:
    job_id = client.run(SELECT)
    client.wait(timedelta(days=7).total_seconds())
    assert client.job(job_id)["state"] == "JobComplete"
    client.wait(1)
    assert client.get(f"{JOBS}/{job_id}").error == UNKNOWN
    assert not list(client.org.store.folder.rglob(f"{job_id}*"))


def test_results_are_for_the_version_that_the_job_was_created_with(client: BulkClient) -> None:
    job_id = client.run(SELECT)
    other = JOBS.replace("v66.0", "v65.0")
    assert client.get(f"{other}/{job_id}/results").status == 409
    assert client.get(f"{other}/{job_id}").status == 200


def test_all_jobs_are_listed_and_can_be_picked(client: BulkClient) -> None:
    job_id = client.run(f"{SELECT} LIMIT 1")

    def listed(parameters: str) -> bool:
        answer = client.get(f"{JOBS}?{parameters}").json
        assert (answer["done"], answer["nextRecordsUrl"]) == (True, None)
        return job_id in [job["id"] for job in answer["records"]]

    assert listed("")
    assert listed("jobType=V2Query&concurrencyMode=parallel&isPkChunkingEnabled=false")
    assert not listed("isPkChunkingEnabled=true")
    assert not listed("jobType=V2Ingest")


def test_a_list_page_that_was_never_named_is_refused(client: BulkClient) -> None:
    assert client.get(f"{JOBS}?queryLocator=xyz").error[1] == "INVALID_QUERY_LOCATOR"


def test_query_all_finds_deleted_records(client: BulkClient) -> None:
    assert client.job(client.run(SELECT, "queryAll"))["numberRecordsProcessed"] == 7


def test_a_path_of_another_case_is_understood(client: BulkClient) -> None:
    job_id = client.run(SELECT)
    assert client.get(f"{BASE}/Jobs/Query/{job_id}/resultpages").status == 200


def test_more_jobs_than_a_day_allows_are_refused() -> None:
    sample = build(load("data.yaml"))
    client = BulkClient(sample.store, sample.now)
    client.org.usage.add("DailyBulkV2QueryJobs", 9_999)
    assert client.create(SELECT).status == 200
    message = "Max bulk v2 query jobs (10000) per 24 hrs has been reached"
    assert client.create(SELECT).error == (400, "LIMIT_EXCEEDED", message)
    client.org.close()
