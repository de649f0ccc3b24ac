import pytest

from localorg.errors import SalesforceError
from unit.localorg.dml.dml_org import DmlOrg, codes, messages


def test_a_parent_is_found_by_its_external_id(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme", Isthmus_Id__c="acme")
    contact = org.inserted("Contact", LastName="L", Account={"Isthmus_Id__c": "ACME"})
    assert org.row("Contact", contact)["AccountId"] == account


def test_a_parent_that_is_not_there_is_named(org: DmlOrg) -> None:
    changes = org.insert("Contact", {"LastName": "L", "Account": {"Isthmus_Id__c": "nope"}})
    assert codes(changes) == ["INVALID_FIELD"]
    assert messages(changes) == [
        "Foreign key external ID: nope not found for field Isthmus_Id__c in entity Account"
    ]


def test_two_parents_are_too_many(org: DmlOrg) -> None:
    org.insert("Account", *({"Name": name, "External_Ref__c": "r"} for name in "ab"))
    changes = org.insert("Contact", {"LastName": "L", "Account": {"External_Ref__c": "r"}})
    assert "matches more than one record" in (messages(changes)[0] or "")


def test_a_parent_is_only_found_by_a_key(org: DmlOrg) -> None:
    with pytest.raises(SalesforceError, match=r"No such column 'Account\.Name'"):
        org.insert("Contact", {"LastName": "L", "Account": {"Name": "Acme"}})


def test_a_lookup_points_to_a_live_record(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    org.delete("Account", account)
    changes = org.insert(
        "Contact",
        {"LastName": "L", "AccountId": account},
        {"LastName": "L", "AccountId": "001000000000001AAA"},
    )
    assert codes(changes) == ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"]
    assert changes[1].errors[0].fields == ("AccountId",)
