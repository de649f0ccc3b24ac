"""Bulk API 2.0, there and back."""

import csv
import io

from behaviour.organizations import Organization


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def _ingest(org: Organization, operation: str, text: str) -> tuple[str, dict[str, object]]:
    """The path of a finished ingest job of leads, and the job."""
    content = {"object": "Lead", "operation": operation, "lineEnding": "LF"}
    job = org.call("POST", "/jobs/ingest", content).json
    assert job["state"] == "Open"
    path = f"/jobs/ingest/{job['id']}"
    upload = org.call("PUT", f"{path}/batches", text.encode(), {"content-type": "text/csv"})
    assert upload.status == 201
    org.call("PATCH", path, {"state": "UploadComplete"})
    return path, org.ended(path)


def test_each_row_of_an_ingest_job_is_in_one_of_its_results(org: Organization) -> None:
    text = (
        "LastName,Company,Title\n"
        f'Good,{org.mark},"Lines\nand ""quotes"""\n'
        f",{org.mark},No name\n"
        f"{'x' * 81},{org.mark},Long name\n"
    )
    path, job = _ingest(org, "insert", text)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (
        "JobComplete",
        3,
        2,
    )
    [good] = _rows(org.call("GET", f"{path}/successfulResults").content)
    assert (good["sf__Created"], good["LastName"]) == ("true", "Good")
    assert org.record("Lead", good["sf__Id"], "Title") == {"Title": 'Lines\nand "quotes"'}
    failed = {
        row["Title"]: row["sf__Error"]
        for row in _rows(org.call("GET", f"{path}/failedResults").content)
    }
    assert failed["No name"] == (
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    )
    assert failed["Long name"].startswith("STRING_TOO_LONG:Last Name: data value too large: xxx")
    assert _rows(org.call("GET", f"{path}/unprocessedrecords").content) == []
    assert org.call("DELETE", path).status == 204


def test_empty_leaves_a_field_and_a_word_for_null_clears_it(org: Organization) -> None:
    record_id = org.lead(Title="Kept", Website="https://example.com")
    _, job = _ingest(org, "update", f"Id,Title,Website\n{record_id},,#N/A\n")
    assert job["numberRecordsFailed"] == 0
    assert org.record("Lead", record_id, "Title", "Website") == {"Title": "Kept", "Website": None}


def test_a_wrong_line_ending_fails_the_whole_job(org: Organization) -> None:
    _, job = _ingest(org, "insert", f"LastName,Company\r\nA,{org.mark}\r\n")
    assert job["state"] == "Failed"
    assert "LineEnding is invalid on user data" in str(job["errorMessage"])


def test_an_unknown_column_fails_the_whole_job(org: Organization) -> None:
    _, job = _ingest(org, "insert", f"LastName,Company,Nope__c\nA,{org.mark},1\n")
    assert job["state"] == "Failed"
    assert job["errorMessage"] == "InvalidBatch : Field name not found : Nope__c"


def test_a_query_job_brings_all_records_by_pages(org: Organization) -> None:
    ids = {org.lead(Title="Bulk page") for _ in range(5)}
    soql = f"SELECT Id, Title, FirstName FROM Lead WHERE Company = '{org.mark}' AND Title = 'Bulk page'"  # noqa: E501, S608
    job = org.call("POST", "/jobs/query", {"operation": "query", "query": soql}).json
    path = f"/jobs/query/{job['id']}"
    assert org.ended(path)["numberRecordsProcessed"] == 5
    found, locator, pages = [], "", 0
    while locator != "null":
        answer = org.call("GET", f"{path}/results?maxRecords=2&locator={locator}")
        assert answer.content.startswith(b'"Id","Title","FirstName"\n')
        found += _rows(answer.content)
        assert int(answer.headers["sforce-numberofrecords"]) <= 2
        locator, pages = answer.headers["sforce-locator"], pages + 1
    assert pages >= 3
    assert {row["Id"] for row in found} == ids
    assert {(row["Title"], row["FirstName"]) for row in found} == {("Bulk page", "")}
    assert org.call("DELETE", path).status == 204


def test_a_query_that_bulk_does_not_take_is_refused_at_once(org: Organization) -> None:
    content = {"operation": "query", "query": "SELECT COUNT(Id) FROM Lead"}
    assert org.call("POST", "/jobs/query", content).status == 400


def test_a_job_that_is_complete_can_not_be_aborted(org: Organization) -> None:
    content = {"operation": "query", "query": "SELECT Id FROM Lead LIMIT 1"}
    path = f"/jobs/query/{org.call('POST', '/jobs/query', content).json['id']}"
    org.ended(path)
    answer = org.call("PATCH", path, {"state": "Aborted"})
    assert answer.error[:2] == (400, "INVALIDJOBSTATE")
