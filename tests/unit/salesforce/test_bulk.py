from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from isthmus.salesforce import (
    BulkJobAborted,
    BulkJobBroken,
    BulkJobFailed,
    BulkJobRefused,
    BulkJobTimedOut,
    ClientSettings,
    ConnectionLost,
    InvalidArgument,
    JobState,
    NotFound,
    OutcomeUnknown,
    RequestTooLarge,
    Salesforce,
    SchemaChanged,
    UnexpectedAnswer,
    WaitCancelled,
    WrongJobState,
)
from isthmus.salesforce.wire import Response
from unit.salesforce.scripted import (
    DATA,
    SIGNED_IN,
    USER_ID,
    Naps,
    ScriptedTransport,
    client,
    refuses,
    says,
    signed_in,
)

ID = "750xx0000000001AAA"
CSV = b'"Id"\n"1"\n'
PAGED = {"Sforce-NumberOfRecords": "1", "Sforce-Locator": "MTAw"}
LAST = {"Sforce-NumberOfRecords": "1", "Sforce-Locator": "null"}


def job(state: str = "JobComplete", **changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "operation": "queryAll",
        "object": "Lead",
        "createdById": USER_ID,
        "createdDate": "2026-01-31T10:00:00.000+0000",
        "state": state,
        "apiVersion": 62.0,
        **changes,
    }


def test_a_query_job_asks_for_deleted_records_by_its_operation() -> None:
    org, transport = signed_in(says(job("UploadComplete")), says(job("UploadComplete")))
    created = org.bulk_query.create("SELECT Id FROM Lead", deleted=True)
    org.bulk_query.create("SELECT Id FROM Lead", deleted=False)
    assert orjson.loads(transport.bodies[1]) == {
        "operation": "queryAll",
        "query": "SELECT Id FROM Lead",
    }
    assert orjson.loads(transport.bodies[2])["operation"] == "query"
    assert (created.id, created.state, created.finished) == (ID, JobState.UPLOAD_COMPLETE, False)


def test_a_job_is_read_with_its_version_and_time() -> None:
    org, _ = signed_in(says(job(apiVersion=66.0, numberRecordsProcessed=500)))
    found = org.bulk_query.get(ID)
    assert (found.api_version, found.records_processed) == ("66.0", 500)
    assert found.created_at == datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize("content", [[], {}, job("Dreaming"), {"id": ID}, job(apiVersion="x")])
def test_json_that_is_no_job_is_an_error(content: object) -> None:
    org, _ = signed_in(says(content))
    with pytest.raises(UnexpectedAnswer):
        org.bulk_query.get(ID)


def test_a_job_whose_creation_may_have_worked_is_not_created_twice() -> None:
    org, transport = signed_in(ConnectionLost())
    with pytest.raises(OutcomeUnknown):
        org.bulk_ingest.create("Lead", "insert")
    assert transport.calls == 2


def test_a_query_job_is_asked_for_again_because_it_only_reads() -> None:
    org, transport = signed_in(ConnectionLost(), says(job("UploadComplete")))
    assert org.bulk_query.create("SELECT Id FROM Lead", deleted=False).id == ID
    assert transport.calls == 3


def test_a_created_job_that_does_not_tell_its_id_is_an_unknown_outcome() -> None:
    org, _ = signed_in(says({"state": "Open"}))
    with pytest.raises(OutcomeUnknown, match="id is not known"):
        org.bulk_ingest.create("Lead", "insert")


def test_the_users_own_jobs_are_found_over_several_pages() -> None:
    other = "005xx000001SwiVAAS"
    first = {
        "done": False,
        "nextRecordsUrl": f"{DATA}/jobs/ingest?queryLocator=2",
        "records": [job("Open", id="1", object="Lead"), job("Open", id="2", createdById=other)],
    }
    last = {
        "done": True,
        "records": [
            job("Open", id="3", object="Contact"),
            job("Open", id="4", createdById=USER_ID[:15]),
            job("JobComplete", id="5"),
        ],
    }
    org, transport = signed_in(says(first), says(last), says(first), says(last))
    assert [found.id for found in org.bulk_ingest.find_open()] == ["1", "3", "4"]
    assert [found.id for found in org.bulk_ingest.find_open("Contact")] == ["3"]
    assert "jobType=V2Ingest" in transport.requests[1].url


