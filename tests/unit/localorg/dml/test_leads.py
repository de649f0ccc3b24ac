import pytest

from localorg.store import INTEGRATION_USER_ID, OWNER_IDS
from unit.localorg.dml.dml_org import START_STORED, DmlOrg, codes, messages

PERSON = {"LastName": "Lovelace", "FirstName": "Ada", "Company": "Engines"}


def test_an_insert_fills_what_nobody_said(org: DmlOrg) -> None:
    row = org.row("Lead", org.inserted("Lead", **PERSON))
    expected = {
        "Name": "Ada Lovelace",
        "Status": "Open - Not Contacted",
        "OwnerId": INTEGRATION_USER_ID,
        "CreatedDate": START_STORED,
        "SystemModstamp": START_STORED,
        "LastModifiedById": INTEGRATION_USER_ID,
        "IsDeleted": 0,
        "IsConverted": 0,
        "Newsletter__c": 0,
    }
    assert {name: row[name] for name in expected} == expected


def test_missing_fields_are_named_in_their_order(org: DmlOrg) -> None:
    changes = org.insert("Lead", {"FirstName": "Ada"}, {"LastName": "L"}, {"Company": "C"})
    assert messages(changes) == [
        "Required fields are missing: [LastName, Company]",
        "Required fields are missing: [Company]",
        "Required fields are missing: [LastName]",
    ]


def test_one_bad_record_does_not_stop_the_others(org: DmlOrg) -> None:
    changes = org.insert("Lead", PERSON, {"LastName": "L"}, PERSON)
    assert codes(changes) == [None, "REQUIRED_FIELD_MISSING", None]


def test_a_required_field_can_not_be_cleared(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON)
    [change] = org.update("Lead", {"Id": lead, "Company": None})
    assert change.errors[0].fields == ("Company",)
    assert org.row("Lead", lead)["Company"] == "Engines"


def test_the_name_follows_its_parts(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON)
    org.update("Lead", {"Id": lead, "LastName": "Byron"})
    assert org.row("Lead", lead)["Name"] == "Ada Byron"
    org.update("Lead", {"Id": lead, "FirstName": None})
    assert org.row("Lead", lead)["Name"] == "Byron"


def test_an_update_bumps_the_stamps_though_nothing_changed(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON)
    org.clock.advance(60)
    org.update("Lead", {"Id": lead, "FirstName": "Ada"})
    row = org.row("Lead", lead)
    assert row["SystemModstamp"] == row["LastModifiedDate"] == "2026-01-31T12:01:00.000Z"
    assert row["CreatedDate"] == START_STORED


def test_records_that_touch_different_fields_keep_the_rest(org: DmlOrg) -> None:
    first, second = org.inserted("Lead", **PERSON, City="Rome"), org.inserted("Lead", **PERSON)
    org.update("Lead", {"Id": first, "Title": "Dr"}, {"Id": second, "City": "Oslo"})
    assert (org.row("Lead", first)["City"], org.row("Lead", first)["Title"]) == ("Rome", "Dr")
    assert (org.row("Lead", second)["City"], org.row("Lead", second)["Title"]) == ("Oslo", None)


def test_two_changes_of_one_record_build_on_each_other(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON)
    org.update(
        "Lead",
        {"Id": lead, "FirstName": "Bea", "City": "Rome"},
        {"Id": lead, "LastName": "Byron"},
    )
    row = org.row("Lead", lead)
    assert (row["Name"], row["City"]) == ("Bea Byron", "Rome")


def test_a_converted_lead_is_over(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON)
    with org.store.write() as connection:
        connection.execute("UPDATE Lead SET IsConverted = 1")
    changes = org.update("Lead", {"Id": lead, "Title": "x"})
    assert codes(changes) == ["CANNOT_UPDATE_CONVERTED_LEAD"]
    assert messages(changes) == ["cannot reference converted lead"]


@pytest.mark.parametrize(
    ("record_id", "code"),
    [
        (None, "MISSING_ARGUMENT"),
        ("nonsense", "MALFORMED_ID"),
        ("003000000000001AAA", "MALFORMED_ID"),
        ("00Q000000000001", "INVALID_CROSS_REFERENCE_KEY"),
    ],
)
def test_an_update_needs_a_record(org: DmlOrg, record_id: str | None, code: str) -> None:
    assert codes(org.update("Lead", {"Id": record_id, "Title": "x"})) == [code]


def test_a_deleted_record_takes_no_update(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON)
    org.delete("Lead", lead)
    changes = org.update("Lead", {"Id": lead, "Title": "x"})
    assert (codes(changes), messages(changes)) == (["ENTITY_IS_DELETED"], ["entity is deleted"])


def test_an_insert_brings_no_id(org: DmlOrg) -> None:
    changes = org.insert("Lead", {"Id": "00Q000000000001EAA", **PERSON})
    assert messages(changes) == ["cannot specify Id in an insert call"]


def test_a_unique_value_is_had_once_whatever_its_case(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON, Isthmus_Id__c="a-1")
    changes = org.insert("Lead", PERSON | {"Isthmus_Id__c": "A-1"})
    assert messages(changes) == [
        f"duplicate value found: Isthmus_Id__c duplicates value on record with id: {lead}"
    ]
    assert codes(org.update("Lead", {"Id": lead, "Isthmus_Id__c": "A-1"})) == [None]


def test_of_two_equal_unique_values_in_a_chunk_the_first_wins(org: DmlOrg) -> None:
    record = PERSON | {"Isthmus_Id__c": "a-1"}
    assert codes(org.insert("Lead", record, record)) == [None, "DUPLICATE_VALUE"]


def test_a_deleted_record_gives_its_unique_value_free(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON, Isthmus_Id__c="a-1")
    org.delete("Lead", lead)
    assert codes(org.insert("Lead", PERSON | {"Isthmus_Id__c": "a-1"})) == [None]


def test_an_owner_has_to_be_there_and_active(org: DmlOrg) -> None:
    with org.store.write() as connection:
        connection.execute("UPDATE User SET IsActive = 0 WHERE Id = ?", (OWNER_IDS[1],))
    changes = org.insert(
        "Lead",
        PERSON | {"OwnerId": OWNER_IDS[0]},
        PERSON | {"OwnerId": OWNER_IDS[1]},
        PERSON | {"OwnerId": "005000000000001AAA"},
    )
    assert codes(changes) == [None, "INACTIVE_OWNER_OR_USER", "INVALID_CROSS_REFERENCE_KEY"]
