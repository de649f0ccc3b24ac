"""simple-salesforce, as people write with it."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from conformance.organization import CLIENT_ID, CLIENT_SECRET, USERNAME, RunningOrg
from conformance.people import COUNT, KEY, SOQL, as_texts, by_key, comparable, leads

MY_DOMAIN = "localorg.my"


@pytest.fixture(autouse=True)
def _client(record_property: Any) -> None:
    record_property("client", f"simple-salesforce {version('simple-salesforce')}")


@pytest.fixture
def session(org: RunningOrg, monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    """Connections that reach the org under Salesforce's host names, and are closed at the end."""
    for name, value in org.environment.items():
        monkeypatch.setenv(name, value)
    with requests.Session() as session:
        yield session


@pytest.fixture
def salesforce(session: requests.Session) -> Any:
    """The client, signed in with client credentials; its own types can't be checked."""
    return Salesforce(
        domain=MY_DOMAIN,
        consumer_key=CLIENT_ID,
        consumer_secret=CLIENT_SECRET,
        session=session,
    )


def test_signs_in_with_client_credentials(salesforce: Any) -> None:
    assert salesforce.sf_instance == "localorg.my.salesforce.com"
    assert salesforce.query("SELECT Name FROM Organization")["totalSize"] == 1


def test_signs_in_with_a_signed_assertion(session: requests.Session, jwt_key: Path) -> None:
    salesforce = Salesforce(
        username=USERNAME, consumer_key=CLIENT_ID, privatekey_file=str(jwt_key), session=session
    )
    me = salesforce.query(f"SELECT Id FROM User WHERE Username = '{USERNAME}'")  # noqa: S608 - a fixed name
    assert me["totalSize"] == 1


