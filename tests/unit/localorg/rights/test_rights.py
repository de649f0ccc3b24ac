from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from localorg.clock import Clock
from localorg.rights import EVERYBODY, Rights
from localorg.rights.records import AccessRecords
from localorg.schema import standard_schema
from localorg.store import (
    INTEGRATION_USER_ID,
    OWNER_IDS,
    PROFILE_ID,
    STANDARD_PROFILE_ID,
    Store,
)
from localorg.store.identities import FORMER_COLLEAGUE_ID

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
VIEW_SETUP = "PermissionsViewSetup"


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(":memory:", standard_schema(), NOON)
    yield store
    store.close()


@pytest.fixture
def rights(store: Store) -> Rights:
    return Rights(store)


def take_view_setup(rights: Rights) -> None:
    rights.documents.except_for(
        EVERYBODY, lambda said: said.with_permission(VIEW_SETUP, given=False)
    )


def test_an_administrator_has_every_permission_that_matters(rights: Rights) -> None:
    for name in ("ApiEnabled", "ManageDataIntegrations", "ViewSetup", "ViewAllData"):
        assert rights.allows(INTEGRATION_USER_ID, f"Permissions{name}")
    assert not rights.allows(INTEGRATION_USER_ID, "PermissionsNobodyKnows")


def test_an_administrator_sets_audit_fields_only_once_it_was_allowed(rights: Rights) -> None:
    permission = "PermissionsCreateAuditFields"
    assert not rights.allows(INTEGRATION_USER_ID, permission)
    rights.documents.except_for(
        EVERYBODY, lambda said: said.with_permission(permission, given=True)
    )
    assert rights.allows(INTEGRATION_USER_ID, permission)


def test_the_view_of_a_user_is_made_once_until_rights_change(rights: Rights) -> None:
    first = rights.schema_for(INTEGRATION_USER_ID)
    assert rights.schema_for(INTEGRATION_USER_ID) is first
    take_view_setup(rights)
    assert rights.schema_for(INTEGRATION_USER_ID) is not first


def test_a_write_to_a_record_that_rights_hang_on_counts_at_once(
    rights: Rights, store: Store
) -> None:
    assert rights.is_active(OWNER_IDS[0])
    with store.write() as connection:
        connection.execute("UPDATE User SET IsActive = 0 WHERE Id = ?", (OWNER_IDS[0],))
    assert not rights.is_active(OWNER_IDS[0])


def test_what_is_not_committed_is_neither_seen_nor_kept(rights: Rights, store: Store) -> None:
    import contextvars
    from concurrent.futures import ThreadPoolExecutor

    def elsewhere() -> bool:
        return rights.is_active(OWNER_IDS[0])

    with ThreadPoolExecutor(1) as pool:
        with store.write() as connection:
            connection.execute("UPDATE User SET IsActive = 0 WHERE Id = ?", (OWNER_IDS[0],))
            assert pool.submit(contextvars.Context().run, elsewhere).result()
        assert not pool.submit(contextvars.Context().run, elsewhere).result()


def test_a_rolled_back_change_changes_nothing(rights: Rights, store: Store) -> None:
    def change_and_fail() -> None:
        with store.write() as connection:
            connection.execute("UPDATE User SET IsActive = 0 WHERE Id = ?", (OWNER_IDS[0],))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    assert rights.is_active(OWNER_IDS[0])


def test_a_permission_set_that_was_given_for_a_time_ends_with_it(
    rights: Rights, store: Store
) -> None:
    clock = Clock(lambda: NOON)
    store.now = clock.now
    records = AccessRecords(store, NOON)
    user_id = records.put_user("eva@acme.example", {}, {"ProfileId": STANDARD_PROFILE_ID})
    set_id = records.put_permission_set("Setup", "Setup", {VIEW_SETUP: True})
    records.assign(user_id, [set_id])
    with store.write() as connection:
        connection.execute(
            "UPDATE PermissionSetAssignment SET ExpirationDate = ? WHERE PermissionSetId = ?",
            ("2026-01-31T13:00:00.000Z", set_id),
        )
    assert rights.allows(user_id, VIEW_SETUP)
    clock.advance(3600)
    assert not rights.allows(user_id, VIEW_SETUP)


def test_exceptions_are_forgotten_together(rights: Rights) -> None:
    take_view_setup(rights)
    assert not rights.allows(INTEGRATION_USER_ID, VIEW_SETUP)
    rights.documents.clear_exceptions()
    assert rights.allows(INTEGRATION_USER_ID, VIEW_SETUP)


def test_what_permission_sets_give_can_be_read_as_records(rights: Rights, store: Store) -> None:
    counted = "SELECT count(*) FROM FieldPermissions WHERE Field = 'Lead.Email'"
    edited = "SELECT DISTINCT PermissionsEdit FROM FieldPermissions WHERE Field = 'Lead.Email'"
    with store.read() as connection:
        assert connection.execute(counted).fetchone() == (2,)
        assert connection.execute(edited).fetchall() == [(1,)]
        [[set_id]] = connection.execute(
            "SELECT Id FROM PermissionSet WHERE ProfileId = ?", (PROFILE_ID,)
        )
    rights.documents.except_for(set_id, lambda said: said.with_field("Lead.Email", ()))
    rights.documents.except_for(set_id, lambda said: said.with_object("Case", ("read",)))
    flags = """
    SELECT PermissionsRead, PermissionsEdit, PermissionsDelete FROM ObjectPermissions
    WHERE ParentId = ? AND SobjectType = 'Case'
    """
    with store.read() as connection:
        assert connection.execute(counted).fetchone() == (1,)
        assert connection.execute(flags, (set_id,)).fetchall() == [(1, 0, 0)]


def test_objects_that_describe_the_org_are_not_governed_by_object_rights(
    rights: Rights, store: Store
) -> None:
    rights.documents.except_for(
        EVERYBODY, lambda said: said.with_permission(VIEW_SETUP, given=False)
    )
    fixed = {
        name
        for name, object_type in store.schema.objects.items()
        if not object_type.createable and not name.startswith(("permission", "object", "field"))
    }
    assert fixed <= rights.schema_for(FORMER_COLLEAGUE_ID).objects.keys()
