import pytest

from localorg.errors import SalesforceError
from localorg.store import OWNER_IDS
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


def test_an_owner_is_found_by_the_user_name(org: DmlOrg) -> None:
    lead = org.inserted(
        "Lead", LastName="L", Company="C", Owner={"Username": "bruno@localorg.example"}
    )
    assert org.row("Lead", lead)["OwnerId"] == OWNER_IDS[1]


def test_one_of_several_kinds_of_parents_can_be_named(org: DmlOrg) -> None:
    lead = org.inserted("Lead", LastName="L", Company="C", Email="l@example.org")
    contact = org.inserted("Contact", LastName="L", Email="l@example.org")
    subject = {"Subject": "Call", "Status": "Not Started", "Priority": "Normal"}
    kinds = ("Lead:Who", "Contact:Who")
    tasks = [
        org.inserted("Task", **subject, **{kind: {"Email": "l@example.org"}}) for kind in kinds
    ]
    assert [org.row("Task", task)["WhoId"] for task in tasks] == [lead, contact]
    with pytest.raises(SalesforceError, match=r"No such column 'Account:Who\.Email'"):
        org.insert("Task", subject | {"Account:Who": {"Email": "l@example.org"}})


def test_a_lookup_takes_ids_of_its_own_kinds_only(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    changes = org.insert("Lead", {"LastName": "L", "Company": "C", "OwnerId": account})
    assert messages(changes) == [f"Owner ID: id value of incorrect type: {account}"]