def test_waiting_looks_again_after_growing_pauses() -> None:
    naps, seen = Naps(), list[JobState]()
    script = [says(job(state)) for state in ("UploadComplete", *["InProgress"] * 4, "JobComplete")]
    settings = ClientSettings(first_poll_seconds=0.1, poll_growth=2, longest_poll_seconds=0.5)
    org = client(ScriptedTransport(SIGNED_IN, *script), naps, settings)
    found = org.bulk_query.wait(ID, on_progress=lambda job: seen.append(job.state))
    assert found.state is JobState.JOB_COMPLETE
    assert naps.slept == [0.1, 0.2, 0.4, 0.5, 0.5]
    assert seen == ["UploadComplete", *["InProgress"] * 4, "JobComplete"]


def test_a_wish_to_stop_is_heard_in_the_middle_of_a_long_pause() -> None:
    naps = Naps()
    settings = ClientSettings(first_poll_seconds=60)
    org = client(ScriptedTransport(SIGNED_IN, says(job("InProgress"))), naps, settings)
    with pytest.raises(WaitCancelled, match=ID):
        org.bulk_query.wait(ID, cancelled=lambda: len(naps.slept) >= 3)
    assert naps.slept == [1, 1, 1]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("InvalidBatch : Field name not found : Foo__c", BulkJobRefused),
        ("ClientInputError : LineEnding is invalid on user data.", BulkJobRefused),
        ("INVALID_FIELD: No such column 'Foo' on entity 'Lead'", BulkJobRefused),
        ("SomethingNew : of its own", BulkJobRefused),
        ("", BulkJobRefused),
        ("TooManyLockFailure : too many", BulkJobBroken),
        ("ExceededQuota : over the quota", BulkJobBroken),
        ("InternalServerError : sorry", BulkJobBroken),
        ("InternalServerError", BulkJobBroken),
        ("QUERY_TIMEOUT: Your query request was running for too long.", BulkJobTimedOut),
    ],
)
def test_a_failed_query_job_raises_its_own_words(words: str, kind: type[BulkJobFailed]) -> None:
    org, _ = signed_in(says(job("Failed", errorMessage=words or None)))
    with pytest.raises(BulkJobFailed) as caught:
        org.bulk_query.wait(ID)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert ID in str(caught.value)
    assert caught.value.job.state is JobState.FAILED


def test_an_aborted_query_job_raises() -> None:
    org, _ = signed_in(says(job("Aborted")))
    with pytest.raises(BulkJobAborted, match="was aborted"):
        org.bulk_query.wait(ID)


def test_a_failed_ingest_job_is_given_back_because_its_results_must_be_fetched() -> None:
    org, _ = signed_in(
        says(job("Failed", numberRecordsProcessed=10, numberRecordsFailed=3, errorMessage="X : y"))
    )
    found = org.bulk_ingest.wait(ID)
    assert (found.state, found.records_processed, found.records_failed) == ("Failed", 10, 3)
    with pytest.raises(BulkJobFailed, match="X : y"):
        found.raise_unless_complete()


def test_pages_are_listed_ahead_with_either_spelling_of_the_next_list() -> None:
    def listed(*locators: str, **more: object) -> Response:
        urls = [f"{DATA}/jobs/query/{ID}/results{found}" for found in locators]
        return says({"resultPages": [{"resultUrl": url} for url in urls], **more})

    following = f"{DATA}/jobs/query/{ID}/resultPages?locator="
    org, transport = signed_in(
        says(job()),
        listed("", "?locator=MQ%3D%3D", done=False, nextRecordsUrl=f"{following}a"),
        listed("?locator=b", nextRecordUrl=f"{following}b"),
        listed("?locator=c", done=True),
    )
    org.bulk_query.wait(ID)
    assert [page.locator for page in org.bulk_query.pages(ID)] == [None, "MQ==", "b", "c"]
    assert transport.calls == 5


