from typing import Any

import pytest

from localorg.errors import SalesforceError
from unit.localorg.dml.dml_org import DmlOrg

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
        ("Newsletter__c", 1, "Cannot deserialize instance of boolean from VALUE_NUMBER_INT"),
        ("Newsletter__c", None, "Cannot deserialize instance of boolean from null value null"),
        ("Annual_Spend__c", "lots", "Cannot deserialize instance of currency from VALUE_STRING"),
        ("Last_Purchase__c", "soon", "Cannot deserialize instance of date from VALUE_STRING"),
        ("LastName", ["a"], "Cannot deserialize instance of string from START_ARRAY"),
    ],
)
def test_values_of_the_wrong_kind_fail_the_request(
    org: DmlOrg, field: str, value: Any, said: str
) -> None:
    with pytest.raises(SalesforceError, match=said) as failed:
        org.insert("Lead", PERSON | {field: value})
    assert failed.value.code == "JSON_PARSER_ERROR"


def test_an_unknown_field_fails_the_request(org: DmlOrg) -> None:
    with pytest.raises(SalesforceError, match="No such column 'Foo__c' on sobject of type Lead"):
        org.insert("Lead", PERSON | {"Foo__c": "x"})
