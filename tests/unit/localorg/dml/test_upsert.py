import pytest

from unit.localorg.dml.dml_org import DmlOrg, codes, messages

PERSON = {"LastName": "Lovelace", "Company": "Engines"}


def test_an_upsert_updates_what_it_finds_and_inserts_the_rest(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON, Isthmus_Id__c="a-1")
    known, new = org.upsert(
        "Lead",
        "Isthmus_Id__c",
        {"Isthmus_Id__c": "A-1", "Title": "Dr"},
        PERSON | {"Isthmus_Id__c": "a-2"},
    )
    assert (known.id, known.created) == (lead, False)
    assert new.created
    assert org.row("Lead", lead)["Title"] == "Dr"
    assert org.row("Lead", new.id)["Isthmus_Id__c"] == "a-2"


def test_all_records_of_a_chunk_that_share_a_key_fail(org: DmlOrg) -> None:
    changes = org.upsert(
        "Lead",
        "Isthmus_Id__c",
        PERSON | {"Isthmus_Id__c": "a"},
        PERSON | {"Isthmus_Id__c": "b"},
        PERSON | {"Isthmus_Id__c": "A"},
    )
    assert messages(changes) == [
        "Duplicate external id specified: a",
        None,
        "Duplicate external id specified: A",
    ]
    assert codes(changes)[0] == "DUPLICATE_VALUE"


def test_a_key_that_two_records_have_is_refused(org: DmlOrg) -> None:
    first = org.inserted("Lead", **PERSON, External_Ref__c="r")
    second = org.inserted("Lead", **PERSON, External_Ref__c="R")
    changes = org.upsert("Lead", "External_Ref__c", PERSON | {"External_Ref__c": "r"})
    assert codes(changes) == ["DUPLICATE_EXTERNAL_ID"]
    assert messages(changes) == [
        f"more than one record found for external id field: [{first}, {second}]"
    ]


def test_a_record_without_its_key_is_refused(org: DmlOrg) -> None:
    changes = org.upsert("Lead", "Isthmus_Id__c", PERSON | {"Isthmus_Id__c": None}, PERSON)
    assert codes(changes) == ["MISSING_ARGUMENT", "MISSING_ARGUMENT"]


@pytest.mark.parametrize("nothing", ["", "#N/A"])
def test_a_row_without_its_key_is_refused(org: DmlOrg, nothing: str) -> None:
    header = ["Isthmus_Id__c", "LastName", "Company"]
    changes = org.upsert_rows("Lead", "Isthmus_Id__c", header, [nothing, "L", "C"])
    assert codes(changes) == ["MISSING_ARGUMENT"]
    assert messages(changes) == ["Isthmus_Id__c not specified"]


@pytest.mark.parametrize("nothing", ["", "#N/A"])
def test_by_id_a_row_without_one_inserts(org: DmlOrg, nothing: str) -> None:
    [change] = org.upsert_rows("Lead", "Id", ["Id", "LastName", "Company"], [nothing, "L", "C"])
    assert (change.errors, change.created) == ([], True)


def test_an_update_without_an_id_is_refused(org: DmlOrg) -> None:
    changes = org.update_rows("Lead", ["Id", "LastName"], ["#N/A", "L"], ["", "L"])
    assert codes(changes) == ["MISSING_ARGUMENT"] * 2


def test_a_deleted_record_is_not_found(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON, Isthmus_Id__c="a")
    org.delete("Lead", lead)
    [change] = org.upsert("Lead", "Isthmus_Id__c", PERSON | {"Isthmus_Id__c": "a"})
    assert change.created


def test_by_id_a_blank_inserts_and_an_id_updates(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON)
    old, new = org.upsert("Lead", "Id", {"Id": lead, "Title": "Dr"}, PERSON | {"Id": None})
    assert (old.id, old.created, new.created) == (lead, False, True)
