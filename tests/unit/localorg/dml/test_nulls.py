"""What becomes of a null where a field has to have a value."""

import pytest

from localorg.dml import Change
from localorg.errors import RowError
from unit.localorg.dml.dml_org import DmlOrg, codes

PERSON = {"LastName": "Lovelace", "Company": "Engines"}


def refusal(change: Change) -> tuple[str, str, tuple[str, ...]]:
    [error] = change.errors
    assert isinstance(error, RowError)
    return error.code, error.message, error.fields


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize(
    ("name", "label"), [("Lead", "Owner ID"), ("Case", "Owner ID"), ("Task", "Owner ID")]
)
def test_a_record_keeps_an_owner(org: DmlOrg, name: str, label: str, nothing: str | None) -> None:
    record = org.inserted(name, **(PERSON if name == "Lead" else {"Subject": "x"}))
    owner = org.row(name, record)["OwnerId"]
    [change] = org.update(name, {"Id": record, "OwnerId": nothing})
    said = f"{label}: owner cannot be blank"
    assert refusal(change) == ("INVALID_CROSS_REFERENCE_KEY", said, ("OwnerId",))
    assert org.row(name, record)["OwnerId"] == owner


def test_null_in_a_row_clears_no_owner_either(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **PERSON)
    for column in ("OwnerId", "Owner.Username"):
        [change] = org.update_rows("Lead", ["Id", column], [lead, "#N/A"])
        assert codes([change]) == ["INVALID_CROSS_REFERENCE_KEY"]


@pytest.mark.parametrize(
    ("name", "field"),
    [("Lead", "Status"), ("Lead", "LastName"), ("Task", "Status"), ("Task", "Priority")],
)
def test_a_field_that_is_not_nillable_keeps_a_value(org: DmlOrg, name: str, field: str) -> None:
    record = org.inserted(name, **(PERSON if name == "Lead" else {"Subject": "x"}))
    before = org.row(name, record)[field]
    [change] = org.update(name, {"Id": record, field: None})
    said = f"Required fields are missing: [{field}]"
    assert refusal(change) == ("REQUIRED_FIELD_MISSING", said, (field,))
    assert org.row(name, record)[field] == before


def test_an_upsert_that_finds_its_record_keeps_what_is_not_nillable(org: DmlOrg) -> None:
    org.inserted("Lead", **PERSON, Isthmus_Id__c="a")
    changes = org.upsert("Lead", "Isthmus_Id__c", {"Isthmus_Id__c": "a", "Status": None})
    assert codes(changes) == ["REQUIRED_FIELD_MISSING"]


def test_a_new_record_gets_the_default_of_what_is_null(org: DmlOrg) -> None:
    row = org.row("Lead", org.inserted("Lead", **PERSON, Status=None))
    assert row["Status"] == "Open - Not Contacted"


def test_a_case_without_a_status_is_open(org: DmlOrg) -> None:
    case = org.inserted("Case", Subject="x", Status="Closed")
    assert codes(org.update("Case", {"Id": case, "Status": None})) == [None]
    row = org.row("Case", case)
    assert (row["Status"], row["IsClosed"], row["ClosedDate"]) == (None, 0, None)
