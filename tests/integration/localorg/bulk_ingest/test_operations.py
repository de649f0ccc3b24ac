from typing import Any

import pytest

from integration.localorg.bulk_ingest.ingest import failed, run, successful, unprocessed
from integration.localorg.org_client import OrgClient, V, give
from localorg.bulk_ingest import saving
from localorg.dml import save_chunk
from localorg.dml.options import AssignmentEntry, AssignmentRule
from localorg.ids import make_id
from localorg.org import Org
from localorg.store import OWNER_IDS

OWNER_ID = OWNER_IDS[0]
RULE_ID = make_id("01Q", 1)
HEAD = "Isthmus_Id__c,LastName,Company,Title\n"


def titles(client: OrgClient, *keys: str) -> list[str | None]:
    path = V + "/sobjects/Lead/Isthmus_Id__c/"
    return [client.call("GET", path + key).json["Title"] for key in keys]


def test_an_insert_makes_records_and_says_their_ids(client: OrgClient) -> None:
    job = run(client, HEAD + 'a,"L, ""x""",C,Dr\nb,M,C,\n')
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (
        "JobComplete",
        2,
        0,
    )
    rows = sorted(successful(client, job), key=lambda row: row["Isthmus_Id__c"])
    assert list(rows[0]) == [
        "sf__Id",
        "sf__Created",
        "Isthmus_Id__c",
        "LastName",
        "Company",
        "Title",
    ]
    assert [row["sf__Created"] for row in rows] == ["true", "true"]
    assert client.record("Lead", rows[0]["sf__Id"])["LastName"] == 'L, "x"'


def test_failed_rows_say_why_and_count_as_processed(client: OrgClient) -> None:
    job = run(client, HEAD + "a,L,,\nb,M,C,\nc,,,\n")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (
        "JobComplete",
        3,
        2,
    )
    problems = {row["Isthmus_Id__c"]: row for row in failed(client, job)}
    assert problems["a"]["sf__Error"] == (
        "REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --"
    )
    assert problems["c"]["sf__Error"].endswith(": [LastName, Company]:LastName Company --")
    assert problems["a"]["sf__Id"] == ""


def test_an_empty_value_leaves_and_na_clears(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="L", Company="C", Title="Dr", City="Rome")
    job = run(client, f"Id,Title,City\n{lead},#N/A,\n", operation="update")
    assert successful(client, job)[0]["sf__Created"] == "false"
    record = client.record("Lead", lead)
    assert (record["Title"], record["City"]) == (None, "Rome")


def test_an_upsert_updates_and_inserts(client: OrgClient) -> None:
    run(client, HEAD + "a,L,C,x\n")
    job = run(
        client,
        "ISTHMUS_ID__C,lastname,Company,Title\nA,L,C,y\nb,M,C,z\n",
        operation="upsert",
        externalIdFieldName="isthmus_id__c",
    )
    assert job["externalIdFieldName"] == "Isthmus_Id__c"
    created = {row["ISTHMUS_ID__C"]: row["sf__Created"] for row in successful(client, job)}
    assert created == {"A": "false", "b": "true"}
    assert titles(client, "a", "b") == ["y", "z"]


def test_an_upsert_by_id_inserts_where_the_id_is_blank(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="L", Company="C")
    job = run(
        client,
        f"Id,LastName,Company\n{lead},N,C\n,M,C\n",
        operation="upsert",
        externalIdFieldName="Id",
    )
    assert {row["sf__Created"] for row in successful(client, job)} == {"true", "false"}
    assert client.record("Lead", lead)["LastName"] == "N"


def test_a_repeated_key_fails_in_one_chunk_and_wins_late_in_another(client: OrgClient) -> None:
    rows = ["dup,L,C,first", "dup,L,C,second", *(f"k{n},L,C," for n in range(198))]
    last = "k0,L,C,last"
    job = run(
        client,
        HEAD + "\n".join([*rows, last]) + "\n",
        operation="upsert",
        externalIdFieldName="Isthmus_Id__c",
    )
    assert {row["sf__Error"] for row in failed(client, job)} == {
        "DUPLICATE_VALUE:Duplicate external id specified: dup:Isthmus_Id__c --"
    }
    assert job["numberRecordsFailed"] == 2
    assert titles(client, "k0") == ["last"]


def test_records_are_deleted_by_id(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="L", Company="C")
    job = run(client, f"Id\n{lead}\n00Q000000000001EAA\n", operation="delete")
    assert [row["sf__Id"] for row in successful(client, job)] == [lead]
    assert failed(client, job)[0]["sf__Error"] == (
        "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"
    )
    assert client.call("GET", f"{V}/sobjects/Lead/{lead}").status == 404


