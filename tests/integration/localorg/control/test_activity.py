from typing import Any

import pytest

from integration.localorg.control.test_control import post
from integration.localorg.control.test_snapshots import query
from integration.localorg.org_client import OrgClient, V
from localorg.store import INTEGRATION_USER_ID, OWNER_IDS


def lead(client: OrgClient, **values: Any) -> str:
    return client.insert("Lead", LastName="L", Company="C", **values)


def test_users_change_the_fields_they_are_told_to(client: OrgClient) -> None:
    first, second = lead(client), lead(client)
    answer = post(
        client,
        "/activity",
        object="lead",
        ids=[first[:15]],
        fields={"title": "Dr", "NumberOfEmployees": 7},
        user="integration@localorg.example",
    )
    assert answer.json == {"changed": [first]}
    record = client.record("Lead", first)
    assert (record["Title"], record["NumberOfEmployees"]) == ("Dr", 7)
    assert record["LastModifiedById"] == INTEGRATION_USER_ID
    assert client.record("Lead", second)["Title"] is None


def test_values_of_named_fields_are_drawn(client: OrgClient) -> None:
    ids = [lead(client) for _ in range(5)]
    names = ["Title", "Rating", "AnnualRevenue", "Last_Purchase__c", "HasOptedOutOfEmail", "Email"]
    post(client, "/activity", object="Lead", ids=ids, fields=names, seed=4)
    records = [client.record("Lead", record_id) for record_id in ids]
    assert all(record["Title"] and record["AnnualRevenue"] is not None for record in records)
    assert {record["Rating"] for record in records} <= {"Hot", "Warm", "Cold"}
    assert all(record["Email"].endswith("@example.com") for record in records)
    assert {record["LastModifiedById"] for record in records} <= set(OWNER_IDS)


def test_the_same_seed_chooses_the_same_records(client: OrgClient) -> None:
    for _ in range(20):
        lead(client)
    first = post(client, "/activity", object="Lead", count=5, seed=1).json["changed"]
    assert post(client, "/activity", object="Lead", count=5, seed=1).json["changed"] == first
    assert post(client, "/activity", object="Lead", count=5, seed=2).json["changed"] != first
    assert len(set(first)) == 5


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT Id FROM Lead",
        "SELECT Id FROM Contact",
        "SELECT Id FROM Account",
        "SELECT Id FROM Case",
        "SELECT Id FROM Opportunity",
        "SELECT Id FROM Task",
    ],
)
def test_users_insert_and_delete_records(client: OrgClient, statement: str) -> None:
    def ids() -> set[str]:
        return {row["Id"] for row in query(client, statement)}

    name = statement.rsplit(maxsplit=1)[-1]
    inserted = post(client, "/activity", object=name, action="insert", count=3).json["inserted"]
    assert len(set(inserted)) == 3
    assert ids() == set(inserted)
    deleted = post(client, "/activity", object=name, action="delete", count=2).json["deleted"]
    assert len(deleted) == 2
    assert ids() == set(inserted) - set(deleted)


def test_a_late_commit_shows_minutes_after_its_stamp(client: OrgClient) -> None:
    record_id = lead(client)
    post(client, "/clock", advance_seconds=60)
    answer = post(
        client,
        "/activity",
        object="Lead",
        ids=[record_id],
        fields={"Title": "Late"},
        commit_after_seconds=600,
    ).json
    assert answer["changed"] == [record_id]
    assert answer["transaction"] == {
        "id": 1,
        "began": "2026-01-31T12:01:00.000Z",
        "commits": "2026-01-31T12:11:00.000Z",
        "action": "change",
        "object": "Lead",
        "count": 1,
    }
    post(client, "/clock", advance_seconds=599)
    assert client.record("Lead", record_id)["Title"] is None
    assert len(client.send("GET", "/_localorg/transactions").json["transactions"]) == 1
    post(client, "/clock", advance_seconds=1)
    record = client.record("Lead", record_id)
    assert record["Title"] == "Late"
    assert record["SystemModstamp"] == "2026-01-31T12:01:00.000+0000"
    assert client.send("GET", "/_localorg/transactions").json["transactions"] == []


