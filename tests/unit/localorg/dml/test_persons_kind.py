"""Accounts that change between business and person."""

from typing import Any

from localorg.store import BUSINESS_RECORD_TYPE_ID, PERSON_RECORD_TYPE_ID
from unit.localorg.dml.dml_org import DmlOrg, codes

PERSON = {"RecordTypeId": PERSON_RECORD_TYPE_ID}
BUSINESS = {"RecordTypeId": BUSINESS_RECORD_TYPE_ID}
STAMPS = ("LastModifiedDate", "SystemModstamp", "LastModifiedById")
LATER = "2026-01-31T12:01:00.000Z"


def both(org: DmlOrg, account_id: str, contact_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return org.row("Account", account_id), org.row("Contact", contact_id)


def test_a_business_becomes_the_person_that_its_only_contact_is(org: DmlOrg) -> None:
    account_id = org.inserted("Account", Name="Acme", Phone="1")
    contact_id = org.inserted(
        "Contact", LastName="Lovelace", FirstName="Ada", Email="a@b.example", AccountId=account_id
    )
    org.clock.advance(60)
    assert codes(org.update("Account", {"Id": account_id} | PERSON)) == [None]
    account, contact = both(org, account_id, contact_id)
    assert (account["IsPersonAccount"], contact["IsPersonAccount"]) == (1, 1)
    assert account["PersonContactId"] == contact_id
    assert (account["Name"], account["PersonEmail"]) == ("Ada Lovelace", "a@b.example")
    assert account["Phone"] == contact["Phone"] == "1"
    assert [account[name] for name in STAMPS] == [contact[name] for name in STAMPS]
    assert account["SystemModstamp"] == LATER


def test_a_person_becomes_a_business_with_a_contact(org: DmlOrg) -> None:
    account_id = org.inserted("Account", **PERSON, LastName="Byron", PersonEmail="a@b.example")
    contact_id = org.row("Account", account_id)["PersonContactId"]
    org.clock.advance(60)
    assert codes(org.update("Account", {"Id": account_id} | BUSINESS)) == [None]
    account, contact = both(org, account_id, contact_id)
    assert (account["IsPersonAccount"], contact["IsPersonAccount"]) == (0, 0)
    assert (account["Name"], account["LastName"], account["PersonEmail"]) == ("Byron", None, None)
    assert account["PersonContactId"] is None
    assert (contact["AccountId"], contact["Email"]) == (account_id, "a@b.example")
    assert account["SystemModstamp"] == contact["SystemModstamp"] == LATER
    assert codes(org.delete("Contact", contact_id)) == [None]


def test_a_person_of_the_master_record_type_is_a_business(org: DmlOrg) -> None:
    account_id = org.inserted("Account", **PERSON, LastName="Byron")
    master = {"RecordTypeId": "012000000000000AAA"}
    assert codes(org.update("Account", {"Id": account_id} | master)) == [None]
    row = org.row("Account", account_id)
    assert (row["RecordTypeId"], row["IsPersonAccount"], row["PersonContactId"]) == (None, 0, None)
    row = org.row("Account", org.inserted("Account", **master, Name="Acme"))
    assert (row["RecordTypeId"], row["IsPersonAccount"]) == (None, 0)


def test_the_kind_changes_alone_in_its_call(org: DmlOrg) -> None:
    account_id = org.inserted("Account", **PERSON, LastName="Byron")
    changes = org.update("Account", {"Id": account_id, "Phone": "2"} | BUSINESS)
    assert codes(changes) == ["INVALID_FIELD_FOR_INSERT_UPDATE"]
    assert changes[0].errors[0].fields == ("Phone",)
    assert org.row("Account", account_id)["IsPersonAccount"] == 1


def test_a_business_with_two_contacts_does_not_become_a_person(org: DmlOrg) -> None:
    account_id = org.inserted("Account", Name="Acme")
    for name in "AB":
        org.inserted("Contact", LastName=name, AccountId=account_id)
    changes = org.update("Account", {"Id": account_id} | PERSON)
    assert codes(changes) == ["INVALID_PERSON_ACCOUNT_OPERATION"]


def test_other_accounts_of_the_chunk_stay_what_they_are(org: DmlOrg) -> None:
    person = org.inserted("Account", **PERSON, LastName="Byron", PersonTitle="Poet")
    becoming = org.inserted("Account", Name="Acme")
    org.inserted("Contact", LastName="Lovelace", AccountId=becoming)
    changes = org.update(
        "Account", {"Id": becoming} | PERSON, {"Id": person, "PersonTitle": "Lord"}
    )
    assert codes(changes) == [None, None]
    assert org.row("Account", person)["PersonTitle"] == "Lord"
    assert org.row("Account", becoming)["Name"] == "Lovelace"


def test_a_person_account_has_no_other_contacts(org: DmlOrg) -> None:
    person = org.inserted("Account", **PERSON, LastName="Byron")
    changes = org.insert("Contact", {"LastName": "L", "AccountId": person})
    assert codes(changes) == ["FIELD_INTEGRITY_EXCEPTION"]
