import base64
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from isthmus.salesforce import InvalidArgument, JwtBearer, SignInRefused, Token, UnexpectedAnswer
from isthmus.salesforce.signin import SignIn, default_audience
from isthmus.salesforce.wire import Request, Response
from unit.salesforce.scripted import (
    ACME,
    CREDENTIALS,
    ORG_ID,
    SECRET,
    USER_ID,
    cases,
    says,
    token_body,
)

NOW = 1_767_225_600.0


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    found: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return found.decode()


def bearer(key: RSAPrivateKey, login_url: str = ACME) -> JwtBearer:
    return JwtBearer(
        login_url=login_url, client_id="app", username="bob@example.com", private_key=pem(key)
    )


def finish(steps: SignIn, response: Response) -> Token:
    next(steps)
    with pytest.raises(StopIteration) as finished:
        steps.send(response)
    token: Token = finished.value.value
    return token


def form(request: Request) -> dict[str, str]:
    assert isinstance(request.body, bytes)
    return {key: values[0] for key, values in parse_qs(request.body.decode()).items()}


def test_client_credentials_post_id_and_secret_to_the_login_host() -> None:
    request = next(CREDENTIALS.sign_in(NOW))
    assert (request.method, request.url) == ("POST", f"{ACME}/services/oauth2/token")
    assert form(request) == {
        "grant_type": "client_credentials",
        "client_id": "app",
        "client_secret": SECRET,
    }
    assert request.repeatable


def test_the_answer_gives_token_instance_org_and_user() -> None:
    token = finish(CREDENTIALS.sign_in(NOW), says(token_body()))
    assert token == Token(
        access_token="00Dxx0000001gPL!first",
        instance_url=ACME,
        org_id=ORG_ID,
        user_id=USER_ID,
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": "AAAA"},
        {"signature": None},
        {"signature": ""},
        {"issued_at": "1767225600001", "signature": token_body()["signature"]},
        {"id": f"https://evil.example/id/{ORG_ID}/x", "signature": token_body()["signature"]},
    ],
)
def test_an_answer_whose_signature_does_not_fit_the_secret_is_refused(
    changed: dict[str, Any],
) -> None:
    with pytest.raises(SignInRefused, match="signature"):
        finish(CREDENTIALS.sign_in(NOW), says(token_body(**changed)))


@pytest.mark.parametrize("missing", ["access_token", "instance_url", "id"])
def test_an_answer_that_lacks_something_is_refused_with_what_to_check(missing: str) -> None:
    body = {name: value for name, value in token_body().items() if name != missing}
    with pytest.raises(SignInRefused, match="Check that the login URL"):
        finish(CREDENTIALS.sign_in(NOW), says(body))


@pytest.mark.parametrize(
    "body", [[], "x", None, {"id": "nothing", "instance_url": "", "access_token": ""}]
)
def test_json_that_is_no_token_is_refused(body: object) -> None:
    with pytest.raises(SignInRefused):
        finish(CREDENTIALS.sign_in(NOW), says(body))


def test_a_page_instead_of_json_may_pass() -> None:
    with pytest.raises(UnexpectedAnswer):
        finish(CREDENTIALS.sign_in(NOW), says(b"<html>"))


@pytest.mark.parametrize(
    "case", cases("sign_in_errors.yaml"), ids=lambda case: f"{case['error']}-{case['description']}"
)
def test_a_refusal_says_what_salesforce_said_and_what_to_do(case: dict[str, Any]) -> None:
    body = {"error": case["error"], "error_description": case["description"]}
    if not case["description"]:
        del body["error_description"]
    with pytest.raises(Exception, match="refused to sign in") as caught:
        finish(CREDENTIALS.sign_in(NOW), says(body, 400))
    assert type(caught.value).__name__ == case.get("class", "SignInRefused")
    for part in (case["error"], case["description"] or "", case["advice"]):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "SignInRefused"),
        (403, "SignInRefused"),
        (404, "SignInRefused"),
        (420, "ServerUnavailable"),
        (429, "RateLimited"),
        (500, "ServerFault"),
        (503, "ServerUnavailable"),
    ],
)
def test_a_refusal_without_json_goes_by_its_status(status: int, kind: str) -> None:
    with pytest.raises(Exception, match="refused to sign in") as caught:
        finish(CREDENTIALS.sign_in(NOW), says(b"<h1>Sorry</h1>", status))
    assert type(caught.value).__name__ == kind
    assert "Sorry" in str(caught.value)


def test_the_assertion_names_app_user_and_audience_and_is_signed_with_the_key(
    key: RSAPrivateKey,
) -> None:
    sent = form(next(bearer(key).sign_in(NOW)))
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    signed, _, signature = sent["assertion"].rpartition(".")
    key.public_key().verify(decoded(signature), signed.encode(), PKCS1v15(), SHA256())
    header, claims = (orjson.loads(decoded(part)) for part in signed.split("."))
    assert header == {"alg": "RS256", "typ": "JWT"}
    assert claims == {
        "iss": "app",
        "sub": "bob@example.com",
        "aud": "https://login.salesforce.com",
        "exp": 1_767_225_770,
    }


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_an_assertion_needs_no_signature_in_the_answer(key: RSAPrivateKey) -> None:
    body = {name: value for name, value in token_body().items() if name != "signature"}
    assert finish(bearer(key).sign_in(NOW), says(body)).org_id == ORG_ID


@pytest.mark.parametrize(
    ("login_url", "audience"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://acme.my.salesforce.com/", "https://login.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
    ],
)
def test_the_audience_follows_from_the_login_host(login_url: str, audience: str) -> None:
    assert default_audience(login_url) == audience


def test_a_key_that_cannot_sign_is_refused_at_once() -> None:
    with pytest.raises(InvalidArgument, match="PEM") as caught:
        JwtBearer(login_url=ACME, client_id="app", username="bob", private_key="hunter2")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(InvalidArgument, match="RSA keys only"):
        JwtBearer(
            login_url=ACME,
            client_id="app",
            username="bob",
            private_key=pem(generate_ec(SECP256R1())),
        )


def test_no_holder_of_a_secret_shows_it(key: RSAPrivateKey) -> None:
    jwt = bearer(key)
    token = finish(CREDENTIALS.sign_in(NOW), says(token_body()))
    request = next(CREDENTIALS.sign_in(NOW))
    shown = f"{CREDENTIALS!r} {CREDENTIALS} {jwt!r} {token!r} {request!r} {says(token_body())!r}"
    assert "ClientCredentials" in shown
    for secret in (SECRET, token.access_token, "PRIVATE KEY", "!first"):
        assert secret not in shown
