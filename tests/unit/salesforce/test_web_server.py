"""The web server flow: what is asked, what is sent once, and what is never shown."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from isthmus.salesforce import (
    ConnectionLost,
    Grant,
    HostNotAllowed,
    HostPolicy,
    HostUnreachable,
    Login,
    RateLimited,
    Refresh,
    RenewalUnknown,
    SignInRefused,
    Token,
    WebApp,
    authorize_url,
    challenge_of,
    exchange,
    is_for_good,
    new_verifier,
    revoke,
)
from isthmus.salesforce.wire import Response
from unit.salesforce.scripted import (
    ACME,
    ORG_ID,
    SECRET,
    Naps,
    ScriptedTransport,
    says,
    token_body,
)

APP = WebApp(login_url=ACME, client_id="app", client_secret=SECRET)
REFRESH = Refresh(app=APP, refresh_token="5Aep-old")


def login(*script: Response | Exception) -> tuple[Login, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    return Login(hosts=HostPolicy(), clock=Naps().clock, transport=transport), transport


def renew(*script: Response | Exception) -> tuple[Grant, ScriptedTransport]:
    found, transport = login(*script)
    return found.run(lambda: REFRESH.sign_in(0)), transport


def refusal(error: str, words: str, status: int = 400) -> Response:
    return says({"error": error, "error_description": words}, status)


def test_a_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_verifiers_are_long_and_never_the_same() -> None:
    found = {new_verifier() for _ in range(50)}
    assert len(found) == 50
    assert all(43 <= len(each) <= 128 and each.isascii() for each in found)


def test_the_address_says_all_that_salesforce_needs_and_no_secret() -> None:
    url = authorize_url(APP, redirect_uri="https://here/back?a=b", state="s&t", verifier="v" * 50)
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ACME}/services/oauth2/authorize"
    assert {name: value[0] for name, value in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": "https://here/back?a=b",
        "scope": "api refresh_token id",
        "state": "s&t",
        "code_challenge": challenge_of("v" * 50),
        "code_challenge_method": "S256",
        "prompt": "login",
    }
    assert SECRET not in url


def test_a_code_becomes_a_grant_with_the_verifier() -> None:
    found, transport = login(says(token_body(refresh_token="5Aep-new")))
    grant = found.run(lambda: exchange(APP, code="c==", redirect_uri="https://b", verifier="v"))
    assert (grant.refresh_token, grant.token.org_id) == ("5Aep-new", ORG_ID)
    sent = {name: value[0] for name, value in parse_qs(transport.bodies[0].decode()).items()}
    assert sent["code"] == "c=="
    assert sent["code_verifier"] == "v"
    assert sent["grant_type"] == "authorization_code"


def test_an_app_without_a_secret_sends_none() -> None:
    found, transport = login(says(token_body()))
    bare = WebApp(login_url=ACME, client_id="app")
    found.run(lambda: exchange(bare, code="c", redirect_uri="https://b", verifier="v"))
    assert b"client_secret" not in transport.bodies[0]


def test_a_renewal_names_no_scope_and_may_bring_another_refresh_token() -> None:
    grant, transport = renew(says(token_body(refresh_token="5Aep-new")))
    assert grant.refresh_token == "5Aep-new"
    assert b"scope" not in transport.bodies[0]
    assert renew(says(token_body()))[0].refresh_token == ""


@pytest.mark.parametrize(
    "lost",
    [
        ConnectionLost("cut"),
        says(b"", 500),
        says(b"busy", 503),
        says(b"<html>", 200),
        refusal("server_error", "retry your request"),
    ],
)
def test_what_may_have_been_done_is_not_sent_again(lost: Response | Exception) -> None:
    found, transport = login(lost, says(token_body()))
    with pytest.raises(RenewalUnknown, match="nobody knows"):
        found.run(lambda: REFRESH.sign_in(0))
    assert transport.calls == 1


@pytest.mark.parametrize(
    "nothing_done",
    [HostUnreachable("no route"), refusal("rate_limit_exceeded", "login rate exceeded")],
)
def test_what_was_certainly_not_done_is_sent_again(nothing_done: Response | Exception) -> None:
    grant, transport = renew(nothing_done, says(token_body()))
    assert grant.token.org_id == ORG_ID
    assert transport.calls == 2


def test_a_limit_that_stays_is_a_limit() -> None:
    found, transport = login(*(refusal("rate_limit_exceeded", "x") for _ in range(6)))
    with pytest.raises(RateLimited):
        found.run(lambda: REFRESH.sign_in(0))
    assert transport.calls == 6


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        (refusal("invalid_grant", "expired access/refresh token"), True),
        (refusal("invalid_grant", "token validity expired"), True),
        (refusal("inactive_user", "user is inactive"), True),
        (refusal("invalid_client", "invalid client credentials", 401), True),
        (refusal("invalid_grant", "ip restricted or invalid login hours"), False),
        (says(b"<h1>Blocked by the proxy</h1>", 403), False),
        (says(b"not found", 404), False),
    ],
)
def test_only_salesforces_own_refusal_is_for_good(answer: Response, *, good: bool) -> None:
    found, _ = login(answer)
    with pytest.raises(SignInRefused) as caught:
        found.run(lambda: REFRESH.sign_in(0))
    assert is_for_good(caught.value) is good


def test_secrets_follow_no_redirect() -> None:
    for place in ("https://evil.example/token", "https://other.my.salesforce.com/x"):
        found, transport = login(says(b"", 302, {"Location": place}), says(token_body()))
        with pytest.raises(HostNotAllowed):
            found.run(lambda: REFRESH.sign_in(0))
        assert transport.calls == 1


def test_secrets_go_to_no_other_host() -> None:
    found, transport = login(says(token_body()))
    elsewhere = WebApp(login_url="https://salesforce.com.evil.example", client_id="app")
    with pytest.raises(HostNotAllowed):
        found.run(lambda: Refresh(app=elsewhere, refresh_token="5Aep").sign_in(0))
    assert transport.calls == 0


@pytest.mark.parametrize("status", [200, 400])
def test_a_token_that_is_dead_already_counts_as_revoked(status: int) -> None:
    found, transport = login(says(b"error=unsupported_token_type", status))
    found.run(lambda: revoke(ACME, "5Aep&old"))
    assert transport.bodies == [b"token=5Aep%26old"]


def test_steps_are_ended_whatever_happens() -> None:
    ended = []

    def steps() -> Any:
        try:
            yield from REFRESH.sign_in(0)
        finally:
            ended.append(True)

    for script in (says(token_body()), ConnectionLost("cut"), says(b"", 302, {"Location": "/x"})):
        found, _ = login(script)
        try:
            found.run(steps)
        except Exception:  # noqa: BLE001 - whatever it is
            ended.append(False)
    assert ended == [True, True, False, True, False]


def test_no_secret_shows() -> None:
    token = Token(access_token="00D!secret", instance_url=ACME, org_id=ORG_ID, user_id="005")
    for thing in (APP, REFRESH, Grant(token=token, refresh_token="5Aep-old")):
        shown = repr(thing) + str(thing)
        assert not any(each in shown for each in (SECRET, "5Aep", "00D!"))
