from typing import Any

import pytest

from integration.localorg.org_client import OrgClient, V
from localorg.control.fault_kinds import ROW_LOCKS
from localorg.control.faults import Fault
from localorg.dml import SaveOptions
from localorg.dml.options import AssignmentEntry, AssignmentRule, DuplicateRule, Match
from localorg.ids import make_id
from localorg.life.automation import ASSIGNMENT, DUPLICATE
from localorg.org import Org
from localorg.sobjects import options as saving_options
from localorg.store import INTEGRATION_USER_ID, OWNER_IDS

LEADS = V + "/sobjects/Lead"
PERSON = {"LastName": "L", "Company": "C"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the org was asked to save with, request by request."""
    found: list[dict[str, Any]] = []

    def save_options(_org: Org, _user_id: str, **given: Any) -> SaveOptions:
        found.append(given)
        return SaveOptions()

    monkeypatch.setattr(saving_options, "save_options", save_options)
    return found


RULE = make_id("01Q", 1)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ("active", False)),
        ({"Sforce-Auto-Assign": "TRUE"}, ("active", True)),
        ({"Sforce-Auto-Assign": "false"}, (None, True)),
        ({"Sforce-Auto-Assign": RULE[:15]}, (RULE, True)),
    ],
)
def test_the_assignment_rule_is_chosen_by_a_header(
    client: OrgClient,
    asked: list[dict[str, Any]],
    headers: dict[str, str],
    expected: tuple[str | None, bool],
) -> None:
    client.call("POST", LEADS, PERSON, headers)
    record = {"attributes": {"type": "Lead"}} | PERSON
    client.call("POST", V + "/composite/sobjects", {"records": [record]}, headers)
    found = [(given["assignment_rule"], given["assign_updated"]) for given in asked]
    assert found == [expected, expected]


def test_a_header_that_names_no_rule_is_refused(client: OrgClient) -> None:
    answer = client.call("POST", LEADS, PERSON, {"Sforce-Auto-Assign": "perhaps"})
    assert (answer.status, answer.code) == (400, "INVALID_HEADER")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("allowSave=true", (True, False)),
        ("allowSave=true; includeRecordDetails=true; runAsCurrentUser=true", (True, True)),
        ("includeRecordDetails=TRUE, allowSave=false", (False, True)),
    ],
)
def test_duplicates_are_allowed_by_a_header(
    client: OrgClient, asked: list[dict[str, Any]], header: str, expected: tuple[bool, bool]
) -> None:
    client.call("POST", LEADS, PERSON, {"Sforce-Duplicate-Rule-Header": header})
    [given] = asked
    assert (given["allow_duplicates"], given["include_duplicate_details"]) == expected


def test_saved_records_are_recent_items_unless_the_header_says_no(client: OrgClient) -> None:
    first = client.insert("Lead", **PERSON)
    second = client.insert("Lead", **PERSON)
    quiet = {"Sforce-Mru": "updateMru=false"}
    client.call("POST", LEADS, PERSON, quiet)
    client.call("PATCH", f"{LEADS}/{first}", {"Title": "x"}, {"Sforce-Call-Options": "client=me"})
    items = client.call("GET", LEADS).json["recentItems"]
    assert [item["Id"] for item in items] == [first, second]
    assert items[0] == {
        "attributes": {"type": "Lead", "url": f"{LEADS}/{first}"},
        "Id": first,
        "Name": "L",
    }
    client.call("DELETE", f"{LEADS}/{first}")
    assert [item["Id"] for item in client.call("GET", LEADS).json["recentItems"]] == [second]


def test_a_locked_row_fails_once(client: OrgClient, org: Org) -> None:
    lead = client.insert("Lead", **PERSON)
    org.faults.plan(Fault(kind=ROW_LOCKS, path="Lead"))
    answer = client.call("PATCH", f"{LEADS}/{lead}", {"Title": "x"})
    assert (answer.status, answer.code) == (400, "UNABLE_TO_LOCK_ROW")
    assert client.call("PATCH", f"{LEADS}/{lead}", {"Title": "x"}).status == 204
    org.faults.plan(Fault(kind=ROW_LOCKS, path="Lead", rows=1))
    records = [{"attributes": {"type": "Lead"}, "id": lead, "Title": "y"}] * 2
    rows = client.call("PATCH", V + "/composite/sobjects", {"records": records}).json
    assert rows[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert rows[1]["success"] is True


def test_all_problems_of_a_record_are_told(client: OrgClient) -> None:
    values = PERSON | {"FirstName": "x" * 41, "Email": "nobody"}
    answer = client.call("POST", LEADS, values)
    assert answer.status == 400
    assert {error["errorCode"] for error in answer.json} == {
        "STRING_TOO_LONG",
        "INVALID_EMAIL_ADDRESS",
    }


def block_duplicate_emails(org: Org, on_insert: str) -> None:
    match = Match(object_name="Lead", name="Same_Email", fields=(("Email", "Email"),))
    rule = DuplicateRule(
        name="Leads_Once",
        on_insert=on_insert,
        on_update="allow",
        message="Use one of these records?",
        matches=(match,),
    )
    org.automation.replace(DUPLICATE, [("Lead", rule)])


def test_a_duplicate_is_shown_with_the_error(client: OrgClient, org: Org) -> None:
    block_duplicate_emails(org, "alert")
    values = PERSON | {"Email": "ada@example.com"}
    first = client.insert("Lead", **values)
    refused = client.call("POST", LEADS, values)
    assert (refused.status, refused.code) == (400, "DUPLICATES_DETECTED")
    [error] = refused.json
    assert error["message"] == "Use one of these records?"
    [result] = error["duplicateResult"]["matchResults"]
    assert [found["record"]["Id"] for found in result["matchRecords"]] == [first]
    record = {"attributes": {"type": "Lead"}} | values
    [row] = client.call("POST", V + "/composite/sobjects", {"records": [record]}).json
    assert row["errors"][0]["statusCode"] == "DUPLICATES_DETECTED"
    allowed = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert client.call("POST", LEADS, values, allowed).status == 201
    block_duplicate_emails(org, "block")
    assert client.call("POST", LEADS, values, allowed).code == "DUPLICATES_DETECTED"


def test_the_active_rule_gives_new_leads_to_its_owner(client: OrgClient, org: Org) -> None:
    rule = AssignmentRule(id=RULE, active=True, entries=(AssignmentEntry(owner_id=OWNER_IDS[1]),))
    org.automation.replace(ASSIGNMENT, [("Lead", rule)])
    assigned = client.insert("Lead", **PERSON)
    assert client.record("Lead", assigned)["OwnerId"] == OWNER_IDS[1]
    answer = client.call("POST", LEADS, PERSON, {"Sforce-Auto-Assign": "FALSE"})
    lead = answer.json["id"]
    assert client.record("Lead", lead)["OwnerId"] == INTEGRATION_USER_ID
    client.call("PATCH", f"{LEADS}/{lead}", {"Title": "x"})
    assert client.record("Lead", lead)["OwnerId"] == INTEGRATION_USER_ID
    client.call("PATCH", f"{LEADS}/{lead}", {"Title": "y"}, {"Sforce-Auto-Assign": RULE})
    assert client.record("Lead", lead)["OwnerId"] == OWNER_IDS[1]
