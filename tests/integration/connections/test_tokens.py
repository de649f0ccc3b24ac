"""Tokens that processes share: stored before use, renewed once, lost only when they are."""

import threading
import time
from typing import Any

import psycopg
import pytest
from django.db import transaction
from psycopg import Connection

from integration.connections import orgs
from integration.connections.orgs import connect
from integration.set_up import new_connection
from isthmus.connections import lacking, overview, rechecking, sign_in, tokens
from isthmus.connections.authorizations import Flow
from isthmus.connections.by_form import FormSignIn, connect_by_form
from isthmus.connections.errors import SignInBusy, SignInLost
from isthmus.connections.models import Authorization, Revocation
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.overview import Health, Wanted
from isthmus.connections.tokens import Renewal, StoredSignIn
from isthmus.profiles import setting_up
from isthmus.salesforce import (
    ClientSettings,
    Grant,
    HostNotAllowed,
    RenewalUnknown,
    SignInRefused,
    Token,
    WaitCancelled,
)
from localorg.testing import LocalOrg

QUICK = ClientSettings(first_pause_seconds=0.01, read_seconds=5)


@pytest.fixture
def acme(store: Connection[Any], org: LocalOrg) -> ConnectionRow:
    """Connected by browser, through an app that rotates its refresh tokens."""
    org.control("PATCH", "apps/localorg", {"rotate_refresh_tokens": True})
    row = new_connection("acme", authorization=None, org_id="", name="Acme")
    assert connect(row, org).is_connected
    org.control("DELETE", "requests")
    return row


def asked(org: LocalOrg) -> int:
    """How often the org was asked for a token."""
    return sum(each["path"].endswith("/oauth2/token") for each in org.requests())


def call(connection: ConnectionRow) -> None:
    with sign_in.signed_in(connection, QUICK) as client:
        client.limits()


def row_of() -> Authorization:
    return Authorization.objects.get(connections__key="acme")


def test_one_token_serves_all_until_it_ends(acme: ConnectionRow, org: LocalOrg) -> None:
    for _ in range(3):
        call(acme)
    assert asked(org) == 0
    org.control("DELETE", "sessions")
    for _ in range(3):
        call(acme)
    assert asked(org) == 1


