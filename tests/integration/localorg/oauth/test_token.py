import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from integration.localorg.oauth.browser import Browser
from integration.localorg.org_client import Answer, OrgClient, V, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
GOOD = {
    "grant_type": "client_credentials",
    "client_id": "localorg",
    "client_secret": "localorg-secret",
}


def error(answer: Answer) -> tuple[int, str, str]:
    return answer.status, answer.json["error"], answer.json["error_description"]


def test_client_credentials_give_a_token_that_works(client: OrgClient) -> None:
    answer = client.token_answer(None, **GOOD)
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json
    assert token["token_type"] == "Bearer"
    assert token["instance_url"] == client.base
    assert token["issued_at"] == "1769860800000"
    assert "refresh_token" not in token
    client.token = token["access_token"]
    assert client.call("GET", V + "/limits").status == 200


def test_the_signature_is_the_secrets(client: OrgClient) -> None:
    token = client.token_answer(None, **GOOD).json
    signed = (token["id"] + token["issued_at"]).encode()
    expected = hmac.digest(b"localorg-secret", signed, hashlib.sha256)
    assert token["signature"] == base64.b64encode(expected).decode()


def test_the_client_may_come_as_basic(client: OrgClient) -> None:
    basic = base64.b64encode(b"localorg:localorg-secret").decode()
    answer = client.token_answer(
        {"authorization": f"Basic {basic}"}, grant_type="client_credentials"
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_secret": "wrong"}, ("invalid_client", "invalid client credentials")),
        ({"client_id": "other"}, ("invalid_client_id", "client identifier invalid")),
        ({"client_id": ""}, ("invalid_request", "missing required parameter: client_id")),
        ({"grant_type": "magic"}, ("unsupported_grant_type", "grant type not supported")),
        ({"grant_type": ""}, ("invalid_request", "missing required parameter: grant_type")),
    ],
)
def test_a_wrong_request_is_told_why(
    client: OrgClient, changes: dict[str, str], expected: tuple[str, str]
) -> None:
    assert error(client.token_answer(None, **GOOD | changes)) == (400, *expected)


def test_a_user_who_is_not_active_gets_nothing(client: OrgClient, org: Org) -> None:
    with org.store.write() as connection:
        connection.execute("UPDATE User SET IsActive = 0")
    assert error(client.token_answer(None, **GOOD))[1] == "inactive_user"


def test_a_revoked_token_is_refused_from_then_on(client: OrgClient) -> None:
    path = "/services/oauth2/revoke"
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = f"token={client.token}".encode()
    assert client.send("POST", path, body=body, headers=form).status == 200
    assert client.call("GET", V + "/limits").code == "INVALID_SESSION_ID"
    again = client.send("POST", path, body=body, headers=form)
    assert again.status == 400
    assert again.text.startswith("error=unsupported_token_type&error_description=")


@pytest.fixture
def jwt_client() -> Iterator[OrgClient]:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    store = Store(":memory:", standard_schema())
    with serving(Org(store, Clock(), Settings(jwt_certificate=pem))) as client:
        yield client


def assertion(**claims: Any) -> str:
    body = {
        "iss": "localorg",
        "sub": "integration@localorg.example",
        "aud": "https://login.salesforce.com",
        "exp": "4102444800",
    } | claims
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "RS256"}, body)
    ]
    signature = KEY.sign(".".join(parts).encode(), PKCS1v15(), SHA256())
    return ".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


def bearer(client: OrgClient, **claims: Any) -> Answer:
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    return client.token_answer(grant_type=grant, assertion=assertion(**claims))


def test_a_signed_assertion_gives_a_token(jwt_client: OrgClient) -> None:
    jwt_client.token = bearer(jwt_client).json["access_token"]
    assert jwt_client.call("GET", V + "/limits").status == 200
    assert bearer(jwt_client, aud=jwt_client.base).status == 200


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": 1}, ("invalid_grant", "invalid assertion")),
        ({"aud": "https://example.org"}, ("invalid_grant", "audience is invalid")),
        ({"sub": "a@b.example"}, ("invalid_grant", "user hasn't approved this consumer")),
        ({"iss": "other"}, ("invalid_client_id", "client identifier invalid")),
    ],
)
def test_a_wrong_assertion_is_told_why(
    jwt_client: OrgClient, claims: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert error(bearer(jwt_client, **claims)) == (400, *expected)


def test_without_a_certificate_there_is_no_bearer_flow(client: OrgClient) -> None:
    assert error(bearer(client)) == (400, "invalid_client", "invalid client credentials")


AMARA = "amara@localorg.example"


def test_a_user_who_approved_the_app_once_can_be_asserted(jwt_client: OrgClient) -> None:
    refused = (400, "invalid_grant", "user hasn't approved this consumer")
    assert error(bearer(jwt_client, sub=AMARA)) == refused
    browser = Browser(jwt_client)
    browser.log_in(browser.open(), AMARA)
    browser.approved_code()
    answer = bearer(jwt_client, sub=AMARA.upper()).json
    assert "refresh_token" not in answer
    assert "refresh_token" not in answer["scope"]
    jwt_client.token = answer["access_token"]
    info = jwt_client.call("GET", "/services/oauth2/userinfo").json
    assert info["preferred_username"] == AMARA


def test_where_an_administrator_approves_users_an_assertion_needs_it(client: OrgClient) -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    policies = {
        "certificate": pem.decode(),
        "permitted_users": "admin_approved",
        "pre_authorised": ["bruno@localorg.example"],
    }
    client.call("PATCH", "/_localorg/apps/localorg", policies)
    far = {"exp": 4_102_444_800_000}
    refused = (400, "invalid_app_access", "user is not admin approved to access this app")
    assert error(bearer(client, sub=AMARA, **far)) == refused
    assert bearer(client, sub="bruno@localorg.example", **far).status == 200
    client.call("PATCH", "/_localorg/apps/localorg", {"pre_authorised": ["System Administrator"]})
    assert bearer(client, sub=AMARA, **far).status == 200


def test_an_assertion_is_required(client: OrgClient) -> None:
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    answer = client.token_answer(grant_type=grant)
    assert error(answer)[1:] == ("invalid_request", "missing required parameter: assertion")


def test_an_assertion_does_not_open_an_app_that_is_not_installed(client: OrgClient) -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    policies = {"certificate": pem, "pre_authorised": [AMARA], "installed": False}
    assert client.call("PATCH", "/_localorg/apps/localorg", policies).status == 200
    assert bearer(client, sub=AMARA, exp=4_102_444_800_000).status == 200
    for permission in ("CanApproveUninstalledApps", "UseAnyApiClient"):
        client.call("POST", "/_localorg/rights", {"permission": permission, "given": False})
    refused = (400, "OAUTH_APP_ACCESS_DENIED", "user is not admin approved to access this app")
    assert error(bearer(client, sub=AMARA, exp=4_102_444_800_000)) == refused
