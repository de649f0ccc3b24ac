import pytest

from localorg.rights import EVERYTHING, NOTHING, RightsDocument
from localorg.rights.document import read_stored, stored
from localorg.rights.effective import UNLIMITED, EffectiveRights
from localorg.rights.view import seen_by
from localorg.schema import Schema, standard_schema

ADMIN = frozenset({"PermissionsModifyAllData", "PermissionsViewSetup"})


@pytest.fixture(scope="module")
def schema() -> Schema:
    return standard_schema()


def rights(
    *sources: RightsDocument,
    permissions: frozenset[str] = frozenset(),
    exceptions: RightsDocument = NOTHING,
) -> EffectiveRights:
    return EffectiveRights(permissions=permissions, sources=sources, exceptions=exceptions)


def document(objects: dict[str, str], fields: dict[str, str]) -> RightsDocument:
    return RightsDocument(
        objects={name: frozenset(words.split()) for name, words in objects.items()},
        fields={name: frozenset(words.split()) for name, words in fields.items()},
    )


def test_without_limits_the_schema_is_the_orgs_own(schema: Schema) -> None:
    assert seen_by(schema, UNLIMITED) is schema


def test_who_may_do_everything_sees_the_same_objects(schema: Schema) -> None:
    seen = seen_by(schema, rights(EVERYTHING, permissions=ADMIN))
    assert seen.objects.keys() == schema.objects.keys()
    assert seen.object("Lead") is schema.object("Lead")


def test_rights_of_several_sources_add_up() -> None:
    readers = document({"lead": "read"}, {"*": "read"})
    editors = document({"lead": "read edit"}, {"lead.email": "read edit"})
    both = rights(readers, editors)
    assert both.object_rights("lead") == {"read", "edit"}
    assert both.field_rights("lead", "email") == {"read", "edit"}
    assert both.field_rights("lead", "phone") == {"read"}
    assert both.object_rights("contact") == frozenset()


def test_the_nearest_word_about_a_field_counts() -> None:
    said = document({}, {"*": "read edit", "lead.*": "read", "lead.email": ""})
    assert said.field_rights("lead", "email") == frozenset()
    assert said.field_rights("lead", "phone") == frozenset({"read"})
    assert said.field_rights("contact", "phone") == frozenset({"read", "edit"})
    assert NOTHING.field_rights("lead", "phone") is None


def test_modify_all_data_opens_every_object_but_no_hidden_field(schema: Schema) -> None:
    said = document({"lead": "read"}, {"*": "read edit", "lead.email": ""})
    seen = seen_by(schema, rights(said, permissions=ADMIN))
    assert seen.object("Contact").createable
    assert "email" not in seen.object("Lead").fields


def test_view_all_data_shows_every_object_and_lets_none_be_written(schema: Schema) -> None:
    said = rights(NOTHING, permissions=frozenset({"PermissionsViewAllData"}))
    account = seen_by(schema, said).object("Account")
    assert (account.createable, account.updateable, account.deletable) == (False, False, False)


def test_an_exception_has_the_last_word() -> None:
    said = RightsDocument(
        objects={"lead": frozenset()}, permissions={"PermissionsViewSetup": False}
    )
    found = rights(EVERYTHING, permissions=ADMIN, exceptions=said)
    assert found.object_rights("lead") == frozenset()
    assert not found.allows("PermissionsViewSetup")
    assert found.allows("PermissionsModifyAllData")


def test_what_every_record_has_can_not_be_hidden(schema: Schema) -> None:
    said = document({"lead": "read"}, {})
    names = seen_by(schema, rights(said)).object("Lead").fields.keys()
    assert {"id", "lastname", "name", "systemmodstamp", "isdeleted", "ownerid"} <= names
    assert "email" not in names


def test_audit_fields_can_be_set_with_the_permission_and_at_insert_only(schema: Schema) -> None:
    permissions = frozenset({"PermissionsCreateAuditFields"})
    seen = seen_by(schema, rights(EVERYTHING, permissions=permissions))
    created = seen.object("Lead").field("CreatedDate")
    assert (created.createable, created.updateable) == (True, False)
    assert not schema.object("Lead").field("CreatedDate").createable
    readers = document({"lead": "read"}, {"*": "read"})
    seen = seen_by(schema, rights(readers, permissions=permissions))
    assert not seen.object("Lead").field("CreatedDate").createable


def test_setup_objects_are_seen_by_all_and_changed_by_few(schema: Schema) -> None:
    seen = seen_by(schema, rights(NOTHING))
    assert seen.objects.keys() >= {"user", "organization", "recordtype", "userpermissionaccess"}
    assert "permissionset" not in seen.objects
    viewer = frozenset({"PermissionsViewSetup"})
    assignment = seen_by(schema, rights(NOTHING, permissions=viewer)).object(
        "PermissionSetAssignment"
    )
    assert not assignment.createable


def test_a_document_comes_back_as_it_was_kept() -> None:
    said = document({"lead": "read edit"}, {"lead.email": ""}).with_permission("P", given=True)
    assert read_stored(stored(said)) == said


def test_what_a_person_account_shows_of_its_contact_is_hidden_with_it(schema: Schema) -> None:
    said = document(
        {"account": "read edit", "contact": "read edit"},
        {"*": "read edit", "contact.birthdate": "", "contact.tier__c": "read"},
    )
    account = seen_by(schema, rights(said)).object("Account")
    assert "personbirthdate" not in account.fields
    assert not account.field("Tier__pc").updateable
    assert account.field("PersonEmail").updateable


def test_what_is_said_of_a_person_accounts_own_field_of_its_contact_counts_for_nothing(
    schema: Schema,
) -> None:
    said = document(
        {"account": "read edit", "contact": "read edit"},
        {"*": "read edit", "account.personbirthdate": ""},
    )
    assert "personbirthdate" in seen_by(schema, rights(said)).object("Account").fields
