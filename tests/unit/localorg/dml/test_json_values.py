from typing import Any

import pytest

from localorg.errors import SalesforceError
from unit.localorg.dml.dml_org import DmlOrg, codes, messages

PERSON = {"LastName": "Lovelace", "Company": "Engines"}


def test_json_values_keep_their_kinds(org: DmlOrg) -> None:
    lead = org.inserted(
        "Lead", **PERSON, Newsletter__c=True, Annual_Spend__c=12.5, NumberOfEmployees=3
    )
    row = org.row("Lead", lead)
    assert (row["Newsletter__c"], row["Annual_Spend__c"], row["NumberOfEmployees"]) == (1, 12.5, 3)


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_text_clear_a_field(org: DmlOrg, nothing: str | None) -> None:
    lead = org.inserted("Lead", **PERSON, Title="Countess")
    [change] = org.update("Lead", {"Id": lead, "Title": nothing})
    assert change.errors == []
    assert org.row("Lead", lead)["Title"] is None


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("LastName", 5, "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5"),
        ("LastName", True, "Cannot deserialize instance of string from VALUE_TRUE value true"),
        ("NumberOfEmployees", 1.5, "instance of int from VALUE_NUMBER_FLOAT value 1.5"),
        (
            "NumberOfEmployees",
            "\uff11\uff12",
            "instance of int from VALUE_STRING value \uff11\uff12",
        ),
        ("NumberOfEmployees", 5.0, "instance of int from VALUE_NUMBER_FLOAT value 5.0"),
        ("NumberOfEmployees", [1], "instance of int from START_ARRAY"),
        (
            "Annual_Spend__c",
            "\uff11\uff12",
            "instance of currency from VALUE_STRING value \uff11\uff12",
        ),
        ("Newsletter__c", 1, "Cannot deserialize instance of boolean from VALUE_NUMBER_INT"),
        ("Newsletter__c", None, "Cannot deserialize instance of boolean from null value null"),
        ("Annual_Spend__c", "lots", "Cannot deserialize instance of currency from VALUE_STRING"),
        ("Last_Purchase__c", "soon", "Cannot deserialize instance of date from VALUE_STRING"),
        ("LastName", ["a"], "Cannot deserialize instance of string from START_ARRAY"),
        ("LastName", {}, "Cannot deserialize instance of string from START_OBJECT"),
        ("LastName", {"a": 1}, "Cannot deserialize instance of string from START_OBJECT"),
        ("Owner", {"Username": ["a"]}, "instance of string from START_ARRAY"),
        ("Owner", {"Username": {"a": 1}}, "instance of string from START_OBJECT"),
        ("Owner", {"Username": True}, "instance of string from VALUE_TRUE value true"),
    ],
)
def test_values_of_the_wrong_kind_fail_the_request(
    org: DmlOrg, field: str, value: Any, said: str
) -> None:
    with pytest.raises(SalesforceError, match=said) as failed:
        org.insert("Lead", PERSON | {field: value})
    assert failed.value.code == "JSON_PARSER_ERROR"


@pytest.mark.parametrize("key", [True, 5, ["a"], {"a": "b"}])
def test_a_key_of_the_wrong_kind_fails_the_request(org: DmlOrg, key: Any) -> None:
    for name in ("Isthmus_Id__c", "Id"):
        with pytest.raises(SalesforceError, match="instance of string from") as failed:
            org.upsert("Lead", name, PERSON | {name: key})
        assert failed.value.code == "JSON_PARSER_ERROR"


@pytest.mark.parametrize(
    ("parent", "said"),
    [
        ({}, "The external foreign key reference does not reference a valid entity: Owner"),
        (
            {"Username": "a", "Email": "b"},
            "More than 1 field provided in an external foreign key reference in entity: Owner",
        ),
    ],
)
def test_a_parent_is_named_by_one_key(org: DmlOrg, parent: dict[str, str], said: str) -> None:
    with pytest.raises(SalesforceError, match=said) as failed:
        org.insert("Lead", PERSON | {"Owner": {"attributes": {"type": "User"}} | parent})
    assert failed.value.code == "INVALID_FIELD"


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("field", ["Name", "IsConverted", "CreatedDate"])
def test_a_read_only_field_is_refused_whatever_it_says(
    org: DmlOrg, field: str, nothing: str | None
) -> None:
    lead = org.inserted("Lead", **PERSON)
    changes = org.insert("Lead", PERSON | {field: nothing})
    changes += org.update("Lead", {"Id": lead, field: nothing})
    assert codes(changes) == ["INVALID_FIELD_FOR_INSERT_UPDATE"] * 2
    assert [change.errors[0].fields for change in changes] == [(field,)] * 2


def test_the_text_that_clears_a_field_in_csv_is_a_text_in_json(org: DmlOrg) -> None:
    contact = {"LastName": "L", "Account": {"Isthmus_Id__c": "#N/A"}}
    assert messages(org.insert("Contact", contact)) == [
        "Foreign key external ID: #N/A not found for field Isthmus_Id__c in entity Account"
    ]
    [change] = org.upsert("Lead", "Isthmus_Id__c", PERSON | {"Isthmus_Id__c": "#N/A"})
    assert org.row("Lead", change.id)["Isthmus_Id__c"] == "#N/A"


def test_an_unknown_field_fails_the_request(org: DmlOrg) -> None:
    with pytest.raises(SalesforceError, match="No such column 'Foo__c' on sobject of type Lead"):
        org.insert("Lead", PERSON | {"Foo__c": "x"})
