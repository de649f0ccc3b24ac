from typing import Any

import pytest

from localorg.dml import Change, writing
from localorg.life import Merge, merge, undelete
from localorg.store import INTEGRATION_USER_ID, PERSON_RECORD_TYPE_ID
from unit.localorg.dml.dml_org import START_STORED, DmlOrg, codes

LATER = "2026-01-31T12:01:00.000Z"
LEAD = {"LastName": "Lovelace", "Company": "Engines"}
PERSON = {"RecordTypeId": PERSON_RECORD_TYPE_ID}


def merged(org: DmlOrg, name: str, master: str, *losers: str, **values: Any) -> Change:
    org.clock.advance(60)
    asked = Merge(
        object_type=org.store.schema.object(name),
        master_id=master,
        loser_ids=losers,
        values=values,
    )
    with writing(org.store, org.clock, INTEGRATION_USER_ID) as writer:
        return merge(writer, asked, org.options)


def test_losers_go_to_the_bin_and_name_the_winner(org: DmlOrg) -> None:
    master, first, second = (org.inserted("Lead", **LEAD) for _ in range(3))
    assert codes([merged(org, "Lead", master, first, second)]) == [None]
    for loser in (first, second):
        row = org.row("Lead", loser)
        assert (row["IsDeleted"], row["MasterRecordId"], row["SystemModstamp"]) == (
            1,
            master,
            LATER,
        )
    winner = org.row("Lead", master)
    assert (winner["IsDeleted"], winner["MasterRecordId"], winner["SystemModstamp"]) == (
        0,
        None,
        LATER,
    )


def test_the_winner_may_take_a_losers_unique_value(org: DmlOrg) -> None:
    master, loser = org.inserted("Lead", **LEAD), org.inserted("Lead", **LEAD, Isthmus_Id__c="k")
    assert codes([merged(org, "Lead", master, loser, Isthmus_Id__c="k", Title="x")]) == [None]
    row = org.row("Lead", master)
    assert (row["Isthmus_Id__c"], row["Title"]) == ("k", "x")


def test_children_are_re_parented_without_a_stamp(org: DmlOrg) -> None:
    master, loser = (org.inserted("Account", Name=name) for name in "AB")
    contact = org.inserted("Contact", LastName="L", AccountId=loser)
    case = org.inserted("Case", AccountId=loser)
    child = org.inserted("Account", Name="C", ParentId=loser)
    org.update("Account", {"Id": master, "ParentId": loser})
    merged(org, "Account", master, loser)
    for name, record_id, lookup in (
        ("Contact", contact, "AccountId"),
        ("Case", case, "AccountId"),
        ("Account", child, "ParentId"),
    ):
        row = org.row(name, record_id)
        assert (row[lookup], row["SystemModstamp"]) == (master, START_STORED)
    assert org.row("Account", master)["ParentId"] is None


def test_cases_show_the_winning_contact(org: DmlOrg) -> None:
    master = org.inserted("Contact", LastName="A", Email="a@b.example")
    loser = org.inserted("Contact", LastName="B", Email="b@b.example")
    case = org.inserted("Case", ContactId=loser)
    merged(org, "Contact", master, loser)
    row = org.row("Case", case)
    assert (row["ContactId"], row["ContactEmail"]) == (master, "a@b.example")
    assert row["SystemModstamp"] == START_STORED


def test_person_accounts_are_merged_with_their_contacts(org: DmlOrg) -> None:
    master, loser = (org.inserted("Account", **PERSON, LastName=name) for name in "AB")
    contact = org.row("Account", master)["PersonContactId"]
    lost = org.row("Account", loser)["PersonContactId"]
    case = org.inserted("Case", ContactId=lost, AccountId=loser)
    merged(org, "Account", master, loser)
    row = org.row("Contact", lost)
    assert (row["IsDeleted"], row["MasterRecordId"], row["AccountId"]) == (1, contact, loser)
    found = org.row("Case", case)
    assert (found["ContactId"], found["AccountId"]) == (contact, master)
    assert org.row("Contact", contact)["SystemModstamp"] == LATER


def test_a_loser_comes_back_as_its_own_master(org: DmlOrg) -> None:
    master, loser = (org.inserted("Account", **PERSON, LastName=name) for name in "AB")
    merged(org, "Account", master, loser)
    change = Change(key=loser)
    with writing(org.store, org.clock, INTEGRATION_USER_ID) as writer:
        undelete(writer, [change])
    account = org.row("Account", loser)
    assert codes([change]) == [None]
    assert (account["IsDeleted"], account["MasterRecordId"]) == (0, None)
    contact = org.row("Contact", account["PersonContactId"])
    assert (contact["IsDeleted"], contact["MasterRecordId"]) == (0, None)


def test_a_master_that_refuses_its_new_values_merges_nothing(org: DmlOrg) -> None:
    master, loser = org.inserted("Lead", **LEAD), org.inserted("Lead", **LEAD)
    assert codes([merged(org, "Lead", master, loser, LastName=None)]) == ["REQUIRED_FIELD_MISSING"]
    assert org.row("Lead", loser)["IsDeleted"] == 0


@pytest.mark.parametrize("name", ["Individual", "Case"])
def test_individuals_and_cases_are_merged_too(org: DmlOrg, name: str) -> None:
    values = {"LastName": "L"} if name == "Individual" else {"Subject": "x"}
    master, loser = org.inserted(name, **values), org.inserted(name, **values)
    assert codes([merged(org, name, master, loser)]) == [None]
    assert org.row(name, loser)["MasterRecordId"] == master


def test_what_can_not_be_merged_is_refused(org: DmlOrg) -> None:
    lead, other = org.inserted("Lead", **LEAD), org.inserted("Lead", **LEAD)
    person = org.inserted("Account", **PERSON, LastName="P")
    business = org.inserted("Account", Name="A")
    contact = org.row("Account", person)["PersonContactId"]
    with org.store.write() as connection:
        connection.execute("UPDATE Lead SET IsConverted = 1 WHERE Id = ?", (other,))
    changes = [
        merged(org, "Lead", lead, lead),
        merged(org, "Lead", lead),
        merged(org, "Lead", lead, other),
        merged(org, "Lead", lead, person),
        merged(org, "Lead", lead, "00Q000000000001"),
        merged(org, "Account", business, person),
        merged(org, "Contact", org.inserted("Contact", LastName="L"), contact),
        merged(org, "Opportunity", lead, lead),
    ]
    assert codes(changes) == [
        "INVALID_MERGE_RECORD",
        "INVALID_MERGE_RECORD",
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_PERSON_ACCOUNT_OPERATION",
        "INVALID_PERSON_ACCOUNT_OPERATION",
        "INVALID_TYPE_FOR_OPERATION",
    ]
