"""Lead conversion, merges, the recycle bin and the work of the org's users, over HTTP."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from integration.localorg.org_client import Answer, OrgClient, V
from localorg.store import OWNER_IDS

LEAD = {"LastName": "Lovelace", "Company": "Engines"}
DAY = 24 * 3600


def post(client: OrgClient, where: str, /, **body: Any) -> Answer:
    return client.send("POST", "/_localorg" + where, body=json.dumps(body).encode())


def rows(client: OrgClient, soql: str) -> list[dict[str, Any]]:
    answer = client.call("GET", f"{V}/queryAll?q={quote(soql)}")
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["records"]
    return found


def one(client: OrgClient, soql: str) -> dict[str, Any]:
    [row] = rows(client, soql)
    del row["attributes"]
    return row


def test_a_lead_is_converted(client: OrgClient) -> None:
    lead = client.insert("Lead", **LEAD, Email="ada@example.org")
    post(client, "/clock", advance_seconds=60)
    [result] = post(client, "/convert", leads=[{"leadId": lead}]).json["results"]
    assert (result["success"], result["errors"]) == (True, [])
    row = one(
        client,
        "SELECT IsConverted, ConvertedDate, ConvertedAccountId, ConvertedContactId, "
        "ConvertedOpportunityId, SystemModstamp FROM Lead",
    )
    assert row == {
        "IsConverted": True,
        "ConvertedDate": "2026-01-31",
        "ConvertedAccountId": result["accountId"],
        "ConvertedContactId": result["contactId"],
        "ConvertedOpportunityId": result["opportunityId"],
        "SystemModstamp": "2026-01-31T12:01:00.000+0000",
    }
    assert client.record("Contact", result["contactId"])["Email"] == "ada@example.org"


def test_a_conversion_that_fails_says_why(client: OrgClient) -> None:
    lead = client.insert("Lead", **LEAD)
    order = {"leadId": lead, "convertedStatus": "New"}
    [result] = post(client, "/convert", leads=[order]).json["results"]
    assert (result["success"], result["accountId"]) == (False, None)
    assert result["errors"][0]["statusCode"] == "INVALID_STATUS"


def test_losers_of_a_merge_are_seen_with_query_all_only(client: OrgClient) -> None:
    master, loser = client.insert("Contact", LastName="A"), client.insert("Contact", LastName="B")
    answer = post(
        client, "/merge", object="Contact", master=master, losers=[loser], values={"Title": "x"}
    )
    assert answer.json == {
        "id": master,
        "success": True,
        "errors": [],
        "mergedRecordIds": [loser],
    }
    soql = "SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true"
    assert one(client, soql) == {"Id": loser, "MasterRecordId": master}
    assert client.call("GET", f"{V}/query?q={quote(soql)}").json["totalSize"] == 0
    assert client.record("Contact", master)["Title"] == "x"


def test_a_merge_that_fails_is_a_bad_request(client: OrgClient) -> None:
    lead = client.insert("Lead", **LEAD)
    answer = post(client, "/merge", object="Lead", master=lead, losers=[lead])
    assert answer.status == 400
    assert answer.json["errors"][0]["statusCode"] == "INVALID_MERGE_RECORD"


def test_what_was_deleted_comes_back_with_its_id(client: OrgClient) -> None:
    lead = client.insert("Lead", **LEAD)
    client.call("DELETE", f"{V}/sobjects/Lead/{lead}")
    answer = post(client, "/undelete", ids=[lead, lead[:15]])
    assert [result["success"] for result in answer.json["results"]] == [True, True]
    assert client.record("Lead", lead)["Company"] == "Engines"


def test_a_record_that_does_not_come_back_is_named_all_the_same(client: OrgClient) -> None:
    lead = client.insert("Lead", **LEAD)
    [failed] = post(client, "/undelete", ids=[lead]).json["results"]
    assert (failed["id"], failed["success"]) == (lead, False)
    assert failed["errors"][0]["statusCode"] == "UNDELETE_FAILED"


def test_an_emptied_bin_leaves_no_trace(client: OrgClient) -> None:
    lead = client.insert("Lead", **LEAD)
    client.call("DELETE", f"{V}/sobjects/Lead/{lead}")
    assert post(client, "/empty-recycle-bin").json == {"removed": 1}
    assert rows(client, "SELECT Id FROM Lead") == []
    assert client.call("GET", f"{V}/sobjects/Lead/{lead}").code == "NOT_FOUND"


def test_the_clock_purges_the_bin(client: OrgClient) -> None:
    lead = client.insert("Lead", **LEAD)
    client.call("DELETE", f"{V}/sobjects/Lead/{lead}")
    post(client, "/clock", advance_seconds=15 * DAY - 60)
    client.sign_in()
    assert len(rows(client, "SELECT Id FROM Lead")) == 1
    post(client, "/clock", advance_seconds=60)
    assert rows(client, "SELECT Id FROM Lead") == []


def test_users_write_given_records_in_one_transaction(client: OrgClient) -> None:
    lead = client.insert("Lead", **LEAD)
    gone = client.insert("Lead", **LEAD)
    answer = post(
        client,
        "/records",
        user="bruno@localorg.example",
        operations=[
            {"operation": "insert", "object": "Contact", "records": [{"LastName": "L"}, {}]},
            {"operation": "update", "object": "Lead", "records": [{"Id": lead, "Title": "x"}]},
            {"operation": "delete", "object": "Lead", "ids": [gone]},
        ],
    )
    inserted, updated, deleted = answer.json["results"]
    assert [result["success"] for result in inserted] == [True, False]
    assert inserted[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert (updated[0]["id"], deleted[0]["id"]) == (lead, gone)
    row = client.record("Lead", lead)
    assert (row["Title"], row["LastModifiedById"]) == ("x", OWNER_IDS[1])


def test_a_late_commit_shows_old_stamps_late(client: OrgClient) -> None:
    answer = post(
        client,
        "/records",
        operations=[{"operation": "insert", "object": "Lead", "records": [LEAD]}],
        commit_after_seconds=600,
    )
    assert "id" not in answer.json["results"][0][0]
    assert answer.json["results"][0][0]["success"]
    assert rows(client, "SELECT Id FROM Lead") == []
    post(client, "/clock", advance_seconds=600)
    row = one(client, "SELECT SystemModstamp FROM Lead")
    assert row["SystemModstamp"] == "2026-01-31T12:00:00.000+0000"


def test_a_late_commit_leaves_records_alone_that_somebody_changed_since(
    client: OrgClient,
) -> None:
    changed, gone, keyed, other = (
        client.insert("Lead", **LEAD, Isthmus_Id__c=key) for key in ("a", "b", "Keyed", "d")
    )
    post(
        client,
        "/records",
        operations=[
            {
                "operation": "update",
                "object": "Lead",
                "records": [{"Id": each, "Title": "late"} for each in (changed[:15], other)],
            },
            {
                "operation": "upsert",
                "object": "Lead",
                "externalIdFieldName": "Isthmus_Id__c",
                "records": [{"Isthmus_Id__c": "keyed", "Title": "late", "LastName": "L"}],
            },
            {"operation": "delete", "object": "Lead", "ids": [gone]},
        ],
        commit_after_seconds=600,
    )
    post(client, "/clock", advance_seconds=60)
    for each in (changed, gone, keyed):
        client.call("PATCH", f"{V}/sobjects/Lead/{each}", {"Phone": "1"})
    post(client, "/clock", advance_seconds=600)
    found = rows(client, "SELECT Id, Title, SystemModstamp FROM Lead ORDER BY Id")
    assert [row["Title"] for row in found] == [None, None, None, "late"]
    assert {row["SystemModstamp"][11:16] for row in found[:3]} == {"12:01"}
    assert found[3]["SystemModstamp"][11:16] == "12:00"


@pytest.mark.parametrize(
    ("where", "body", "said"),
    [
        ("/convert", {"leads": []}, "1 to 100 objects"),
        ("/convert", {"leads": [{"lead": "x"}]}, "'lead' is no part of a conversion"),
        ("/convert", {"leads": [{"leadId": "x", "accountId": "x"}]}, "'accountId' has to be an id"),
        ("/merge", {"object": "Leed"}, "'object' has to be an object of the org"),
        ("/undelete", {}, "'ids' has to be a list of 1 to 200 ids"),
        ("/empty-recycle-bin", {"ids": [1]}, "'ids' has to be a list"),
        ("/records", {"operations": [{"operation": "paint"}]}, "'operation' is one of insert"),
        ("/records", {"user": "nobody", "operations": []}, "'user' has to be a user's name"),
        ("/records", {}, "'operations' has to be a list of objects"),
    ],
)
def test_a_mistake_is_explained(
    client: OrgClient, where: str, body: dict[str, Any], said: str
) -> None:
    answer = post(client, where, **body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert said in answer.message


def test_a_reset_forgets_what_was_deleted_together(client: OrgClient) -> None:
    def delete_account() -> str:
        account = client.insert("Account", Name="Acme")
        contact = client.insert("Contact", LastName="L", AccountId=account)
        client.call("DELETE", f"{V}/sobjects/Account/{account}")
        return contact

    first = delete_account()
    assert post(client, "/reset").status < 300
    other = client.insert("Account", Name="Other")
    # Ids begin again, so that the account is another one for the same contact.
    assert delete_account() == first
    soql = "SELECT Id FROM Contact WHERE IsDeleted = true"
    assert one(client, soql) == {"Id": first}
    assert client.record("Account", other)["Name"] == "Other"
