"""Every row is one that the org itself would have saved."""

import re
from datetime import datetime, timedelta

import pytest

from localorg.clock import stored_datetime
from localorg.dml.conversion import converter
from localorg.errors import RowError
from localorg.schema import Field
from localorg.store import Store
from unit.localorg.seed.conftest import Record, Records

OBJECTS = ("Account", "Contact", "Lead", "Case")
RESERVED = re.compile(r"(.+\.)?example(\.(com|org|net))?", re.IGNORECASE)


def filled_values(org: Store, records: Records, object_name: str) -> list[tuple[Field, object]]:
    fields = org.schema.object(object_name).columns
    rows = records(object_name)
    return [(field, row[field.name]) for field in fields for row in rows]


@pytest.mark.parametrize("object_name", OBJECTS)
def test_the_org_would_store_every_value_as_it_is(
    org: Store, records: Records, object_name: str
) -> None:
    refused = []
    for field, value in filled_values(org, records, object_name):
        if value is None:
            continue
        stored = converter(field, org.schema)(str(value))
        if isinstance(stored, RowError) or stored != value:
            refused.append((field.name, value, stored))
    assert not refused


@pytest.mark.parametrize("object_name", OBJECTS)
def test_required_values_are_there(org: Store, records: Records, object_name: str) -> None:
    empty = {
        field.name
        for field, value in filled_values(org, records, object_name)
        if value is None and not field.nillable
    }
    assert not empty


@pytest.mark.parametrize("object_name", OBJECTS)
def test_text_is_trimmed_and_never_blank(org: Store, records: Records, object_name: str) -> None:
    values = {value for _, value in filled_values(org, records, object_name)}
    wrong = {value for value in values if isinstance(value, str) and value != value.strip()}
    assert not wrong
    assert "" not in values


@pytest.mark.parametrize("object_name", OBJECTS)
def test_unique_fields_hold_no_value_twice(org: Store, records: Records, object_name: str) -> None:
    for field in org.schema.object(object_name).columns:
        if field.unique or field.type == "id" or field.auto_number:
            values = [row[field.name] for row in records(object_name) if row[field.name]]
            assert len(values) == len(set(values)), field.name


def test_emails_go_nowhere(org: Store, records: Records) -> None:
    domains = {
        value.rpartition("@")[2].removeprefix("y" * 4).lstrip("y")
        for name in OBJECTS
        for field, value in filled_values(org, records, name)
        if field.type == "email" and isinstance(value, str)
    }
    assert len(domains) > 100
    assert not {domain for domain in domains if RESERVED.fullmatch(domain) is None}


@pytest.mark.parametrize("object_name", OBJECTS)
def test_a_record_is_made_then_changed_then_saved_well_before_now(
    records: Records, object_name: str, now: datetime
) -> None:
    latest = stored_datetime(now - timedelta(minutes=15))
    for row in records(object_name):
        moments = [row["CreatedDate"], row["LastModifiedDate"], row["SystemModstamp"]]
        assert moments == sorted(moments)
        assert moments[-1] <= latest
        assert moments[0] >= "2004-03-01T07:00:00.000Z"


@pytest.mark.parametrize("object_name", OBJECTS)
def test_every_lookup_finds_a_record_of_its_object(
    org: Store, records: Records, object_name: str
) -> None:
    for field in org.schema.object(object_name).columns:
        if field.type != "reference":
            continue
        known = {row["Id"] for name in field.reference_to for row in records(name)}
        used = {row[field.name] for row in records(object_name)} - {None}
        assert used <= known, field.name


def test_living_records_do_not_hang_on_deleted_ones(records: Records) -> None:
    for name, lookup, parent in (
        ("Contact", "AccountId", "Account"),
        ("Contact", "ReportsToId", "Contact"),
        ("Account", "ParentId", "Account"),
        ("Case", "ContactId", "Contact"),
        ("Case", "AccountId", "Account"),
        ("Lead", "ConvertedContactId", "Contact"),
        ("Lead", "ConvertedAccountId", "Account"),
    ):
        gone = {row["Id"] for row in records(parent) if row["IsDeleted"]}
        living = [row for row in records(name) if not row["IsDeleted"]]
        assert not [row["Id"] for row in living if row[lookup] in gone], lookup


def test_the_name_is_put_together_of_its_parts(records: Records) -> None:
    people: list[Record] = records("Lead") + records("Contact")
    people += [row for row in records("Account") if row["IsPersonAccount"]]
    for row in people:
        parts = (row["FirstName"], row["LastName"])
        assert row["Name"] == " ".join(part for part in parts if part)
