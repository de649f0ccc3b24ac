import pytest

from localorg.errors import SalesforceError
from localorg.schema import PERSON_FIELDS, Field, ObjectType, standard_schema
from localorg.store import Store

SCHEMA = standard_schema()


@pytest.mark.parametrize(
    ("object_name", "required"),
    [
        ("Lead", {"LastName", "Company"}),
        ("Contact", {"LastName"}),
        ("Account", {"Name"}),
        ("Case", set[str]()),
        ("Opportunity", {"Name", "StageName", "CloseDate"}),
        ("OpportunityContactRole", {"OpportunityId", "ContactId"}),
        ("CaseComment", {"ParentId"}),
        ("Individual", {"LastName"}),
        ("Task", set[str]()),
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
        ("CaseComment", "CommentBody", 4000),
        ("Opportunity", "Name", 120),
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
            assert field.reference_to
            assert [SCHEMA.object(name).name for name in field.reference_to] == list(
                field.reference_to
            )


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


@pytest.mark.parametrize(
    ("object_name", "prefix"),
    [
        ("Account", "001"),
        ("AssignmentRule", "01Q"),
        ("Case", "500"),
        ("CaseComment", "00a"),
        ("Contact", "003"),
        ("Group", "00G"),
        ("Individual", "0PK"),
        ("Lead", "00Q"),
        ("Opportunity", "006"),
        ("Organization", "00D"),
        ("PermissionSet", "0PS"),
        ("PermissionSetAssignment", "0Pa"),
        ("Profile", "00e"),
        ("RecordType", "012"),
        ("Task", "00T"),
        ("User", "005"),
        ("UserRole", "00E"),
    ],
)
def test_ids_begin_as_salesforces_do(object_name: str, prefix: str) -> None:
    object_type = SCHEMA.object(object_name)
    assert object_type.key_prefix == prefix
    assert SCHEMA.of_id(prefix + "gL0000000001") is object_type


def test_only_statuses_share_a_key_prefix() -> None:
    prefixes = [entry.key_prefix for entry in SCHEMA.objects.values()]
    assert {prefix for prefix in prefixes if prefixes.count(prefix) > 1} == {"01J"}


@pytest.mark.parametrize("object_name", ["Lead", "Case", "Task"])
def test_a_queue_can_own_some_records(object_name: str) -> None:
    owner = SCHEMA.object(object_name).field("OwnerId")
    assert owner.reference_to == ("Group", "User")
    assert owner.polymorphic


def test_the_bulk_api_does_not_read_every_object() -> None:
    unread = {entry.name for entry in SCHEMA.objects.values() if not entry.bulk_queryable}
    assert unread == {"CaseStatus", "OauthToken", "UserPermissionAccess"}


@pytest.mark.parametrize(
    ("parent", "name", "child", "field_name"),
    [
        ("Account", "contacts", "Contact", "AccountId"),
        ("Account", "Opportunities", "Opportunity", "AccountId"),
        ("Account", "ChildAccounts", "Account", "ParentId"),
        ("Contact", "Cases", "Case", "ContactId"),
        ("Lead", "TASKS", "Task", "WhoId"),
        ("Case", "CaseComments", "CaseComment", "ParentId"),
        ("PermissionSet", "Assignments", "PermissionSetAssignment", "PermissionSetId"),
    ],
)
def test_a_parent_knows_its_children_by_a_name(
    parent: str, name: str, child: str, field_name: str
) -> None:
    found = SCHEMA.child_relationship(parent, name)
    assert found is not None
    assert (found[0].name, found[1].name) == (child, field_name)


def test_no_parent_has_two_kinds_of_children_of_one_name() -> None:
    for parent in SCHEMA.objects.values():
        names = [
            field.child_relationship_name
            for _, field in SCHEMA.children(parent.name)
            if field.child_relationship_name
        ]
        assert len(set(names)) == len(names), parent.name


def test_the_schema_finds_the_fields_of_persons_by_itself() -> None:
    assert SCHEMA.person_fields == PERSON_FIELDS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"StageName": "Closed Won", "Amount": 10, "Probability": 50}, (1, 1, 5.0, "Closed")),
        ({"StageName": "Closed Lost"}, (1, 0, None, "Omitted")),
        ({"StageName": "Prospecting"}, (0, 0, None, "Pipeline")),
        ({"StageName": "Nobody knows"}, (0, 0, None, None)),
    ],
)
def test_what_an_opportunity_is_follows_from_its_stage(
    values: dict[str, str | int], expected: tuple[object, ...]
) -> None:
    store = Store(":memory:", SCHEMA)
    store.load("Opportunity", ("Id", *values), [("006a", *values.values())])
    opportunity = SCHEMA.object("Opportunity")
    names = ("IsClosed", "IsWon", "ExpectedRevenue", "ForecastCategoryName")
    columns = ", ".join(opportunity.field(name).expression("o") or "" for name in names)
    with store.read() as connection:
        parts = ("SELECT ", columns, " FROM Opportunity o")
        found = connection.execute("".join(parts)).fetchall()
    store.close()
    assert found == [expected]


def test_the_fiscal_quarter_is_that_of_the_close_date() -> None:
    store = Store(":memory:", SCHEMA)
    days = ("2026-01-01", "2026-03-31", "2026-04-01", "2026-12-31")
    store.load("Opportunity", ("Id", "CloseDate"), [(day, day) for day in days])
    fiscal = SCHEMA.object("Opportunity").field("Fiscal").expression("o") or ""
    with store.read() as connection:
        parts = ("SELECT ", fiscal, " FROM Opportunity o ORDER BY Id")
        found = connection.execute("".join(parts)).fetchall()
    store.close()
    assert [row[0] for row in found] == ["2026 1", "2026 1", "2026 2", "2026 4"]


@pytest.mark.parametrize(
    ("form", "number", "text"),
    [
        ("A-{0000}", 7, "A-0007"),
        ("{0}", 12, "12"),
        ("T{000}/x", 1234, "T1234/x"),
        (None, 3, "3"),
    ],
)
def test_a_number_stands_in_its_format(form: str | None, number: int, text: str) -> None:
    field = Field(name="N__c", label="N", type="string", auto_number=True, auto_number_format=form)
    assert field.auto_number_text(number) == text