def test_late_inserts_and_deletions_come_late_too(client: OrgClient) -> None:
    record_id = lead(client)
    late = {"object": "Lead", "count": 1, "commit_after_seconds": 60}
    post(client, "/activity", action="delete", **late)
    post(client, "/activity", action="insert", **late)
    assert [row["Id"] for row in query(client, "SELECT Id FROM Lead")] == [record_id]
    post(client, "/clock", advance_seconds=60)
    [new] = query(client, "SELECT Id, CreatedDate FROM Lead")
    assert new["Id"] != record_id
    assert new["CreatedDate"] == "2026-01-31T12:00:00.000+0000"


def test_an_open_transaction_is_committed_at_once_or_rolled_back(client: OrgClient) -> None:
    ids = [lead(client), lead(client)]
    numbers = [
        post(
            client,
            "/activity",
            object="Lead",
            ids=[record_id],
            fields={"Title": "T"},
            commit_after_seconds=600,
        ).json["transaction"]["id"]
        for record_id in ids
    ]
    assert post(client, f"/transactions/{numbers[0]}/commit").status == 204
    assert client.send("DELETE", f"/_localorg/transactions/{numbers[1]}").status == 204
    post(client, "/clock", advance_seconds=600)
    assert [client.record("Lead", record_id)["Title"] for record_id in ids] == ["T", None]
    gone = post(client, f"/transactions/{numbers[0]}/commit")
    assert (gone.status, gone.code) == (400, "INVALID_CONTROL")


def test_a_record_that_was_touched_since_is_left_alone_by_a_late_commit(client: OrgClient) -> None:
    record_id = lead(client)
    post(
        client,
        "/activity",
        object="Lead",
        ids=[record_id],
        fields={"Title": "Late"},
        commit_after_seconds=60,
    )
    post(client, "/clock", advance_seconds=30)
    client.call("PATCH", f"{V}/sobjects/Lead/{record_id}", {"Title": "Sooner"})
    post(client, "/clock", advance_seconds=60)
    assert client.record("Lead", record_id)["Title"] == "Sooner"


def test_what_the_org_refuses_changes_nothing(client: OrgClient) -> None:
    record_id = lead(client)
    answer = post(client, "/activity", object="Lead", fields={"LastName": None}, count=1)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert "REQUIRED_FIELD_MISSING" in answer.message
    assert client.record("Lead", record_id)["LastName"] == "L"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"object": "Leed"}, "'object' has to be an object of the org; it is 'Leed'."),
        ({}, "'object' has to be an object of the org; it is ''."),
        ({"object": "Lead", "action": "eat"}, "'action' has to be one of change, delete, insert"),
        ({"object": "Lead", "count": -1}, "'count' has to be 0 or more"),
        ({"object": "Lead", "ids": ["003"]}, "'ids' has to be a list of ids of Lead"),
        ({"object": "Lead", "fields": {"Colour": 1}}, "'Colour' is none of them"),
        ({"object": "Lead", "fields": 1}, "'fields' has to be an object or a list"),
        ({"object": "Lead", "user": "nobody"}, "'user' has to be a user's name or id"),
        ({"object": "Lead", "commit_after_seconds": -1}, "'commit_after_seconds' has to be sec"),
        ({"object": "Lead", "commit_after_seconds": 1e18}, "has to be seconds, 0 to 31622400"),
        ({"object": "RecordType"}, "Users can't change records of RecordType."),
        ({"object": "Lead", "action": "insert", "ids": []}, "'ids' have no meaning"),
    ],
)
def test_a_mistake_is_explained(client: OrgClient, body: dict[str, Any], said: str) -> None:
    answer = post(client, "/activity", **body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert said in answer.message
