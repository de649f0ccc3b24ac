"""Connecting by browser: what each answer leads to, and what becomes of the sign-in before."""

import json
import threading
import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connections
from django.utils import timezone
from psycopg import Connection

from integration.connections import orgs
from integration.connections.orgs import answered, begin, connect, finish, grants
from integration.set_up import new_connection
from isthmus.connections import approvals, secrets, sharing, sign_in, signing_in
from isthmus.connections.errors import TooManyApprovals
from isthmus.connections.models import Authorization, Revocation, SignInAttempt
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.signing_in import OutcomeKind
from isthmus.salesforce import HostNotAllowed
from localorg.testing import LocalOrg


@pytest.fixture
def acme(store: Connection[Any]) -> ConnectionRow:
    return new_connection("acme", authorization=None, org_id="", name="Acme")


def row_of(connection: ConnectionRow) -> dict[str, Any]:
    """Everything that is stored of how it signs in."""
    found = Authorization.objects.filter(connections=connection.id).values().get()
    return {key: bytes(v) if isinstance(v, memoryview) else v for key, v in found.items()}


def test_who_allows_access_is_connected_and_shown(acme: ConnectionRow, org: LocalOrg) -> None:
    outcome = connect(acme, org)
    assert outcome.kind is OutcomeKind.CONNECTED
    assert "integration@localorg.example" in outcome.message
    row = Authorization.objects.get(connections=acme.id)
    assert (row.flow, row.user_name) == ("browser", "integration@localorg.example")
    assert (row.instance_url, row.signed_in_by) == (org.url, "Alice")
    assert row.org_name
    assert row.permissions["PermissionsApiEnabled"] is True
    acme.refresh_from_db()
    assert acme.org_id == row.org_id
    with sign_in.signed_in(acme) as client:
        assert client.limits()