@pytest.mark.parametrize(
    "refusal",
    [
        refuses("NOT_FOUND", "The requested resource does not exist", 404),
        refuses("METHOD_NOT_ALLOWED", "not here", 405),
    ],
)
def test_pages_are_walked_where_they_are_not_listed(refusal: Response) -> None:
    org, transport = signed_in(
        says(job()), refusal, says(CSV, 200, PAGED), says(CSV, 200, PAGED), says(CSV, 200, LAST)
    )
    org.bulk_query.wait(ID)
    assert [page.locator for page in org.bulk_query.pages(ID)] == [None, "MTAw", "MTAw"]
    assert transport.requests[-1].url.endswith(f"{DATA}/jobs/query/{ID}/results?locator=MTAw")


def test_pages_of_an_old_version_are_walked_in_that_version() -> None:
    org, transport = signed_in(says(job(apiVersion=57.0)), says(CSV, 200, LAST))
    assert [page.locator for page in org.bulk_query.pages(ID)] == [None]
    assert transport.targets[-1] == f"GET /services/data/v57.0/jobs/query/{ID}/results"


def test_pages_of_a_job_that_is_gone_are_an_error() -> None:
    org, _ = signed_in(*[refuses("NOT_FOUND", "gone", 404)] * 3)
    with pytest.raises(NotFound):
        list(org.bulk_query.pages(ID))


def test_a_page_tells_its_records_and_the_next_locator_before_its_bytes() -> None:
    org, transport = signed_in(says(job()), says(CSV, 200, PAGED))
    with org.bulk_query.page(ID, "a=b&c") as page:
        assert (page.records, page.next_locator) == (1, "MTAw")
        assert b"".join(page.chunks(4)) == CSV
    assert parse_qs(urlsplit(transport.requests[-1].url).query) == {"locator": ["a=b&c"]}
    assert transport.requests[-1].headers["Accept"] == "text/csv"


@pytest.mark.parametrize(
    ("headers", "records"),
    [
        (LAST, 1),
        ({"Sforce-NumberOfRecords": "0", "Sforce-Locator": ""}, 0),
        ({}, None),
        ({"Sforce-NumberOfRecords": "many"}, None),
        ({"Sforce-Locator": "NULL"}, None),
    ],
)
def test_the_last_page_has_no_next_locator(headers: dict[str, str], records: int | None) -> None:
    org, _ = signed_in(says(job()), says(b"", 200, headers))
    with org.bulk_query.page(ID) as page:
        assert (page.records, page.next_locator) == (records, None)
        assert list(page.chunks()) == []


def test_calls_about_a_job_use_the_jobs_version() -> None:
    org, transport = signed_in(says(job(apiVersion=61.0)), says(CSV, 200, LAST), says(job()))
    with org.bulk_query.page(ID):
        org.bulk_query.get(ID)
    assert f"GET /services/data/v61.0/jobs/query/{ID}/results" in transport.targets
    assert transport.targets[-1] == f"GET /services/data/v61.0/jobs/query/{ID}"


@pytest.mark.parametrize("lost", [ConnectionLost(), says(b"", 503), says(b"<html>")])
def test_closing_is_not_asked_again_where_the_lost_answer_was_a_yes(
    lost: Response | Exception,
) -> None:
    org, transport = signed_in(lost, says(job("InProgress")))
    org.bulk_ingest.close(ID)
    assert transport.targets[1:] == [
        f"PATCH {DATA}/jobs/ingest/{ID}",
        f"GET {DATA}/jobs/ingest/{ID}",
    ]


def test_closing_is_asked_again_where_the_job_is_still_open() -> None:
    org, transport = signed_in(ConnectionLost(), says(job("Open")), says(job("UploadComplete")))
    org.bulk_ingest.close(ID)
    assert [request.method for request in transport.requests[1:]] == ["PATCH", "GET", "PATCH"]
    assert orjson.loads(transport.bodies[-1]) == {"state": "UploadComplete"}


