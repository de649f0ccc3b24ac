"""Assignment, duplicate and validation rules, queues and audit fields, as clients meet them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from integration.localorg.org_client import Answer, OrgClient, V, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.settings import Settings
from localorg.setup_file import org_schema, parse
from localorg.store import INTEGRATION_USER_ID, Store

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
LEAD = {"LastName": "Lovelace", "Company": "Engines"}
SETUP = """
objects:
  Lead:
    fields:
      - {name: Company, required: false}
  Contact:
    fields:
      - {name: Employer__c, type: string, formula: Account.Name}
queues:
  - {name: Web leads, objects: [Lead]}
assignment_rules:
  - object: Lead
    name: Standard
    entries:
      - {owner: Web leads, criteria: [{field: LeadSource, value: Web}]}
duplicate_rules:
  - object: Lead
    name: Same address
    on_insert: alert
    matches: [{fields: [Email]}]
"""


@pytest.fixture
def org() -> Org:
    setup = parse(SETUP, "org.yaml")
    clock = Clock(lambda: START)
    store = Store(":memory:", org_schema(setup), START)
    return Org(store, clock, Settings(control=True), setup)


@pytest.fixture
def client(org: Org) -> Iterator[OrgClient]:
    with serving(org) as client:
        client.sign_in()
        yield client


def insert(client: OrgClient, values: dict[str, Any], **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.call("POST", f"{V}/sobjects/Lead", values, names)


def queue_id(client: OrgClient) -> str:
    answer = client.call("GET", f"{V}/query?q=SELECT+Id,+Name+FROM+Group")
    [queue] = answer.json["records"]
    assert queue["Name"] == "Web leads"
    return str(queue["Id"])


def owner(client: OrgClient, answer: Answer) -> str:
    return str(client.record("Lead", answer.json["id"])["OwnerId"])


def test_the_active_rule_assigns_new_leads_unless_the_client_says_no(client: OrgClient) -> None:
    web = LEAD | {"LeadSource": "Web"}
    assert owner(client, insert(client, web)) == queue_id(client)
    assert owner(client, insert(client, web, sforce_auto_assign="FALSE")) == INTEGRATION_USER_ID
    assert owner(client, insert(client, LEAD)) == INTEGRATION_USER_ID


def test_a_collection_is_assigned_too(client: OrgClient) -> None:
    records = [{"attributes": {"type": "Lead"}, **LEAD, "LeadSource": source} for source in "WX"]
    records[0]["LeadSource"] = "Web"
    answer = client.call("POST", f"{V}/composite/sobjects", {"records": records})
    owners = [client.record("Lead", result["id"])["OwnerId"] for result in answer.json]
    assert owners == [queue_id(client), INTEGRATION_USER_ID]


def test_the_owner_of_a_queued_lead_is_a_queue(client: OrgClient) -> None:
    insert(client, LEAD | {"LeadSource": "Web"})
    answer = client.call("GET", f"{V}/query?q=SELECT+Owner.Name+FROM+Lead")
    assert answer.json["records"][0]["Owner"]["Name"] == "Web leads"


def test_a_duplicate_is_saved_where_the_client_insists(client: OrgClient) -> None:
    same = LEAD | {"Email": "a@b.example"}
    first = insert(client, same).json["id"]
    refused = insert(client, same)
    assert (refused.status, refused.code) == (400, "DUPLICATES_DETECTED")
    [error] = refused.json
    assert error["duplicateResult"]["allowSave"] is True
    [found] = error["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert found["record"]["Id"] == first
    insists = {"sforce_duplicate_rule_header": "allowSave=true"}
    assert insert(client, same, **insists).status == 201


def test_a_queue_owns_a_lead_until_its_conversion_names_an_owner(client: OrgClient) -> None:
    lead = insert(client, LEAD | {"LeadSource": "Web"}).json["id"]

    def convert(**order: str) -> dict[str, Any]:
        body = json.dumps({"leads": [{"leadId": lead} | order]}).encode()
        answer = client.send("POST", "/_localorg/convert", body=body)
        result: dict[str, Any] = answer.json["results"][0]
        return result

    refused = convert()
    assert refused["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    done = convert(ownerId=INTEGRATION_USER_ID)
    assert client.record("Contact", done["contactId"])["OwnerId"] == INTEGRATION_USER_ID
    assert client.record("Lead", lead)["OwnerId"] == queue_id(client)


def test_a_lead_without_a_company_becomes_a_person(client: OrgClient) -> None:
    lead = insert(client, {"LastName": "Lovelace"}).json["id"]
    body = json.dumps({"leads": [{"leadId": lead}]}).encode()
    [result] = client.send("POST", "/_localorg/convert", body=body).json["results"]
    account = client.record("Account", result["accountId"])
    assert (account["IsPersonAccount"], account["LastName"]) == (True, "Lovelace")
    assert account["PersonContactId"] == result["contactId"]


def test_audit_fields_are_set_by_those_who_may(client: OrgClient) -> None:
    old = LEAD | {"CreatedDate": "2020-05-01T10:00:00.000Z"}

    def allow(*, given: bool) -> None:
        body = json.dumps({"permission": "CreateAuditFields", "given": given}).encode()
        assert client.send("POST", "/_localorg/rights", body=body).status == 200

    allow(given=False)
    assert insert(client, old).code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    allow(given=True)
    answer = insert(client, old)
    record = client.record("Lead", answer.json["id"])
    assert record["CreatedDate"] == "2020-05-01T10:00:00.000+0000"
    assert record["SystemModstamp"] == "2026-01-31T12:00:00.000+0000"


def test_a_formula_changes_without_a_stamp(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme")
    contact = client.insert("Contact", LastName="L", AccountId=account)
    client.send("POST", "/_localorg/clock", body=b'{"advance_seconds": 60}')
    client.call("PATCH", f"{V}/sobjects/Account/{account}", {"Name": "Engines"})
    record = client.record("Contact", contact)
    assert record["Employer__c"] == "Engines"
    assert record["SystemModstamp"] == "2026-01-31T12:00:00.000+0000"


def test_a_record_locked_by_another_transaction_can_be_saved_later(client: OrgClient) -> None:
    fault = json.dumps({"kind": "row_locks", "path": "Lead", "count": 1}).encode()
    client.send("POST", "/_localorg/faults", body=fault)
    assert insert(client, LEAD).code == "UNABLE_TO_LOCK_ROW"
    assert insert(client, LEAD).status == 201


STATUSES = """
objects:
  Case:
    fields:
      - {name: Status, values: [New, {value: Solved, closed: true}, Closed in part]}
  Lead:
    fields:
      - {name: Status, values: [{value: New, default: true}, {value: Won, converted: true}]}