def test_a_new_refresh_token_is_stored_before_the_access_token_is_used(
    acme: ConnectionRow, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bytes(row_of().sealed_refresh_token)
    org.control("DELETE", "sessions")
    kept = Renewal.keep
    seen = []

    def keep(self: Renewal, grant: Grant, *, usable: bool) -> Token:
        found = kept(self, grant, usable=usable)
        seen.append(bytes(row_of().sealed_refresh_token) != before)
        return found

    monkeypatch.setattr(Renewal, "keep", keep)
    call(acme)
    assert seen == [True]


def test_many_that_lose_their_session_at_once_renew_once(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    from django.db import connections

    org.control("DELETE", "sessions")
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def work() -> None:
        try:
            with sign_in.signed_in(acme, QUICK) as client:
                assert client.org_id
                start.wait()
                client.limits()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    assert asked(org) == 1


def test_what_salesforce_refuses_for_good_is_asked_once(acme: ConnectionRow, org: LocalOrg) -> None:
    org.control("DELETE", "grants")
    with pytest.raises(SignInRefused, match="expired access/refresh token"):
        call(acme)
    asked_before = len(org.requests())
    for _ in range(3):
        with pytest.raises(SignInLost, match="Connect to Salesforce again"):
            call(acme)
    assert len(org.requests()) == asked_before
    [found] = overview.connections(Wanted())
    assert found.health is Health.SIGN_IN_LOST
    acme.refresh_from_db()
    assert any("lost" in each for each in lacking.of_connection(acme, []))
    assert connect(acme, org).is_connected
    call(acme)
    assert row_of().lost_at is None


@pytest.mark.parametrize("kind", ["server_unavailable", "too_many_requests", "maintenance_html"])
def test_what_passes_is_not_taken_for_the_end(
    acme: ConnectionRow, org: LocalOrg, kind: str
) -> None:
    org.control("DELETE", "sessions")
    org.control("POST", "faults", {"kind": kind, "path": "/oauth2/token", "count": 1})
    try:
        call(acme)
    except RenewalUnknown:
        assert kind != "too_many_requests"
        call(acme)
    assert row_of().lost_at is None
    assert orgs.grants(org) == 1


def test_a_lost_answer_is_not_asked_for_again_at_once(acme: ConnectionRow, org: LocalOrg) -> None:
    org.control("DELETE", "sessions")
    org.control("POST", "faults", {"kind": "answer_lost", "path": "/oauth2/token", "count": 1})
    with pytest.raises(RenewalUnknown, match="nobody knows"):
        call(acme)
    assert asked(org) == 1
    assert row_of().lost_at is None
    # Salesforce had rotated the token: the one try that is left shows it, and ends it.
    with pytest.raises(SignInRefused):
        call(acme)
    assert asked(org) == 2
    with pytest.raises(SignInLost):
        call(acme)
    assert asked(org) == 2


def test_who_signs_in_anew_during_a_renewal_wins(acme: ConnectionRow, org: LocalOrg) -> None:
    stored = StoredSignIn(row_of().id, org.url, connection="acme")
    with stored.renewing() as renewal:
        assert connect(acme, org).is_connected
        newer = stored.token()
        late = Token(access_token="late", instance_url=org.url, org_id="00D", user_id="005")
        used = renewal.keep(Grant(token=late, refresh_token="late too"), usable=True)
    assert newer is not None
    assert used.access_token == newer.access_token
    assert Revocation.objects.count() == 1  # of the refresh token that came too late
    call(acme)


def test_the_same_token_is_stored_again_where_nobody_heard_that_it_was(
    acme: ConnectionRow, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = StoredSignIn(row_of().id, org.url, connection="acme", sleep=lambda _: None)
    given = Token(access_token="new", instance_url=org.url, org_id="00D", user_id="005")
    with stored.renewing() as renewal:
        session = renewal._session  # noqa: SLF001 - its end is what is tried
        written = session.execute

        def cut(*given: Any, **more: Any) -> Any:
            written(*given, **more)
            session.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(session, "execute", cut)
        used = renewal.keep(Grant(token=given, refresh_token="new too"), usable=True)
    assert used.access_token == "new"
    assert not Revocation.objects.exists()


def test_an_instance_that_is_not_salesforces_gets_no_token_but_the_grant_stays(
    acme: ConnectionRow, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.control("DELETE", "sessions")
    before = bytes(row_of().sealed_refresh_token)
    elsewhere = {
        "access_token": "00D!x",
        "refresh_token": "rotated",
        "instance_url": "https://evil.example",
        "id": "https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA",
    }
    import json

    fault = {"kind": "http", "status": 200, "content_type": "application/json"}
    fault |= {"body": json.dumps(elsewhere), "path": "/oauth2/token", "count": 1}
    org.control("POST", "faults", fault)
    with pytest.raises(HostNotAllowed):
        call(acme)
    row = row_of()
    assert bytes(row.sealed_refresh_token) != before
    assert not bytes(row.sealed_access_token)


def test_a_lost_sign_in_is_tried_once_more_where_somebody_asks(
    store: Connection[Any], org: LocalOrg
) -> None:
    row = new_connection("acme", authorization=None, org_id="", name="Acme")
    form = FormSignIn(
        flow=Flow.CLIENT_CREDENTIALS,
        login_url=f"{org.url.upper().replace('HTTP', 'http')}/",
        client_id="localorg",
        secret="localorg-secret",
    )
    assert connect_by_form(row, form, by="Alice").is_connected
    assert row_of().login_url == org.url
    org.control("PATCH", "apps/localorg", {"run_as": None})
    org.control("DELETE", "sessions")
    with pytest.raises(SignInRefused, match="Run As"):
        call(row)
    with pytest.raises(SignInLost):
        call(row)
    with pytest.raises(SignInRefused):
        rechecking.check(row)
    org.control("DELETE", "apps")
    assert "is connected" in rechecking.check(row).message
    call(row)
    assert row_of().lost_at is None


def test_a_renewal_that_is_under_way_is_not_broken_off_by_a_stop(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    before = bytes(row_of().sealed_refresh_token)
    org.control("DELETE", "sessions")
    fault = {"kind": "latency", "seconds": 2, "path": "/oauth2/token", "count": 1}
    org.control("POST", "faults", fault)
    stop = time.monotonic() + 0.5
    with (
        pytest.raises(WaitCancelled),
        sign_in.signed_in(acme, cancelled=lambda: time.monotonic() > stop) as client,
    ):
        client.limits()
    assert time.monotonic() > stop + 1
    assert asked(org) == 1
    assert bytes(row_of().sealed_refresh_token) != before
    call(acme)
    assert orgs.grants(org) == 1


def test_who_waits_for_the_renewal_of_another_process_can_be_stopped(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    stored = StoredSignIn(row_of().id, org.url, connection="acme")
    Authorization.objects.update(sealed_access_token=b"")
    begun = time.monotonic()
    with (
        stored.renewing(),
        pytest.raises(WaitCancelled),
        sign_in.signed_in(acme, cancelled=lambda: True) as client,
    ):
        client.limits()
    assert time.monotonic() - begun < 10
    assert asked(org) == 0


def test_who_waits_too_long_is_told(
    acme: ConnectionRow, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "WAIT_SECONDS", 1)
    stored = StoredSignIn(row_of().id, org.url, connection="acme")
    busy = pytest.raises(SignInBusy, match="'acme' for 1 seconds")
    with stored.renewing(), busy, stored.renewing():
        pass


def test_a_renewal_waits_for_nobody_who_changes_the_set_up(
    acme: ConnectionRow, org: LocalOrg, store: Connection[Any]
) -> None:
    Authorization.objects.all().update(sealed_access_token=b"")
    assert row_of().id == 1  # whose number was that of the other lock, too
    with transaction.atomic():
        setting_up.lock()
        call(acme)
