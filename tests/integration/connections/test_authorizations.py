"""Sign-ins that are shared, replaced, removed and revoked, and what is around them."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.utils import timezone
from psycopg import Connection

from integration.connections import orgs
from integration.connections.orgs import connect, grants
from integration.connections.worlds import IMPORT, new_run
from integration.set_up import new_connection, new_goal
from isthmus.connections import (
    authorizations,
    by_form,
    certificates,
    client_apps,
    executing,
    permissions,
    queueing,
    removing,
    revoking,
    secrets,
    setting_up,
    sharing,
    sign_in,
)
from isthmus.connections import orgs as org_pins
from isthmus.connections.authorizations import Flow, _sealed_columns
from isthmus.connections.by_form import FormSignIn, connect_by_form
from isthmus.connections.errors import (
    AppInUse,
    AppRefused,
    OrgReplaced,
    RunAlreadyGoing,
    SharingRefused,
)
from isthmus.connections.executing import Worker
from isthmus.connections.models import (
    App,
    Authorization,
    KnownObject,
    Revocation,
    RunState,
)
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.runs import GoalRun
from isthmus.connections.signing_in import OutcomeKind
from localorg.testing import LocalOrg

pytestmark = pytest.mark.usefixtures("store")


def unconnected(key: str) -> ConnectionRow:
    return new_connection(key, authorization=None, org_id="", name=key.title())


@pytest.fixture
def acme(store: Connection[Any], org: LocalOrg) -> ConnectionRow:
    row = unconnected("acme")
    assert connect(row, org).is_connected
    row.refresh_from_db()
    return row


def row_of(connection: ConnectionRow) -> Authorization:
    return Authorization.objects.get(connections=connection.id)


# Sharing and removing


def test_a_shared_sign_in_is_revoked_with_its_last_user(acme: ConnectionRow, org: LocalOrg) -> None:
    other = unconnected("other")
    sharing.share(other, row_of(acme))
    assert grants(org) == 1
    removing.delete_connection(acme)
    assert grants(org) == 1
    with sign_in.signed_in(other) as client:
        assert client.limits()
    sharing.stop(other)
    assert grants(org) == 0
    assert not Authorization.objects.exists()
    assert not Revocation.objects.exists()


def test_who_shares_lets_go_of_what_was_there_before(acme: ConnectionRow, org: LocalOrg) -> None:
    other = unconnected("other")
    connect(other, org)
    assert grants(org) == 2
    sharing.share(other, row_of(acme))
    assert grants(org) == 1
    assert row_of(other).id == row_of(acme).id


def test_a_sign_in_of_another_org_or_one_that_is_lost_is_not_shared(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    other = new_connection("other", authorization=None)
    with pytest.raises(OrgReplaced):
        sharing.share(other, row_of(acme))
    assert authorizations.shareable(other) == []
    ConnectionRow.objects.filter(id=other.id).update(org_id="")
    Authorization.objects.update(lost_at=timezone.now())
    with pytest.raises(SharingRefused):
        sharing.share(other, row_of(acme))


def test_connecting_anew_cures_all_that_share_where_it_is_the_same_user(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    other = unconnected("other")
    sharing.share(other, row_of(acme))
    Authorization.objects.update(lost_at=timezone.now())
    assert connect(other, org).is_connected
    assert row_of(acme).id == row_of(other).id
    with sign_in.signed_in(acme) as client:
        assert client.limits()
    assert grants(org) == 1


def test_a_copy_has_no_sign_in(acme: ConnectionRow, org: LocalOrg) -> None:
    assert setting_up.copy(acme).authorization is None
    assert grants(org) == 1


def test_what_salesforce_does_not_hear_is_said_again_later_and_given_up_after_days(
    acme: ConnectionRow, org: LocalOrg, caplog: pytest.LogCaptureFixture
) -> None:
    org.control("POST", "faults", {"kind": "server_unavailable", "path": "/revoke", "count": None})
    removing.delete_connection(acme)
    assert grants(org) == 1
    now = timezone.now()
    assert revoking.work_off(now=now) == 0  # not due yet
    waits = []
    for _ in range(4):
        due = Revocation.objects.get().due_at
        waits.append(due - now)
        now = due
        assert revoking.work_off(now=now) == 0
    assert waits == sorted(waits)
    org.control("DELETE", "faults")
    assert revoking.work_off(now=Revocation.objects.get().due_at) == 1
    assert grants(org) == 0
    assert not Revocation.objects.exists()
    with caplog.at_level(logging.WARNING, "isthmus.sign_in"):
        revoking.ask_for("https://unknown.example", "x")
        revoking.work_off(now=timezone.now() + revoking.GIVE_UP + timedelta(hours=1))
    assert not Revocation.objects.exists()
    assert "given up" in caplog.text


# Orgs


def test_accepting_another_org_drops_what_was_known_of_the_old_one(
    acme: ConnectionRow, org: LocalOrg, store: Connection[Any]
) -> None:
    goal = new_goal(acme, IMPORT)
    goal.read_until = goal.read_whole_at = timezone.now()
    goal.read_version = 3
    goal.save()
    store.execute(
        "INSERT INTO store.record_link (profile_id, goal, record_id, object)"
        " VALUES (uuidv7(), %s, '1', 'Lead')",
        [goal.id],
    )
    KnownObject.objects.create(
        authorization=row_of(acme), sobject="Lead", described_at=timezone.now(), description={}
    )
    old = "00D0000000000ZZEA0"
    ConnectionRow.objects.filter(id=acme.id).update(org_id=old)
    acme.refresh_from_db()
    with pytest.raises(OrgReplaced, match="accept-org acme"), sign_in.signed_in(acme):
        pass
    org_pins.accept_new_org(acme, by="Alice")
    goal.refresh_from_db()
    assert [goal.read_until, goal.read_whole_at] == [None, None]
    assert goal.read_version == 0
    assert store.execute("SELECT count(*) FROM store.record_link").fetchone() == (0,)
    assert not KnownObject.objects.exists()
    with sign_in.signed_in(acme) as client:
        assert client.org_id != old
    acme.refresh_from_db()
    assert acme.org_id == row_of(acme).org_id


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.CONFIRMING, RunState.WAITING])
def test_no_other_org_is_accepted_during_a_run(
    acme: ConnectionRow, org: LocalOrg, state: RunState
) -> None:
    new_run(acme, state, {})
    with pytest.raises(RunAlreadyGoing):
        org_pins.accept_new_org(acme, by="Alice")
    before = acme.org_id
    acme.refresh_from_db()
    assert acme.org_id == before != ""


# Permissions


def run_of(connection: ConnectionRow) -> Any:
    def engine(goal_run: GoalRun) -> None:
        goal_run.salesforce.limits()

    new_goal(connection, IMPORT)
    queueing.ask(connection)
    [run] = executing.work_off(connection, Worker(engines={"import": engine}))
    return run


def test_a_run_without_api_enabled_fails_and_says_so(acme: ConnectionRow, org: LocalOrg) -> None:
    org.control("POST", "rights", {"permission": "ApiEnabled", "given": False})
    run = run_of(acme)
    assert run.state == RunState.FAILED
    assert "API Enabled" in run.message
    assert "integration@localorg.example" in run.message
    assert row_of(acme).permissions == {"PermissionsApiEnabled": False}


def test_a_run_without_other_permissions_goes_on_and_names_them(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    org.control("POST", "rights", {"permission": "ManageDataIntegrations", "given": False})
    run = run_of(acme)
    assert run.state == RunState.FINISHED
    assert "Manage Data Integrations" in run.message
    assert "View Setup" not in run.message
    assert [each.name for each in permissions.missing(row_of(acme).permissions)] == [
        "Manage Data Integrations"
    ]


def test_a_run_with_a_lost_sign_in_fails_and_asks_to_connect_again(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    org.control("DELETE", "grants")
    run = run_of(acme)
    assert run.state == RunState.FAILED
    assert "Connect to Salesforce again" in run.message
    org.control("DELETE", "requests")
    queueing.ask(acme)
    [again] = executing.work_off(acme, Worker(engines={}))
    assert again.state == RunState.FAILED
    assert org.requests() == []


# Forms


def form(org: LocalOrg, **given: Any) -> FormSignIn:
    defaults = {
        "flow": Flow.CLIENT_CREDENTIALS,
        "login_url": org.url,
        "client_id": "localorg",
        "secret": "localorg-secret",
    }
    return FormSignIn(**{**defaults, **given})


def test_client_credentials_are_tried_and_kept(org: LocalOrg) -> None:
    row = unconnected("acme")
    outcome = connect_by_form(row, form(org), by="Alice")
    assert outcome.is_connected
    assert row_of(row).user_name == "integration@localorg.example"
    with sign_in.signed_in(row) as client:
        assert client.limits()
    org.control("DELETE", "sessions")
    with sign_in.signed_in(row) as client:
        assert client.limits()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"secret": "wrong"}, "invalid"),
        ({"secret": ""}, "consumer secret"),
        ({"client_id": " "}, "consumer key"),
        ({"login_url": "https://evil.example"}, "not a host"),
        ({"flow": Flow.JWT, "secret": "no key", "username": "x"}, "private key"),
        ({"flow": Flow.JWT, "secret": "no key"}, "user name"),
        ({"flow": Flow.JWT, "secret": "", "username": "x", "draft": 7}, "There is no"),
    ],
)
def test_what_does_not_work_is_not_kept(
    acme: ConnectionRow, org: LocalOrg, given: dict[str, Any], words: str
) -> None:
    before = Authorization.objects.filter(connections=acme.id).values().get()
    outcome = connect_by_form(acme, form(org, **given), by="Alice")
    assert not outcome.is_connected
    assert words in outcome.message
    assert "'Acme'" in outcome.message
    assert "stays as it was" in outcome.message
    assert Authorization.objects.filter(connections=acme.id).values().get() == before
    assert grants(org) == 1


def test_a_form_for_another_org_is_refused(org: LocalOrg) -> None:
    row = new_connection("acme", authorization=None)
    outcome = connect_by_form(row, form(org), by="Alice")
    assert outcome.kind is OutcomeKind.OTHER_ORG
    assert not Authorization.objects.exists()


def test_a_key_that_is_made_here_signs_in(org: LocalOrg) -> None:
    row = unconnected("acme")
    draft = certificates.draft("Isthmus Acme", "Alice")
    certificate = x509.load_pem_x509_certificate(draft.certificate.encode())
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    assert key.key_size >= 2048
    assert certificates.ends_at(draft.certificate) > datetime.now(UTC) + timedelta(days=5 * 365)
    assert b"PRIVATE" not in bytes(draft.sealed_secret)
    app = {"certificate": draft.certificate, "permitted_users": "admin_approved"}
    org.control("PATCH", "apps/localorg", {**app, "pre_authorised": ["System Administrator"]})
    given = {"flow": Flow.JWT, "secret": "", "username": "integration@localorg.example"}
    outcome = connect_by_form(row, form(org, **given, draft=draft.id, audience=org.url), by="Alice")
    assert outcome.is_connected, outcome.message
    kept = row_of(row)
    assert kept.certificate == draft.certificate
    assert Authorization.objects.count() == 1
    org.control("DELETE", "sessions")
    with sign_in.signed_in(row) as client:
        assert client.limits()


def test_keys_that_nobody_took_go(org: LocalOrg) -> None:
    draft = certificates.draft("x", "Alice")
    assert certificates.find_draft(draft.id)
    assert certificates.forget_drafts(timezone.now() + timedelta(days=29)) == 0
    assert certificates.forget_drafts(timezone.now() + timedelta(days=31)) == 1


# Apps


def test_an_app_in_use_keeps_its_key_and_hands_on_its_secret(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    app = orgs.the_app()
    with pytest.raises(AppInUse, match="'Acme'"):
        client_apps.delete(app)
    with pytest.raises(AppInUse):
        client_apps.save(app.name, "another", None, app=app)
    client_apps.save("Renamed", app.client_id, "new secret", app=app)
    assert secrets.unseal(row_of(acme).sealed_secret) == "new secret"
    client_apps.save("Renamed", app.client_id, None, app=app)
    assert secrets.unseal(App.objects.get().sealed_secret) == "new secret"
    sharing.stop(acme)
    client_apps.delete(app)
    assert client_apps.all_apps() == []


@pytest.mark.parametrize(
    ("name", "client_id"),
    [("", "x"), ("x", ""), ("x" * 81, "x"), ("a\x00b", "x"), ("x", "é"), ("x", "x" * 501)],
)
def test_an_app_that_makes_no_sense_is_refused(name: str, client_id: str) -> None:
    with pytest.raises(AppRefused):
        client_apps.save(name, client_id, "")
    assert not App.objects.exists()


def test_two_apps_have_two_names() -> None:
    client_apps.save("One", "1", "")
    with pytest.raises(AppRefused, match="already"):
        client_apps.save("One", "2", "")


def test_the_operator_gives_an_app(monkeypatch: pytest.MonkeyPatch) -> None:
    client_apps.save("Own", "1", "")
    monkeypatch.setenv("ISTHMUS_SALESFORCE_APP_ID", "given")
    monkeypatch.setenv("ISTHMUS_SALESFORCE_APP_SECRET", "s1")
    app = client_apps.default_app()
    assert app is not None
    assert (app.client_id, secrets.unseal(app.sealed_secret)) == ("given", "s1")
    with pytest.raises(AppRefused, match="ISTHMUS_SALESFORCE_APP_ID"):
        client_apps.delete(app)
    with pytest.raises(AppRefused):
        client_apps.save("x", "y", "", app=app)
    monkeypatch.setenv("ISTHMUS_SALESFORCE_APP_SECRET", "s2")
    assert secrets.unseal(client_apps.all_apps()[0].sealed_secret) == "s2"
    monkeypatch.delenv("ISTHMUS_SALESFORCE_APP_ID")
    assert [each.name for each in client_apps.all_apps()] == ["Own"]


# Keys


def test_another_key_takes_over_everything_that_is_sealed(
    acme: ConnectionRow, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    revoking.ask_for("https://unknown.example", "a token")
    orgs.begin(acme, org)
    old, new = os.environ["ISTHMUS_SECRET_KEY"], secrets.new_key()
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", f"{new},{old}")
    # Secret, refresh and access token of the sign-in; the app's secret; a token; a verifier.
    assert authorizations.sealed_otherwise() == (0, 6)
    assert authorizations.seal_again() == 6
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", new)
    assert authorizations.sealed_otherwise() == (0, 0)
    with sign_in.signed_in(acme) as client:
        assert client.limits()
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", old)
    assert authorizations.sealed_otherwise() == (6, 0)


def test_no_secret_shows_of_what_is_handed_around(org: LocalOrg) -> None:
    shown = repr(form(org)) + repr(by_form.FormSignIn(flow=Flow.JWT, login_url="x", client_id="y"))
    assert "localorg-secret" not in shown
    assert "PRIVATE" not in repr(certificates.make("x"))


def test_no_sealed_column_is_left_out_when_the_key_changes() -> None:
    from django.apps import apps

    sealed = {
        (model, name)
        for model in apps.get_app_config("connections").get_models()
        for name in dir(model)
        if name.startswith("sealed_")
    }
    assert {(model, name) for model, names in _sealed_columns() for name in names} == sealed


def test_mail_password_and_webhook_secret_are_sealed_anew(
    acme: ConnectionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    from isthmus.connections import mail_server, webhook_setting

    before = authorizations.seal_again()
    server = mail_server.Server(
        host="smtp.example.com", port=587, username="me", password="hush", sender="a@example.com"
    )
    mail_server.save(server)
    made = webhook_setting.set_webhook(acme, "https://example.com/hook")
    acme.save()
    new = secrets.new_key()
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", f"{new},{os.environ['ISTHMUS_SECRET_KEY']}")
    assert authorizations.seal_again() == before + 2
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", new)
    assert mail_server.current() == server
    acme.refresh_from_db()
    assert secrets.unseal(acme.sealed_webhook_secret) == made