def test_a_parent_is_named_by_its_key(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme", Isthmus_Id__c="acme")
    job = run(client, "LastName,account.isthmus_id__c\nL,ACME\nM,\nN,nope\n", object="Contact")
    by_name = {row["LastName"]: row["sf__Id"] for row in successful(client, job)}
    assert client.record("Contact", by_name["L"])["AccountId"] == account
    assert client.record("Contact", by_name["M"])["AccountId"] is None
    assert failed(client, job)[0]["sf__Error"] == (
        "INVALID_FIELD:Foreign key external ID: nope not found for field Isthmus_Id__c in entity "
        "Account:--"
    )


def test_every_row_is_in_one_result_and_in_another_order(client: OrgClient, org: Org) -> None:
    sent = [f"k{number}" for number in range(450)]
    rows = "".join(f"{key},L,{'' if key.endswith('7') else 'C'},\n" for key in sent)
    job = run(client, HEAD + rows)
    good = [row["Isthmus_Id__c"] for row in successful(client, job)]
    bad = [row["Isthmus_Id__c"] for row in failed(client, job)]
    assert sorted(good + bad) == sorted(sent)
    assert unprocessed(client, job) == []
    assert good != [key for key in sent if key in set(good)]
    assert org.usage.used("DailyBulkApiBatches") == 1


def test_the_job_may_use_other_delimiters_and_line_ends(client: OrgClient) -> None:
    job = run(
        client,
        'Isthmus_Id__c;LastName;Company\r\na;"L\n;M";C\r\n',
        columnDelimiter="SEMICOLON",
        lineEnding="CRLF",
    )
    answer = client.call("GET", f"{V}/jobs/ingest/{job['id']}/successfulresults")
    head, row = answer.content.split(b"\r\n")[:2]
    assert head == b'"sf__Id";"sf__Created";"Isthmus_Id__c";"LastName";"Company"'
    assert row.endswith(b'"true";"a";"L\n;M";"C"')


def test_a_hard_delete_leaves_no_trace(client: OrgClient) -> None:
    leads = [client.insert("Lead", LastName=name, Company="C") for name in "LM"]
    client.call("DELETE", f"{V}/sobjects/Lead/{leads[0]}")
    give(client, "BulkApiHardDelete")
    job = run(client, "Id\n" + "\n".join(leads) + "\n", operation="hardDelete")
    assert (job["operation"], job["numberRecordsFailed"]) == ("hardDelete", 0)
    assert {row["sf__Id"] for row in successful(client, job)} == set(leads)
    answer = client.call("GET", f"{V}/queryAll?q=SELECT+Id+FROM+Lead").json
    assert answer["totalSize"] == 0


def test_rows_go_to_the_owners_that_the_assignment_rule_says(client: OrgClient, org: Org) -> None:
    rule = AssignmentRule(id=RULE_ID, active=True, entries=(AssignmentEntry(owner_id=OWNER_ID),))
    org.automation.replace("assignment", [("Lead", rule)])
    org.store.load(
        "AssignmentRule",
        ("Id", "Name", "SobjectType", "Active"),
        [(RULE_ID, "Leads", "Lead", 1)],
    )
    data = "LastName,Company\nL,C\n"
    plain = run(client, data)
    ruled = run(client, data, assignmentRuleId=RULE_ID[:15])
    assert ruled["assignmentRuleId"] == RULE_ID
    owners = [
        client.record("Lead", successful(client, job)[0]["sf__Id"])["OwnerId"]
        for job in (plain, ruled)
    ]
    assert owners == [plain["createdById"], OWNER_ID]


@pytest.mark.parametrize(
    ("name", "rule_id", "version", "words"),
    [
        ("Lead", "01Q000000000001AAA", "66.0", "is no assignment rule of Lead"),
        ("Lead", "nonsense", "66.0", "is no assignment rule of Lead"),
        ("Contact", "01Q000000000001AAA", "66.0", "is for Lead and Case from version 49.0 on"),
        ("Lead", "01Q000000000001AAA", "48.0", "is for Lead and Case from version 49.0 on"),
    ],
)
def test_an_assignment_rule_that_is_none_is_refused(
    client: OrgClient, name: str, rule_id: str, version: str, words: str
) -> None:
    body = {"object": name, "operation": "insert", "assignmentRuleId": rule_id}
    answer = client.call("POST", f"{V.replace('66.0', version)}/jobs/ingest", body)
    assert (answer.status, answer.code) == (400, "INVALIDJOB")
    assert words in answer.message


def test_an_unexpected_error_fails_the_job_and_undoes_the_transaction(
    client: OrgClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def save(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 12:
            raise RuntimeError
        save_chunk(*arguments)

    monkeypatch.setattr(saving, "save_chunk", save)
    job = run(client, "LastName,Company\n" + "L,C\n" * 6_000)
    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith("InternalServerError : ")
    assert job["numberRecordsProcessed"] == len(successful(client, job)) == 2_000
    assert len(unprocessed(client, job)) == 4_000
    counted = client.call("GET", f"{V}/limits/recordCount?sObjects=Lead").json
    assert counted["sObjects"] == [{"name": "Lead", "count": 2_000}]
