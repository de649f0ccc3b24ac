from collections.abc import Iterator
from pathlib import Path

import pytest

import localorg.setup_file
from localorg import setup_file
from localorg.formulas import defaults
from localorg.schema import Field, Schema
from localorg.schema.describe import describe_field
from localorg.store import Store
from unit.localorg.setup_file.test_problems import problems_of

EXAMPLE = Path(localorg.setup_file.__file__).with_name("example.yaml")


def schema_of(text: str) -> Schema:
    setup = setup_file.parse(text, "setup.yaml")
    schema = setup_file.org_schema(setup)
    setup.raise_problems()
    return schema


def lead_field(entry: str) -> Field:
    schema = schema_of("objects: {Lead: {fields: [{name: X__c, " + entry + "}]}}")
    return schema.object("Lead").field("X__c")


@pytest.fixture(scope="module")
def example() -> Schema:
    return schema_of(EXAMPLE.read_text("utf-8"))


@pytest.fixture
def store(example: Schema) -> Iterator[Store]:
    store = Store(":memory:", example)
    yield store
    store.close()


def test_the_example_can_be_used() -> None:
    assert problems_of(EXAMPLE.read_text("utf-8")) == ()
    assert setup_file.read(EXAMPLE).section("objects") is not None


def test_json_is_read_as_yaml_is() -> None:
    text = '{\n\t"objects": {\n\t\t"Lead": {"fields": [{"name": "X__c", "type": "date"}]}}}'
    assert schema_of(text).object("Lead").field("X__c").type == "date"


def test_without_a_file_an_org_has_the_standard_objects() -> None:
    schema = setup_file.org_schema(None)
    assert "trip__c" not in schema.objects
    assert schema.object("Lead").field("Company").required


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("type: string, length: 20", {"type": "string", "length": 20, "nillable": True}),
        ("type: string, required: true", {"length": 255, "nillable": False, "required": True}),
        (
            "type: string, external_id: true",
            {"external_id": True, "id_lookup": True, "unique": False, "indexed": True},
        ),
        (
            "type: string, unique: true, case_sensitive: true",
            {"unique": True, "case_sensitive": True, "indexed": True},
        ),
        ("type: textarea", {"length": 255, "filterable": True, "extra_type_info": "plaintextarea"}),
        ("type: textarea, length: 4000", {"length": 4000, "filterable": False, "sortable": False}),
        (
            "type: textarea, rich: true",
            {"html_formatted": True, "filterable": False, "extra_type_info": "richtextarea"},
        ),
        ("type: email", {"type": "email", "length": 80}),
        ("type: phone", {"type": "phone", "length": 40}),
        ("type: url", {"type": "url", "length": 255}),
        (
            "type: encryptedstring, length: 16, mask: ssn",
            {"length": 16, "mask": ("*", "ssn"), "filterable": False},
        ),
        ("type: boolean", {"nillable": False, "defaulted_on_create": True, "default_value": False}),
        ("type: boolean, default: true", {"default_value": 1}),
        ("type: int, digits: 4", {"type": "int", "digits": 4}),
        ("type: long", {"type": "long", "digits": 18}),
        ("type: double", {"precision": 18, "scale": 0}),
        ("type: currency", {"precision": 18, "scale": 2}),
        ("type: percent, precision: 5, scale: 1, default: 2.5", {"scale": 1, "default": 2.5}),
        ("type: date, default: 2026-01-31", {"default": "2026-01-31"}),
        (
            "type: datetime, default: '2026-01-31T10:00:00+01:00'",
            {"default": "2026-01-31T09:00:00.000Z"},
        ),
        ("type: time, default: '09:30:00.5'", {"default": "09:30:00.500Z"}),
        (
            "type: picklist, values: [a, b], default: B, restricted: true",
            {"default_value": "b", "restricted_picklist": True, "defaulted_on_create": True},
        ),
        ("type: multipicklist, values: [a, b]", {"type": "multipicklist", "length": 4099}),
        ("type: combobox, values: [a]", {"type": "combobox", "length": 255}),
        (
            "type: autonumber, format: 'A-{000}'",
            {"type": "string", "auto_number": True, "createable": False, "required": False},
        ),
        (
            "type: reference, to: Account",
            {
                "reference_to": ("Account",),
                "relationship_name": "X__r",
                "child_relationship_name": "Leads__r",
                "cascade_delete": False,
                "restricted_delete": False,
            },
        ),
        ("type: reference, to: [lead, contact]", {"reference_to": ("Lead", "Contact")}),
        ("type: reference, to: Account, on_delete: cascade", {"cascade_delete": True}),
        ("type: reference, to: Account, required: true", {"restricted_delete": True}),
        (
            "type: double, scale: 1, formula: 'LEN(Email)'",
            {"calculated": True, "createable": False, "updateable": False, "stored": False},
        ),
    ],
)  # fmt: skip
def test_a_field_is_what_the_file_says(entry: str, expected: dict[str, object]) -> None:
    field = lead_field(entry)
    assert {name: getattr(field, name) for name in expected} == expected


def test_the_values_of_a_dependent_picklist_say_what_they_go_with() -> None:
    field = lead_field(
        "type: picklist, controller: leadsource, "
        "values: [{value: a, for: [Web, Other]}, {value: b, for: []}, c]"
    )
    described = describe_field(field)
    assert (described["controllerName"], described["dependentPicklist"]) == ("LeadSource", True)
    # Web is the first of five sources, Other the last: bits 10001000.
    assert [entry["validFor"] for entry in described["picklistValues"]] == ["iA==", "AA==", None]


