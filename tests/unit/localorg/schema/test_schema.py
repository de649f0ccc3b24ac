import pytest

from localorg.errors import SalesforceError
from localorg.schema import PERSON_FIELDS, Field, ObjectType, standard_schema

SCHEMA = standard_schema()


@pytest.mark.parametrize(
    ("object_name", "required"),
    [
        ("Lead", {"LastName", "Company"}),
        ("Contact", {"LastName"}),
        ("Account", {"Name"}),
        ("Case", set[str]()),
    ],
)
def test_an_insert_has_to_bring_what_salesforce_wants(object_name: str, required: set[str]) -> None:
    fields = SCHEMA.object(object_name).fields.values()
    assert {field.name for field in fields if field.required} == required


@pytest.mark.parametrize(
    ("object_name", "field_name", "length"),
    [
        ("Lead", "LastName", 80),
        ("Lead", "FirstName", 40),
        ("Lead", "Company", 255),
        ("Lead", "Title", 128),
        ("Lead", "Email", 80),
        ("Lead", "Street", 255),
        ("Lead", "PostalCode", 20),
        ("Lead", "Description", 32000),
        ("Contact", "Department", 80),
        ("Account", "PersonTitle", 80),
        ("Case", "CaseNumber", 30),
        ("Case", "Subject", 255),
        ("Lead", "Isthmus_Id__c", 36),
        ("Account", "Isthmus_Id__pc", 36),
    ],
)
def test_fields_have_salesforces_lengths(object_name: str, field_name: str, length: int) -> None:
    assert SCHEMA.object(object_name).field(field_name).length == length


def test_names_are_found_in_any_case() -> None:
    assert SCHEMA.object("LEAD").field("lastname").name == "LastName"


def test_unknown_names_are_refused_with_salesforces_words() -> None:
    with pytest.raises(SalesforceError, match="sObject type 'Leed' is not supported"):
        SCHEMA.object("Leed")
    with pytest.raises(SalesforceError, match="No such column 'Nope' on sobject of type Lead"):
        SCHEMA.object("Lead").field("Nope")


def test_every_lookup_points_to_an_object_and_has_a_name_of_its_own() -> None:
    for object_type in SCHEMA.objects.values():
        lookups = [field for field in object_type.fields.values() if field.type == "reference"]
        names = [field.relationship_name for field in lookups]
        assert None not in names
        assert len(set(names)) == len(names)
        for field in lookups:
            assert SCHEMA.object(field.reference_to[0]).name == field.reference_to[0]


def _kind(object_type: ObjectType, name: str) -> tuple[str, int, int, bool, bool]:
    field: Field = object_type.field(name)
    return field.type, field.precision, field.scale, field.external_id, field.unique


def test_a_person_account_shows_its_contacts_fields_alike() -> None:
    account, contact = SCHEMA.object("Account"), SCHEMA.object("Contact")
    for ours, theirs in PERSON_FIELDS.items():
        if ours.startswith("Person") or ours.endswith("__pc"):
            assert _kind(account, ours) == _kind(contact, theirs), ours
    assert PERSON_FIELDS["PersonEmail"] == "Email"
    assert PERSON_FIELDS["Tier__pc"] == "Tier__c"


def test_the_parts_of_an_address_belong_to_it() -> None:
    parts = SCHEMA.object("Account").parts["PersonMailingAddress"]
    assert {part.name.removeprefix("PersonMailing") for part in parts} == {
        "Street",
        "City",
        "State",
        "PostalCode",
        "Country",
    }