"""


@pytest.fixture
def client_with_statuses() -> Iterator[OrgClient]:
    setup = parse(STATUSES, "org.yaml")
    store = Store(":memory:", org_schema(setup), START)
    org = Org(store, Clock(lambda: START), Settings(control=True), setup)
    with serving(org) as client:
        client.sign_in()
        yield client


def test_a_case_is_closed_by_the_statuses_that_the_set_up_file_calls_closed(
    client_with_statuses: OrgClient,
) -> None:
    client = client_with_statuses
    solved = client.insert("Case", Status="solved")
    partly = client.insert("Case", Status="Closed in part")
    assert client.record("Case", solved)["IsClosed"] is True
    assert client.record("Case", solved)["ClosedDate"] == "2026-01-31T12:00:00.000+0000"
    assert client.record("Case", partly)["IsClosed"] is False
    client.call("PATCH", f"{V}/sobjects/Case/{solved}", {"Status": "New"})
    reopened = client.record("Case", solved)
    assert (reopened["IsClosed"], reopened["ClosedDate"]) == (False, None)


def test_a_lead_is_converted_with_the_status_of_the_set_up_file(
    client_with_statuses: OrgClient,
) -> None:
    client = client_with_statuses
    lead = client.insert("Lead", **LEAD)
    answer = client.call("POST", "/_localorg/convert", {"leads": [{"leadId": lead}]})
    assert answer.json["results"][0]["success"], answer.text
    assert client.record("Lead", lead)["Status"] == "Won"
