from collections.abc import Iterator
from typing import Any

import pytest

from localorg.clock import Clock
from localorg.oauth.accounts import Account
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.setup_file import SetupFileError, parse
from localorg.setup_file.access import install_access
from localorg.store import INTEGRATION_USER_ID, Store

EVERYTHING = """
profiles:
  Marketing User:
    permissions: [ApiEnabled, PermissionsViewSetup]
    objects: {Lead: [read, edit], "*": read}
    fields: {Lead.Phone: []}
permission_sets:
  Hard_Delete:
    label: Hard delete
    permissions: [BulkApiHardDelete]
users:
  eva@acme.example:
    first_name: Eva
    last_name: Brandt
    profile: Marketing User
    permission_sets: [Hard_Delete]
    password: s3same
    time_zone: Europe/Berlin
  gone@acme.example: {active: false}
apps:
  nightly:
    name: Nightly sync
    secret: s3cret
    callbacks: [https://sync.example/done]
    scopes: [api, refresh_token]
    run_as: eva@acme.example
    rotate_refresh_tokens: true
    refresh_idle_seconds: 2592000
    permitted_users: admin_approved
    pre_authorised: [Marketing User]
"""


@pytest.fixture
def org() -> Iterator[Org]:
    org = Org(Store(":memory:", standard_schema()), Clock(), Settings())
    yield org
    org.close()


def install(org: Org, text: str = EVERYTHING) -> None:
    setup = parse(text, "org.yaml")
    install_access(org, setup)
    setup.raise_problems()


def account(org: Org, username: str) -> Account:
    found = org.sign_in.accounts.by_username(username)
    assert found is not None
    return found


def rows(org: Org, statement: str, *values: str) -> list[Any]:
    with org.store.read() as connection:
        return connection.execute(statement, values).fetchall()


def test_a_user_gets_a_profile_a_password_and_permission_sets(org: Org) -> None:
    install(org)
    eva = account(org, "EVA@acme.example")
    assert (eva.name, eva.active) == ("Eva Brandt", True)
    assert org.sign_in.accounts.check_password("eva@acme.example", "s3same") == eva
    assert org.sign_in.accounts.check_password("eva@acme.example", "localorg") is None
    assert org.rights.allows(eva.user_id, "PermissionsViewSetup")
    assert org.rights.allows(eva.user_id, "PermissionsBulkApiHardDelete")
    assert not org.rights.allows(eva.user_id, "PermissionsModifyAllData")
    seen = org.rights.schema_for(eva.user_id)
    assert seen.object("Lead").updateable
    assert "phone" not in seen.object("Lead").fields
    assert not seen.object("Contact").updateable
    assert not org.sign_in.accounts.is_usable(account(org, "gone@acme.example").user_id)


def test_profiles_and_sets_are_records_of_the_org(org: Org) -> None:
    install(org)
    [[profile]] = rows(
        org, "SELECT PermissionsViewSetup FROM Profile WHERE Name = 'Marketing User'"
    )
    assert profile == 1
    assigned = """
    SELECT s.Label, s.IsOwnedByProfile FROM PermissionSetAssignment a
    JOIN PermissionSet s ON s.Id = a.PermissionSetId
    WHERE a.AssigneeId = ? ORDER BY s.IsOwnedByProfile
    """
    found = rows(org, assigned, account(org, "eva@acme.example").user_id)
    assert found[0] == ("Hard delete", 0)
    assert [flag for _, flag in found] == [0, 1]


def test_an_app_has_the_policies_of_the_file(org: Org) -> None:
    install(org)
    app = org.sign_in.apps.find("nightly")
    assert app is not None
    assert (app.label, app.secret, app.scopes) == (
        "Nightly sync",
        "s3cret",
        ("api", "refresh_token"),
    )
    assert app.rotate_refresh_tokens
    assert app.require_secret
    assert app.takes_callback("https://sync.example/done")
    eva, amara = account(org, "eva@acme.example"), account(org, "amara@localorg.example")
    assert org.sign_in.consents.is_pre_authorised(app, eva)
    assert not org.sign_in.consents.is_pre_authorised(app, amara)