def test_the_address_asks_for_a_login_a_challenge_and_what_is_needed(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    query = parse_qs(urlsplit(begin(acme, org)).query)
    assert query["prompt"] == ["login"]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert query["scope"] == ["api refresh_token id"]
    attempt = SignInAttempt.objects.get()
    assert query["state"][0] not in (attempt.state_digest, attempt.session_digest)


def test_who_denies_leaves_the_sign_in_before_as_it_was(acme: ConnectionRow, org: LocalOrg) -> None:
    connect(acme, org)
    before = row_of(acme)
    outcome = finish(
        answered(begin(acme, org).replace("prompt=login", "prompt=login+consent"), allow=False)
    )
    assert outcome.kind is OutcomeKind.REFUSED
    assert "'Acme'" in outcome.message
    assert row_of(acme) == before
    assert grants(org) == 1


@pytest.mark.parametrize("error", ["invalid_scope", "OAUTH_APP_BLOCKED", "\u202e<script>\x00"])
def test_what_salesforce_refuses_is_said(acme: ConnectionRow, org: LocalOrg, error: str) -> None:
    state = parse_qs(urlsplit(begin(acme, org)).query)["state"][0]
    outcome = finish({"state": state, "error": error, "error_description": "so it is"})
    assert outcome.kind is OutcomeKind.SALESFORCE
    assert "so it is" in outcome.message
    assert outcome.message.isprintable()


def test_an_answer_counts_once_and_only_in_its_own_browser(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    answer = answered(begin(acme, org))
    assert finish(answer, "another session").kind is OutcomeKind.FOREIGN
    assert finish({**answer, "state": "made up"}).kind is OutcomeKind.FOREIGN
    assert finish({**answer, "state": "\ud800\x00"}).kind is OutcomeKind.FOREIGN
    assert not Authorization.objects.exists()
    assert finish(answer).kind is OutcomeKind.CONNECTED
    before = row_of(acme)
    assert finish(answer).kind is OutcomeKind.REPLAYED
    assert row_of(acme) == before


def test_an_answer_that_comes_too_late_is_not_taken(acme: ConnectionRow, org: LocalOrg) -> None:
    answer = answered(begin(acme, org))
    SignInAttempt.objects.update(begun_at=timezone.now() - signing_in.VALID - timedelta(seconds=1))
    assert finish(answer).kind is OutcomeKind.EXPIRED
    assert not Authorization.objects.exists()
    assert not bytes(SignInAttempt.objects.get().sealed_verifier)


def test_a_code_of_somebody_elses_does_not_fit_the_verifier(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    other = answered(begin(acme, org))
    mine = answered(begin(acme, org))
    outcome = finish({**mine, "code": other["code"]})
    assert outcome.kind is OutcomeKind.SALESFORCE
    assert not Authorization.objects.exists()


def test_connecting_again_revokes_the_sign_in_before(acme: ConnectionRow, org: LocalOrg) -> None:
    connect(acme, org)
    before = row_of(acme)
    connect(acme, org)
    after = row_of(acme)
    assert after["id"] == before["id"]
    assert after["renewals"] == before["renewals"] + 1
    assert grants(org) == 1
    assert not Revocation.objects.exists()


def test_four_sign_ins_at_a_host_are_enough_and_are_named(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    others = [
        new_connection(f"other{n}", authorization=None, org_id="", name=f"Other {n}")
        for n in range(4)
    ]
    for each in others:
        assert connect(each, org).kind is OutcomeKind.CONNECTED
    with pytest.raises(TooManyApprovals) as caught:
        begin(acme, org)
    assert all(f"'Other {n}'" in str(caught.value) for n in range(4))
    assert begin(others[0], org)  # its own does not count
    sharing.share(acme, Authorization.objects.get(connections=others[0].id))
    with sign_in.signed_in(acme) as client:
        assert client.limits()
    assert grants(org) == 4


def test_a_fifth_sign_in_that_shows_only_afterwards_is_revoked(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    pending = begin(acme, org)
    for n in range(4):
        connect(new_connection(f"other{n}", authorization=None, org_id=""), org)
    outcome = finish(answered(pending))
    assert outcome.kind is OutcomeKind.TOO_MANY
    assert grants(org) == 4
    assert not Authorization.objects.filter(connections=acme.id).exists()


def test_a_connection_stays_with_its_org(acme: ConnectionRow, org: LocalOrg) -> None:
    ConnectionRow.objects.filter(id=acme.id).update(org_id="00D0000000000ZZEA0")
    outcome = connect(acme, org)
    assert outcome.kind is OutcomeKind.OTHER_ORG
    assert "accept-org acme" in outcome.message
    assert grants(org) == 0
    assert not Authorization.objects.exists()


def test_hosts_that_are_not_salesforces_are_refused(acme: ConnectionRow, org: LocalOrg) -> None:
    with pytest.raises(HostNotAllowed):
        signing_in.begin(
            acme,
            orgs.the_app(),
            "https://login.salesforce.com.example.net",
            redirect_uri=orgs.CALLBACK,
            by="Alice",
            session_key=orgs.SESSION,
        )
    assert not SignInAttempt.objects.exists()


def test_a_host_that_was_forbidden_meanwhile_gets_no_secret(
    acme: ConnectionRow, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = answered(begin(acme, org))
    org.control("DELETE", "requests")
    monkeypatch.delenv("ISTHMUS_SALESFORCE_HOSTS")
    assert finish(answer).kind is OutcomeKind.HOST
    assert org.requests() == []


def test_an_app_without_refresh_tokens_is_no_use(acme: ConnectionRow, org: LocalOrg) -> None:
    url = begin(acme, org).replace("+refresh_token", "")
    outcome = finish(answered(url))
    assert outcome.kind is OutcomeKind.SALESFORCE
    assert "refresh_token" in outcome.message
    assert not Authorization.objects.exists()


def test_secrets_are_sealed(acme: ConnectionRow, org: LocalOrg, store: Connection[Any]) -> None:
    connect(acme, org)
    row = Authorization.objects.get()
    clear = [
        secrets.unseal(each)
        for each in (row.sealed_secret, row.sealed_refresh_token, row.sealed_access_token)
    ]
    assert clear[0] == "localorg-secret"
    for each in clear:
        assert each.encode() not in b"".join(
            bytes(value) for value in (row.sealed_secret, row.sealed_refresh_token)
        )


def test_a_lost_answer_keeps_nothing_and_says_so(acme: ConnectionRow, org: LocalOrg) -> None:
    answer = answered(begin(acme, org))
    org.control("POST", "faults", {"kind": "answer_lost", "path": "/oauth2/token", "count": 1})
    org.control("DELETE", "requests")
    outcome = finish(answer)
    assert outcome.kind is OutcomeKind.SALESFORCE
    assert "lost" in outcome.message
    asked = [each for each in org.requests() if each["path"].endswith("/token")]
    assert len(asked) == 1


def test_of_two_that_come_back_at_once_the_second_is_counted_with_the_first(
    store: Connection[Any], org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        connect(new_connection(f"before{n}", authorization=None, org_id=""), org)
    rows = [new_connection(f"new{n}", authorization=None, org_id="") for n in range(2)]
    answers = [answered(begin(each, org)) for each in rows]
    count = approvals.known_of

    def slowly(*given: Any, **more: Any) -> list[Authorization]:
        found = count(*given, **more)
        time.sleep(0.5)
        return found

    monkeypatch.setattr(approvals, "known_of", slowly)
    outcomes: list[OutcomeKind] = []

    def come_back(answer: dict[str, str]) -> None:
        try:
            outcomes.append(finish(answer).kind)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come_back, args=[each]) for each in answers]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == [OutcomeKind.CONNECTED, OutcomeKind.TOO_MANY]
    assert grants(org) == 4


def test_an_answer_that_comes_twice_at_once_is_taken_once(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    answer = answered(begin(acme, org))
    outcomes: list[OutcomeKind] = []
    start = threading.Barrier(4)

    def come_back() -> None:
        try:
            start.wait()
            outcomes.append(finish(answer).kind)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come_back) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == [OutcomeKind.CONNECTED, *[OutcomeKind.REPLAYED] * 3]
    assert grants(org) == 1


def test_an_instance_that_is_not_salesforces_gets_nothing(
    acme: ConnectionRow, org: LocalOrg
) -> None:
    connect(acme, org)
    before = row_of(acme)
    answer = answered(begin(acme, org))
    elsewhere = {
        "access_token": "00D!x",
        "refresh_token": "5Aep",
        "instance_url": "https://evil.example",
        "id": "https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA",
    }
    fault = {"kind": "http", "status": 200, "content_type": "application/json"}
    fault |= {"body": json.dumps(elsewhere), "path": "/oauth2/token", "count": 1}
    org.control("POST", "faults", fault)
    outcome = finish(answer)
    assert outcome.kind in (OutcomeKind.HOST, OutcomeKind.SALESFORCE)
    assert row_of(acme) == before
    assert "00D!x" not in outcome.message + SignInAttempt.objects.latest("id").message
