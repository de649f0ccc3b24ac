from urllib.parse import quote

import pytest

from integration.localorg.org_client import Answer, OrgClient, V
from localorg.dml import Change, Operation, Target, delete_chunk, writing
from localorg.org import Org
from localorg.store import INTEGRATION_USER_ID

DELETED = V + "/sobjects/Lead/deleted"
PERSON = {"LastName": "L", "Company": "C"}


def deleted(client: OrgClient, start: str, end: str, path: str = DELETED) -> Answer:
    return client.call("GET", f"{path}?start={quote(start)}&end={quote(end)}")


def test_deleted_records_are_named_with_the_moment(client: OrgClient, org: Org) -> None:
    kept, gone = (client.insert("Lead", **PERSON) for _ in range(2))
    org.clock.advance(301)
    client.call("DELETE", f"{V}/sobjects/Lead/{gone}")
    client.call("PATCH", f"{V}/sobjects/Lead/{kept}", {"Title": "x"})
    org.clock.advance(600)
    for path in (DELETED, DELETED + "/"):
        answer = deleted(client, "2026-01-31T12:00:00Z", "2026-01-31T12:10:00Z", path)
        assert answer.status == 200, answer.text
        assert answer.json == {
            "deletedRecords": [{"id": gone, "deletedDate": "2026-01-31T12:05:01.000+0000"}],
            "earliestDateAvailable": "2026-01-16T12:15:00.000+0000",
            "latestDateCovered": "2026-01-31T12:10:00.000+0000",
        }
    before = deleted(client, "2026-01-31T12:00:00Z", "2026-01-31T12:05:00Z")
    assert before.json["deletedRecords"] == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-31T11:00:00Z", "2026-01-31T11:01:59Z"),
        ("2026-01-31T11:00:00Z", "2026-01-31T11:00:00Z"),
        ("2026-01-16T11:59:00Z", "2026-01-31T11:00:00Z"),
    ],
)
def test_a_window_that_can_not_be_is_refused(client: OrgClient, start: str, end: str) -> None:
    answer = deleted(client, start, end)
    assert (answer.status, answer.code) == (400, "INVALID_REPLICATION_DATE")


def test_the_ends_of_what_is_allowed(client: OrgClient) -> None:
    assert deleted(client, "2026-01-16T12:00:00Z", "2026-01-31T12:00:00Z").status == 200
    assert deleted(client, "2026-01-31T11:00:00Z", "2026-01-31T11:02:00Z").status == 200


def test_records_that_are_gone_for_good_move_the_begin_of_the_log(
    client: OrgClient, org: Org
) -> None:
    gone, kept = (client.insert("Lead", **PERSON) for _ in range(2))
    for minutes, record_id in ((5, gone), (6, kept)):
        org.clock.advance(minutes * 60)
        client.call("DELETE", f"{V}/sobjects/Lead/{record_id}")
    org.clock.advance(600)
    org.recycle_bin.empty([gone])
    answer = deleted(client, "2026-01-31T12:00:00Z", "2026-01-31T12:20:00Z").json
    assert [entry["id"] for entry in answer["deletedRecords"]] == [kept]
    assert answer["earliestDateAvailable"] == "2026-01-31T12:05:00.000+0000"
    contacts = V + "/sobjects/Contact/deleted"
    other = deleted(client, "2026-01-31T12:00:00Z", "2026-01-31T12:20:00Z", contacts).json
    assert other["earliestDateAvailable"] == "2026-01-16T12:21:00.000+0000"


def test_what_is_hard_deleted_is_lost_at_once(client: OrgClient, org: Org) -> None:
    lead = client.insert("Lead", **PERSON)
    org.clock.advance(300)
    schema = org.schema
    target = Target(
        schema=schema, object_type=schema.object("Lead"), operation=Operation.HARD_DELETE
    )
    with writing(org.store, org.clock, INTEGRATION_USER_ID) as writer:
        delete_chunk(writer, target, [Change(key=lead)])
    org.clock.advance(300)
    answer = deleted(client, "2026-01-31T12:00:00Z", "2026-01-31T12:10:00Z").json
    assert answer["deletedRecords"] == []
    assert answer["earliestDateAvailable"] == "2026-01-31T12:05:00.000+0000"