def test_closing_an_aborted_job_is_an_error() -> None:
    org, transport = signed_in(refuses("INVALIDJOBSTATE", "no"), says(job("Aborted")))
    with pytest.raises(WrongJobState):
        org.bulk_ingest.close(ID)
    assert transport.calls == 3


def query_abort(org: Salesforce) -> None:
    org.bulk_query.abort(ID)


def ingest_abort(org: Salesforce) -> None:
    org.bulk_ingest.abort(ID)


@pytest.mark.parametrize("abort", [query_abort, ingest_abort])
def test_aborting_what_has_ended_already_is_fine(abort: Callable[[Salesforce], None]) -> None:
    words = "Aborting already Completed Job not allowed"
    org, transport = signed_in(refuses("INVALIDJOBSTATE", words), says(job("JobComplete")))
    abort(org)
    assert orjson.loads(transport.bodies[1]) == {"state": "Aborted"}


def test_deleting_twice_is_fine() -> None:
    org, transport = signed_in(says(b"", 204), refuses("NOT_FOUND", "gone", 404))
    org.bulk_query.delete(ID)
    org.bulk_ingest.delete(ID)
    assert transport.targets[1:] == [
        f"DELETE {DATA}/jobs/query/{ID}",
        f"DELETE {DATA}/jobs/ingest/{ID}",
    ]


def test_an_ingest_job_states_everything_that_its_csv_depends_on() -> None:
    org, transport = signed_in(says(job("Open")), says(job("Open")))
    org.bulk_ingest.create("Lead", "upsert", external_id_field="Ext__c")
    org.bulk_ingest.create("Lead", "insert", assignment_rule_id="01Q000000000001AAA")
    common = {
        "object": "Lead",
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    assert [orjson.loads(body) for body in transport.bodies[1:]] == [
        {**common, "operation": "upsert", "externalIdFieldName": "Ext__c"},
        {**common, "operation": "insert", "assignmentRuleId": "01Q000000000001AAA"},
    ]


@pytest.mark.parametrize(
    ("operation", "field", "words"),
    [
        ("merge", None, "delete, hardDelete, insert, update, upsert"),
        ("upsert", None, "upsert needs one"),
        ("insert", "Ext__c", "no other operation"),
    ],
)
def test_an_operation_that_cannot_work_is_refused_before_it_is_sent(
    operation: str, field: str | None, words: str
) -> None:
    org, transport = signed_in()
    with pytest.raises(InvalidArgument, match=words):
        org.bulk_ingest.create("Lead", operation, external_id_field=field)
    assert transport.calls == 0


def test_an_upload_beyond_one_job_is_stopped() -> None:
    transport = ScriptedTransport(SIGNED_IN)
    org = client(transport, settings=ClientSettings(upload_bytes=10))
    with pytest.raises(RequestTooLarge, match="at most 10 bytes"):
        org.bulk_ingest.upload(ID, [b"12345", b"67890", b"1"])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("successful", "successfulResults"),
        ("failed", "failedResults"),
        ("unprocessed", "unprocessedrecords"),
    ],
)
def test_each_result_of_an_ingest_job_is_a_stream(name: str, path: str) -> None:
    org, transport = signed_in(says(job()), says(CSV))
    with getattr(org.bulk_ingest, name)(ID) as page:
        assert b"".join(page.chunks()) == CSV
    assert transport.targets[-1] == f"GET {DATA}/jobs/ingest/{ID}/{path}"


def test_a_refused_job_tells_why() -> None:
    org, _ = signed_in(refuses("INVALIDENTITY", "Entity 'X' is not supported by the Bulk API."))
    with pytest.raises(SchemaChanged, match="not supported by the Bulk API"):
        org.bulk_query.create("SELECT Id FROM X", deleted=False)


def test_a_query_job_that_salesforce_gave_up_after_fifteen_tries_was_too_slow() -> None:
    words = "InternalServerError : Retried more than fifteen times"
    org, _ = signed_in(says(job("Failed", errorMessage=words, retries=15)))
    with pytest.raises(BulkJobTimedOut, match="Retried more than"):
        org.bulk_query.wait(ID)
