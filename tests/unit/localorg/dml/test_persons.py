from typing import Any

from localorg.store import BUSINESS_RECORD_TYPE_ID, PERSON_RECORD_TYPE_ID
from unit.localorg.dml.dml_org import DmlOrg, codes, messages

PERSON = {"RecordTypeId": PERSON_RECORD_TYPE_ID, "LastName": "Lovelace", "FirstName": "Ada"}
STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp", "LastModifiedById")


def halves(org: DmlOrg, account_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    account = org.row("Account", account_id)
    return account, org.row("Contact", account["PersonContactId"])


def assert_equal(org: DmlOrg, account: dict[str, Any], contact: dict[str, Any]) -> None:
    for ours, theirs in org.store.schema.person_fields.items():
        if ours in account:
            assert account[ours] == contact[theirs], ours
    for stamp in STAMPS:
        assert account[stamp] == contact[stamp]


def test_a_person_account_has_a_hidden_contact(org: DmlOrg) -> None:
    account_id = org.inserted(
        "Account", **PERSON, PersonEmail="ada@example.org", Tier__pc="Gold", Newsletter__pc=True
    )
    account, contact = halves(org, account_id)
    assert (account["IsPersonAccount"], contact["IsPersonAccount"]) == (1, 1)
    assert account["Name"] == contact["Name"] == "Ada Lovelace"
    assert (contact["Email"], contact["Tier__c"], contact["AccountId"]) == (
        "ada@example.org",
        "Gold",
        account_id,
    )
    assert_equal(org, account, contact)


def test_a_change_of_the_account_reaches_the_contact(org: DmlOrg) -> None:
    account_id = org.inserted("Account", **PERSON)
    org.clock.advance(60)
    org.update("Account", {"Id": account_id, "LastName": "Byron", "PersonTitle": "Dr"})
    account, contact = halves(org, account_id)
    assert (contact["Name"], contact["Title"]) == ("Ada Byron", "Dr")
    assert contact["SystemModstamp"] == "2026-01-31T12:01:00.000Z"
    assert_equal(org, account, contact)


def test_a_change_of_the_contact_reaches_the_account(org: DmlOrg) -> None:
    account_id = org.inserted("Account", **PERSON)
    _, contact = halves(org, account_id)
    org.clock.advance(60)
    org.update("Contact", {"Id": contact["Id"], "FirstName": "Bea", "Segments__c": "A"})
    account, contact = halves(org, account_id)
    assert (account["Name"], account["Segments__pc"]) == ("Bea Lovelace", "A")
    assert_equal(org, account, contact)


def test_a_change_of_what_only_the_account_has_stamps_both(org: DmlOrg) -> None:
    account_id = org.inserted("Account", **PERSON)
    org.clock.advance(60)
    org.update("Account", {"Id": account_id, "Website": "https://example.org"})
    assert_equal(org, *halves(org, account_id))


def test_a_business_needs_a_name_and_a_person_a_last_name(org: DmlOrg) -> None:
    changes = org.insert("Account", {"Phone": "1"}, {"RecordTypeId": PERSON_RECORD_TYPE_ID})
    assert messages(changes) == [
        "Required fields are missing: [Name]",
        "Required fields are missing: [LastName]",
    ]


def test_without_a_record_type_an_account_is_a_business(org: DmlOrg) -> None:
    row = org.row("Account", org.inserted("Account", Name="Acme"))
    assert (row["RecordTypeId"], row["IsPersonAccount"]) == (BUSINESS_RECORD_TYPE_ID, 0)
    assert row["PersonContactId"] is None


def test_the_other_kinds_fields_are_refused(org: DmlOrg) -> None:
    changes = org.insert(
        "Account", {"Name": "Acme", "PersonEmail": "a@b.example"}, PERSON | {"Name": "Ada"}
    )
    assert messages(changes) == [
        "Account: bad field names on insert/update call: PersonEmail",
        "Account: bad field names on insert/update call: Name",
    ]
    assert codes(changes)[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_business_without_a_contact_does_not_become_a_person(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    changes = org.update("Account", {"Id": account, "RecordTypeId": PERSON_RECORD_TYPE_ID})
    assert codes(changes) == ["INVALID_PERSON_ACCOUNT_OPERATION"]


def test_a_persons_custom_key_is_unique_among_contacts(org: DmlOrg) -> None:
    contact = org.inserted("Contact", LastName="L", Isthmus_Id__c="k")
    changes = org.insert("Account", PERSON | {"Isthmus_Id__pc": "K"})
    assert messages(changes) == [
        f"duplicate value found: Isthmus_Id__pc duplicates value on record with id: {contact}"
    ]
    person = org.inserted("Account", **PERSON, Isthmus_Id__pc="p")
    assert codes(org.update("Account", {"Id": person, "Isthmus_Id__pc": "P"})) == [None]


def test_a_persons_contact_stays_with_its_account(org: DmlOrg) -> None:
    _, contact = halves(org, org.inserted("Account", **PERSON))
    changes = org.update("Contact", {"Id": contact["Id"], "AccountId": None})
    assert codes(changes) == ["INVALID_FIELD_FOR_INSERT_UPDATE"]
    assert codes(org.delete("Contact", contact["Id"])) == ["INVALID_PERSON_ACCOUNT_OPERATION"]


def test_deleting_the_account_deletes_both_halves(org: DmlOrg) -> None:
    account_id = org.inserted("Account", **PERSON)
    org.clock.advance(60)
    org.delete("Account", account_id)
    account, contact = halves(org, account_id)
    assert (account["IsDeleted"], contact["IsDeleted"]) == (1, 1)
    assert contact["SystemModstamp"] == "2026-01-31T12:01:00.000Z"