def test_a_standard_field_can_be_changed_in_part(example: Schema) -> None:
    lead = example.object("Lead")
    assert not lead.field("Company").required
    values = [(entry.value, entry.active) for entry in lead.field("Rating").picklist_values]
    assert values[-1] == ("Frozen", False)


def test_a_custom_object_has_what_every_object_has(example: Schema) -> None:
    trip = example.object("trip__c")
    names = {field.name for field in trip.fields.values()}
    assert {"Id", "OwnerId", "IsDeleted", "Name", "CreatedDate", "SystemModstamp"} <= names
    assert (trip.key_prefix, trip.label_plural, trip.custom) == ("a01", "Trips", True)
    assert trip.name_field == trip.field("Name")
    assert example.of_id("a01gL0000000001") is trip


def test_a_detail_belongs_to_who_owns_its_master(example: Schema) -> None:
    booking = example.object("Booking__c")
    master = booking.field("Trip__c")
    assert "ownerid" not in booking.fields
    assert master.cascade_delete
    assert master.required
    assert (master.updateable, master.relationship_order) == (False, 0)
    assert example.child_relationship("Trip__c", "bookings__R") == (booking, master)


def test_a_name_can_be_numbered(example: Schema) -> None:
    name = example.object("Booking__c").field("Name")
    assert (name.createable, name.auto_number_text(7)) == (False, "B-00007")


def test_a_key_prefix_follows_from_the_name_alone() -> None:
    alone = schema_of("objects: {Trip__c: {}}").object("Trip__c").key_prefix
    among = schema_of("objects: {Hotel__c: {}, Trip__c: {}}").object("Trip__c").key_prefix
    assert alone == among
    assert alone.startswith("a")


def test_a_contacts_fields_show_on_person_accounts(example: Schema) -> None:
    account = example.object("Account")
    trip = account.field("Favourite_Trip__pc")
    assert (trip.reference_to, trip.relationship_name) == (("Trip__c",), "Favourite_Trip__pr")
    assert example.person_fields["Age__pc"] == "Age__c"
    assert not account.field("Age__pc").stored


def test_a_persons_formula_is_its_contacts(store: Store) -> None:
    store.load("Contact", ("Id", "Birthdate"), [("003p", "1990-03-01")])
    store.load("Account", ("Id", "PersonContactId"), [("001p", "003p"), ("001b", None)])
    age = store.schema.object("Account").field("Age__pc").expression("Account")
    parts = ("SELECT Id, ", age or "", " FROM Account")
    with store.read() as connection:
        found = dict(connection.execute("".join(parts)).fetchall())
    assert found["001b"] is None
    assert found["001p"] >= 35


def test_a_formula_reaches_the_fields_of_the_master(store: Store) -> None:
    store.load("Trip__c", ("Id", "Price__c", "Discount__c"), [("a01t", 100.0, 25.0)])
    store.load("Booking__c", ("Id", "Trip__c", "Seats__c"), [("a02b", "a01t", 3)])
    total = store.schema.object("Booking__c").field("Total__c").expression("b")
    parts = ("SELECT ", total or "", " FROM Booking__c b")
    with store.read() as connection:
        assert connection.execute("".join(parts)).fetchall() == [(225.0,)]


def test_defaults_are_worked_out_when_they_are_needed(store: Store) -> None:
    with store.read() as connection:
        found = defaults(connection, store.schema.object("Trip__c"))
        day = connection.execute("SELECT substr(localorg_now(), 1, 10)").fetchone()[0]
    assert found["Booked_On__c"] == day
    assert found["Leaves_At__c"] == "09:00:00.000Z"
    assert found["Kind__c"] == "Mountains"
    assert "Starts__c" not in found


def test_record_types_get_rows_and_a_lookup(store: Store) -> None:
    lead = store.schema.object("Lead")
    assert lead.field("RecordTypeId").reference_to == ("RecordType",)
    assert "recordtypeid" not in store.schema.object("Contact").fields
    with store.read() as connection:
        found = connection.execute(
            "SELECT Name, DeveloperName FROM RecordType WHERE SobjectType = 'Lead' ORDER BY Id"
        ).fetchall()
    assert found == [("Consumer", "Consumer"), ("Partner", "Partner")]


def test_other_sections_are_left_to_others() -> None:
    setup = setup_file.parse("users:\n  - {username: a@b.example}\nqueues: []\n", "setup.yaml")
    setup_file.org_schema(setup)
    setup.raise_problems()
    users = setup.section("users")
    assert users is not None
    assert users.plain() == [{"username": "a@b.example"}]
    assert users.items()[0].entries(required=("username",)).text("username") == "a@b.example"
    assert setup.section("apps") is None


def test_characters_that_json_writes_as_two_are_one() -> None:
    text = '{"objects": {"Lead": {"fields": [{"name": "X__c", "type": "date", "label": "%s"}]}}}'
    schema = schema_of(text % "\\ud83d\\ude00 \\u00e9")
    assert schema.object("Lead").field("X__c").label == "😀 é"


def test_an_object_may_be_named_in_any_case() -> None:
    schema = schema_of("objects: {lEAD: {fields: [{name: X__c, type: date}]}}")
    assert schema.object("Lead").field("X__c").type == "date"


def test_a_default_moment_without_a_zone_is_in_utc() -> None:
    field = lead_field("type: datetime, default: '2026-01-31T10:00:00'")
    assert field.default == "2026-01-31T10:00:00.000Z"