def test_says_why_it_may_not_sign_in(session: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        Salesforce(
            domain=MY_DOMAIN, consumer_key=CLIENT_ID, consumer_secret="wrong", session=session
        )
    assert caught.value.code == "invalid_client"


def test_signs_in_again_when_its_session_has_ended(salesforce: Any, org: RunningOrg) -> None:
    org.control("DELETE", "sessions")
    org.control("DELETE", "requests")
    assert salesforce.query("SELECT Name FROM Organization")["totalSize"] == 1
    asked = [(request["method"], request["status"]) for request in org.requests("/services/")]
    assert asked[:3] == [("GET", 401), ("POST", 200), ("GET", 200)]


def test_says_that_a_given_session_has_ended(session: requests.Session, org: RunningOrg) -> None:
    token = org.token()
    host = token["instance_url"].removeprefix("https://")
    salesforce = Salesforce(session_id=token["access_token"], instance=host, session=session)
    org.control("DELETE", "sessions")
    with pytest.raises(SalesforceExpiredSession) as caught:
        salesforce.query("SELECT Id FROM Lead")
    content: Any = caught.value.content
    assert content[0]["errorCode"] == "INVALID_SESSION_ID"


def test_describes_the_org_and_an_object(salesforce: Any) -> None:
    listed = salesforce.describe()
    assert listed is not None
    assert "Lead" in {each["name"] for each in listed["sobjects"]}
    fields = {field["name"]: field for field in salesforce.Lead.describe()["fields"]}
    assert fields[KEY]["externalId"] is True
    assert fields["LastName"]["nillable"] is False


def test_reads_every_record_over_many_pages(salesforce: Any) -> None:
    found = salesforce.query_all(f"{SOQL} WHERE {KEY} LIKE 'key-%'")
    assert found["totalSize"] == COUNT
    assert by_key(found["records"]) == by_key(leads())


def test_reads_pages_one_by_one(salesforce: Any, org: RunningOrg) -> None:
    org.control("DELETE", "requests")
    records = list(salesforce.query_all_iter(f"{SOQL} WHERE {KEY} LIKE 'key-%'"))
    assert by_key(records) == by_key(leads())
    assert [request["status"] for request in org.requests("/query/")] == [200, 200, 200]


def test_bulk_query_brings_the_same_records(salesforce: Any) -> None:
    pages = list(
        salesforce.bulk2.Lead.query(f"{SOQL} WHERE {KEY} LIKE 'key-%'", max_records=1500, wait=0)
    )
    records = [row for page in pages for row in _rows(page)]
    assert len(pages) == 3
    assert by_key(comparable(records)) == by_key(as_texts(leads()))


def test_bulk_query_downloads_into_files(salesforce: Any, tmp_path: Path) -> None:
    pages = salesforce.bulk2.Lead.download(
        f"{SOQL} WHERE {KEY} LIKE 'key-%'", path=str(tmp_path), max_records=3000, wait=0
    )
    assert [page["number_of_records"] for page in pages] == [3000, COUNT - 3000]
    texts = [Path(page["file"]).read_bytes().decode() for page in pages]
    records = [row for text in texts for row in _rows(text)]
    assert by_key(comparable(records)) == by_key(as_texts(leads()))


def test_bulk_insert_tells_which_rows_failed(salesforce: Any, org: RunningOrg) -> None:
    rows = [
        {"LastName": "Good", "Company": "In Bulk", KEY: "bulk-1"},
        {"LastName": "", "Company": "In Bulk", KEY: "bulk-2"},
        {"LastName": "Second, with comma", "Company": "In Bulk", KEY: "bulk-3"},
        {"LastName": "x" * 81, "Company": "In Bulk", KEY: "bulk-4"},
    ]
    [job] = salesforce.bulk2.Lead.insert(records=rows, wait=0)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (4, 2)
    results = salesforce.bulk2.Lead.get_all_ingest_records(str(job["job_id"]))
    failed = {row[KEY]: row["sf__Error"] for row in results["failedRecords"]}
    assert failed["bulk-2"] == (
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    )
    assert failed["bulk-4"].startswith("STRING_TOO_LONG:Last Name: data value too large: xxx")
    assert results["unprocessedRecords"] == []
    ids = {row[KEY]: row["sf__Id"] for row in results["successfulRecords"]}
    stored = org.query("SELECT Id, LastName, External_Ref__c FROM Lead WHERE Company = 'In Bulk'")
    assert stored_names(stored) == {"bulk-1": "Good", "bulk-3": "Second, with comma"}
    assert {record[KEY]: record["Id"] for record in stored} == ids


def test_bulk_upsert_creates_and_updates(salesforce: Any, org: RunningOrg) -> None:
    key = "Isthmus_Id__c"
    org.load("Lead", [{"LastName": "Old", "Company": "Upsert", key: "up-1"}])
    rows = [{key: f"up-{n}", "LastName": f"New {n}", "Company": "Upsert"} for n in (1, 2)]
    [job] = salesforce.bulk2.Lead.upsert(records=rows, external_id_field=key, wait=0)
    good = salesforce.bulk2.Lead.get_all_ingest_records(str(job["job_id"]))["successfulRecords"]
    assert {row[key]: row["sf__Created"] for row in good} == {"up-1": "false", "up-2": "true"}
    stored = org.query("SELECT Isthmus_Id__c, LastName FROM Lead WHERE Company = 'Upsert'")
    assert {row[key]: row["LastName"] for row in stored} == {"up-1": "New 1", "up-2": "New 2"}


def test_bulk_delete_puts_records_into_the_recycle_bin(salesforce: Any, org: RunningOrg) -> None:
    ids = org.load("Lead", [{"LastName": f"Gone {n}", "Company": "Delete"} for n in range(3)])
    [job] = salesforce.bulk2.Lead.delete(records=[{"Id": each} for each in ids], wait=0)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (3, 0)
    soql = "SELECT Id FROM Lead WHERE Company = 'Delete'"
    assert salesforce.query(soql)["totalSize"] == 0
    assert salesforce.query(soql, include_deleted=True)["totalSize"] == 3


def test_one_record_from_birth_to_death(salesforce: Any) -> None:
    key = "Isthmus_Id__c"
    created = salesforce.Lead.create({"LastName": "Single", "Company": "One", key: "one"})
    assert created["success"] is True
    assert salesforce.Lead.update(created["id"], {"Title": "Boss"}) == 204
    assert salesforce.Lead.get_by_custom_id(key, "one")["Title"] == "Boss"
    assert salesforce.Lead.upsert(f"{key}/one", {"Title": "Chief"}) == 200
    assert salesforce.Lead.get(created["id"])["Title"] == "Chief"
    assert salesforce.Lead.delete(created["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Lead.get(created["id"])


def test_lists_what_changed_and_what_was_deleted(salesforce: Any, org: RunningOrg) -> None:
    kept, gone = org.load("Lead", [{"LastName": n, "Company": "Log"} for n in ("Kept", "Gone")])
    org.call("DELETE", f"/services/data/v66.0/sobjects/Lead/{gone}")
    end = datetime.now(UTC) + timedelta(minutes=5)
    start = end - timedelta(hours=1)
    assert kept in salesforce.Lead.updated(start, end)["ids"]
    deleted = salesforce.Lead.deleted(start, end)["deletedRecords"]
    assert gone in {each["id"] for each in deleted}


def test_shows_the_words_about_a_malformed_query(salesforce: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        salesforce.query("SELECT Nope__c FROM Lead")
    content: Any = caught.value.content
    [error] = content
    assert error["errorCode"] == "INVALID_FIELD"
    assert "\nSELECT Nope__c FROM Lead\n       ^\nERROR at Row:1:Column:8\n" in error["message"]


def test_reads_limits(salesforce: Any) -> None:
    limits = salesforce.limits()
    assert limits["DailyApiRequests"]["Remaining"] < limits["DailyApiRequests"]["Max"]
    assert salesforce.api_usage["api-usage"].total == limits["DailyApiRequests"]["Max"]


def test_known_defect_deleting_a_job_reads_json_from_an_empty_answer(
    salesforce: Any, org: RunningOrg
) -> None:
    """Its `delete_job` expects a body, and Salesforce answers 204 without one."""
    list(salesforce.bulk2.Lead.query("SELECT Id FROM Lead LIMIT 1", wait=0))
    [job] = org.call("GET", "/services/data/v66.0/jobs/query?jobType=V2Query")["records"][:1]
    with pytest.raises(json.JSONDecodeError):
        salesforce.bulk2.Lead._client.delete_job(job["id"], is_query=True)  # noqa: SLF001
    left = org.call("GET", "/services/data/v66.0/jobs/query?jobType=V2Query")["records"]
    assert job["id"] not in {each["id"] for each in left}


def stored_names(records: list[dict[str, Any]]) -> dict[str, str]:
    return {record[KEY]: record["LastName"] for record in records}


def _rows(page: Any) -> list[dict[str, str]]:
    assert isinstance(page, str)
    return list(csv.DictReader(io.StringIO(page, newline="")))
