import threading
from datetime import timedelta
from urllib.parse import quote

import pytest

from integration.localorg.conftest import START
from integration.localorg.org_client import Answer, OrgClient, V
from localorg.clock import Clock, stored_datetime
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store
from localorg.transactions import OpenTransaction

UPDATED = V + "/sobjects/Contact/updated"


def updated(client: OrgClient, start: str, end: str, path: str = UPDATED) -> Answer:
    return client.call("GET", f"{path}?start={quote(start)}&end={quote(end)}")


def at(org: Org, minutes: float) -> str:
    return stored_datetime(START + timedelta(minutes=minutes))


def test_records_that_were_made_or_changed_in_the_window_are_named(
    client: OrgClient, org: Org
) -> None:
    first = client.insert("Contact", LastName="A")
    org.clock.advance(600)
    second = client.insert("Contact", LastName="B")
    gone = client.insert("Contact", LastName="C")
    client.call("DELETE", f"{V}/sobjects/Contact/{gone}")
    org.clock.advance(600)
    for path in (UPDATED, UPDATED + "/", UPDATED.upper().replace("V66", "v66")):
        answer = updated(client, at(org, 0), at(org, 15), path)
        assert answer.status == 200, answer.text
        assert answer.json["ids"] == [first, second]
        assert answer.json["latestDateCovered"] == "2026-01-31T12:15:00.000+0000"
    assert updated(client, at(org, 5), at(org, 15)).json["ids"] == [second]
    assert updated(client, at(org, 0), at(org, 10)).json["ids"] == [first]
    client.call("PATCH", f"{V}/sobjects/Contact/{first}", {"LastName": "D"})
    assert updated(client, at(org, 11), at(org, 30)).json["ids"] == [first]


def test_seconds_are_ignored(client: OrgClient, org: Org) -> None:
    contact = client.insert("Contact", LastName="A")
    start, end = "2026-01-31T12:00:59Z", "2026-01-31T12:01:59Z"
    assert updated(client, start, end).json["ids"] == [contact]


def test_nothing_is_covered_that_is_still_to_come(client: OrgClient, org: Org) -> None:
    answer = updated(client, at(org, -10), at(org, 10)).json
    assert answer == {"ids": [], "latestDateCovered": "2026-01-31T12:00:00.000+0000"}


def test_an_open_transaction_holds_the_covered_moment_back(client: OrgClient, org: Org) -> None:
    began = START - timedelta(minutes=7)
    org.transactions.begin(
        OpenTransaction(
            began=began, commits=START + timedelta(minutes=10), write=lambda _stamp: None
        )
    )
    for kind in ("updated", "deleted"):
        path = f"{V}/sobjects/Contact/{kind}"
        answer = updated(client, at(org, -10), at(org, 0), path).json
        assert answer["latestDateCovered"] == "2026-01-31T11:53:00.000+0000"
    org.clock.advance(601)
    answer = updated(client, at(org, -10), at(org, 10)).json
    assert answer["latestDateCovered"] == "2026-01-31T12:10:00.000+0000"


def test_a_write_that_is_under_way_is_waited_for(client: OrgClient, org: Org) -> None:
    answers: list[Answer] = []
    with org.store.write() as connection:
        reader = threading.Thread(
            target=lambda: answers.append(updated(client, at(org, -1), at(org, 5)))
        )
        reader.start()
        reader.join(0.3)
        assert answers == []
        [contact] = org.store.ids.take("003", 1)
        connection.execute(
            "INSERT INTO Contact (Id, LastName, IsDeleted, SystemModstamp) VALUES (?, 'A', 0, ?)",
            (contact, at(org, 0)),
        )
    reader.join(20)
    assert answers[0].json["ids"] == [contact]


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("2026-01-31T12:00:10Z", "2026-01-31T12:00:50Z", "INVALID_REPLICATION_DATE"),
        ("2026-01-31T12:00:00Z", "2026-01-31T11:00:00Z", "INVALID_REPLICATION_DATE"),
        ("2026-01-01T11:59:00Z", "2026-01-31T11:00:00Z", "INVALID_REPLICATION_DATE"),
        ("yesterday", "2026-01-31T11:00:00Z", "INVALID_REPLICATION_DATE"),
        ("", "2026-01-31T11:00:00Z", "MISSING_ARGUMENT"),
    ],
)
def test_a_window_that_can_not_be_is_refused(
    client: OrgClient, start: str, end: str, code: str
) -> None:
    answer = updated(client, start, end)
    assert (answer.status, answer.code) == (400, code)


def test_thirty_days_back_are_allowed(client: OrgClient) -> None:
    assert updated(client, "2026-01-01T12:00:00Z", "2026-01-31T12:00:00Z").status == 200


def test_an_object_that_is_not_replicated_or_not_there_is_refused(client: OrgClient) -> None:
    for name, expected in (
        ("Nothing", (404, "NOT_FOUND")),
        ("UserPermissionAccess", (400, "INVALID_TYPE_FOR_OPERATION")),
    ):
        path = f"{V}/sobjects/{name}/updated"
        answer = updated(client, "2026-01-31T11:00:00Z", "2026-01-31T12:00:00Z", path)
        assert (answer.status, answer.code) == expected


@pytest.fixture
def small_org() -> Org:
    """An org that names only two ids in a replication call."""
    store = Store(":memory:", standard_schema(), START)
    return Org(store, Clock(lambda: START), Settings(control=True, most_replicated_ids=2))


class TestTooMany:
    @pytest.fixture
    def org(self, small_org: Org) -> Org:
        return small_org

    def test_too_many_ids_are_refused(self, client: OrgClient, org: Org) -> None:
        ids = [client.insert("Contact", LastName="A") for _ in range(2)]
        assert updated(client, at(org, -5), at(org, 5)).json["ids"] == ids
        client.insert("Contact", LastName="B")
        answer = updated(client, at(org, -5), at(org, 5))
        assert (answer.status, answer.code) == (400, "EXCEEDED_ID_LIMIT")