def test_installing_twice_changes_nothing(org: Org) -> None:
    install(org)
    counted = """
    SELECT (SELECT count(*) FROM User), (SELECT count(*) FROM Profile),
    (SELECT count(*) FROM PermissionSet), (SELECT count(*) FROM PermissionSetAssignment),
    (SELECT max(SystemModstamp) FROM User), (SELECT hash FROM localorg_passwords)
    """
    before = rows(org, counted)
    org.clock.advance(3600)
    install(org)
    assert rows(org, counted) == before


def test_the_file_has_the_last_word_about_what_is_there_already(org: Org) -> None:
    install(org)
    install(org, "users: {eva@acme.example: {profile: Standard User, permission_sets: []}}")
    eva = account(org, "eva@acme.example")
    assert eva.name == "Eva Brandt"
    assert not org.rights.allows(eva.user_id, "PermissionsBulkApiHardDelete")
    assert not org.rights.allows(eva.user_id, "PermissionsViewSetup")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("users: {eva: {}}", "org.yaml:1: users.eva: 'eva' is no user name."),
        ("users: {a@b.example: {colour: 1}}", "'colour' is no key here. Allowed: first_name"),
        ("users: {a@b.example: {profile: Kings}}", "There is no profile 'Kings'."),
        ("users: {a@b.example: {permission_sets: [X]}}", "There is no permission set 'X'."),
        ("users: {a@b.example: {time_zone: Mars/Base}}", "'Mars/Base' is no time zone."),
        ("profiles: {P: {permissions: [ApiEnable]}}", "Did you mean ApiEnabled?"),
        ("profiles: {P: {objects: {Leed: [read]}}}", "'Leed' is no object. Allowed: Account"),
        ("profiles: {P: {objects: {Lead: [fly]}}}", "'fly' is no right on an object."),
        ("profiles: {P: {fields: {Lead.Emale: [read]}}}", "'Lead.Emale' is no field."),
        ("profiles: {P: {objects: {User: [read]}}}", "ViewSetup decide about User"),
        (
            "profiles: {P: {fields: {Account.Tier__pc: [read]}}}",
            "'Account.Tier__pc' shows Contact.Tier__c of persons",
        ),
        ("profiles: {P: {fields: {Lead.Email: [delete]}}}", "'delete' is no right on a field."),
        ("apps: {a: {scopes: [fly]}}", "'fly' is no scope. Allowed: id, profile"),
        ("apps: {a: {approval_cap: 0}}", "0 is out of range. Allowed: 1 to"),
        ("apps: {a: {certificate: x}}", "This is no PEM text of an RSA certificate"),
        ("apps: {a: {kind: other}}", "Allowed: connected_app, external_client_app."),
    ],
)
def test_a_problem_is_told_with_its_place(org: Org, text: str, problem: str) -> None:
    with pytest.raises(SetupFileError) as refused:
        install(org, text)
    assert problem in str(refused.value)
    assert str(refused.value).startswith("org.yaml:1: ")


def test_a_profile_keeps_the_permissions_that_the_file_does_not_speak_of(org: Org) -> None:
    install(org, "profiles: {System Administrator: {fields: {Lead.Email: []}}}")
    assert org.rights.allows(INTEGRATION_USER_ID, "PermissionsApiEnabled")
    assert "email" not in org.rights.schema_for(INTEGRATION_USER_ID).object("Lead").fields
    install(org, "profiles: {System Administrator: {permissions: [ApiEnabled]}}")
    assert org.rights.allows(INTEGRATION_USER_ID, "PermissionsApiEnabled")
    assert not org.rights.allows(INTEGRATION_USER_ID, "PermissionsViewSetup")
