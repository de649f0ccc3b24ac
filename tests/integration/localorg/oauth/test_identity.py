import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from integration.localorg.oauth.browser import USER, Browser, refreshed, tokens
from integration.localorg.org_client import Answer, OrgClient
from localorg.org import Org
from localorg.store import INTEGRATION_USER_ID, ORGANIZATION_ID, OWNER_IDS

SECRET = {"client_id": "localorg", "client_secret": "localorg-secret"}
USERINFO = "/services/oauth2/userinfo"


def bearer(client: OrgClient, path: str, token: str | None = None) -> Answer:
    headers = {"authorization": f"Bearer {token or client.token}"}
    return client.send("GET", path, headers=headers)


def introspected(client: OrgClient, token: str, **changes: str) -> Answer:
    from urllib.parse import urlencode

    from integration.localorg.org_client import FORM

    body = urlencode({"token": token} | SECRET | changes).encode()
    return client.send("POST", "/services/oauth2/introspect", body=body, headers=FORM)


def test_userinfo_has_every_field_that_clients_read(client: OrgClient) -> None:
    found = bearer(client, USERINFO).json
    identity = f"{client.base}/id/{ORGANIZATION_ID}/{INTEGRATION_USER_ID}"
    assert found["sub"] == identity
    assert found["user_id"] == INTEGRATION_USER_ID
    assert found["organization_id"] == ORGANIZATION_ID
    assert found["preferred_username"] == found["email"] == USER
    assert found["name"] == "Integration User"
    assert (found["given_name"], found["family_name"]) == ("Integration", "User")
    assert found["zoneinfo"] == "GMT"
    assert found["utcOffset"] == 0
    assert found["urls"]["rest"] == client.base + "/services/data/v{version}/"
    assert found["photos"]["thumbnail"]
    assert (found["active"], found["user_type"]) == (True, "STANDARD")
    assert (found["language"], found["locale"]) == ("en_US", "en_US")
    assert found.keys() >= {
        "nickname",
        "email_verified",
        "profile",
        "picture",
        "updated_at",
        "is_app_installed",
    }


def test_the_offset_is_that_of_standard_time(client: OrgClient, org: Org) -> None:
    with org.store.write() as connection:
        connection.execute("UPDATE User SET TimeZoneSidKey = 'Europe/Berlin'")
    assert bearer(client, USERINFO).json["utcOffset"] == 3_600_000
    org.clock.advance(180 * 86_400)
    client.sign_in()
    assert bearer(client, USERINFO).json["utcOffset"] == 3_600_000


@pytest.mark.parametrize("path", [USERINFO, f"/id/{ORGANIZATION_ID}/{INTEGRATION_USER_ID}"])
def test_a_bad_token_is_refused_in_plain_text(client: OrgClient, path: str) -> None:
    bad = bearer(client, path, "00Dnobody!x")
    assert (bad.status, bad.text) == (403, "Bad_OAuth_Token")
    assert bad.headers["content-type"].startswith("text/plain")
    missing = client.send("GET", path)
    assert (missing.status, missing.text) == (403, "Missing_OAuth_Token")


def test_the_identity_address_of_a_token_shows_its_user(client: OrgClient) -> None:
    token = tokens(client)
    path = token["id"].removeprefix(client.base)
    found = bearer(client, path, token["access_token"]).json
    assert found["id"] == token["id"]
    assert (found["asserted_user"], found["username"]) == (True, USER)
    assert found["urls"]["sobjects"].endswith("/services/data/v{version}/sobjects/")
    assert found["last_modified_date"].endswith("+0000")
    latest = bearer(client, path + "?version=latest", token["access_token"]).json
    assert latest["urls"]["sobjects"].endswith("/services/data/v66.0/sobjects/")
    older = bearer(client, path + "?version=60.0", token["access_token"]).json
    assert older["urls"]["query"] == client.base + "/services/data/v60.0/query/"
    by_query = client.send("GET", f"{path}?oauth_token={token['access_token']}")
    assert by_query.status == 200


@pytest.mark.parametrize(
    ("org_id", "user_id", "text"),
    [
        (ORGANIZATION_ID, "005gL0000000zzz", "Bad_Id"),
        (ORGANIZATION_ID, "nobody", "Bad_Id"),
        (ORGANIZATION_ID, "003gL0000000001", "Bad_Id"),
        ("00DgL0000000zzz", INTEGRATION_USER_ID, "Wrong_Org"),
    ],
)
def test_a_wrong_identity_address_says_what_is_wrong(
    client: OrgClient, org_id: str, user_id: str, text: str
) -> None:
    answer = bearer(client, f"/id/{org_id}/{user_id}")
    assert (answer.status, answer.text) == (403, text)


def test_the_identity_of_somebody_who_left_is_not_shown(client: OrgClient, org: Org) -> None:
    with org.store.write() as connection:
        connection.execute("UPDATE User SET IsActive = 0 WHERE Id = ?", (OWNER_IDS[0],))
    answer = bearer(client, f"/id/{ORGANIZATION_ID}/{OWNER_IDS[0]}")
    assert (answer.status, answer.text) == (403, "Inactive")
    other = bearer(client, f"/id/{ORGANIZATION_ID}/{OWNER_IDS[1]}").json
    assert other["asserted_user"] is False


def test_introspection_tells_an_app_about_its_own_tokens(client: OrgClient, org: Org) -> None:
    token = tokens(client, scope="api refresh_token")
    found = introspected(client, token["access_token"]).json
    now = int(org.clock.now().timestamp())
    assert found == {
        "active": True,
        "scope": "api refresh_token",
        "client_id": "localorg",
        "username": USER,
        "sub": token["id"],
        "token_type": "access_token",
        "exp": now + 7200,
        "iat": now,
        "nbf": now,
    }
    refresh = introspected(client, token["refresh_token"], token_type_hint="refresh_token").json
    assert (refresh["active"], refresh["token_type"]) == (True, "refresh_token")


def test_introspection_tells_nothing_else(client: OrgClient, org: Org) -> None:
    from localorg.oauth.apps import App

    org.sign_in.apps.put(App(client_id="other", secret="s3cret"))
    token = tokens(client)
    theirs = introspected(client, token["access_token"], client_id="other", client_secret="s3cret")
    assert theirs.json == {"active": False}
    assert introspected(client, "unknown").json == {"active": False}
    org.clock.advance(7201)
    assert introspected(client, token["access_token"]).json == {"active": False}
    wrong = introspected(client, token["access_token"], client_secret="wrong")
    assert (wrong.status, wrong.json["error"]) == (400, "invalid_client")
    missing = introspected(client, "")
    assert missing.json["error_description"] == "missing required parameter: token"


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_openid_gives_a_token_that_the_published_key_proves(client: OrgClient, org: Org) -> None:
    answer = tokens(client, scope="openid api", nonce="n-1")
    signed, _, signature = answer["id_token"].rpartition(".")
    header, claims = (json.loads(decoded(part)) for part in signed.split("."))
    [key] = client.send("GET", "/id/keys").json["keys"]
    assert (header["alg"], header["kid"]) == ("RS256", key["kid"])
    n, e = (int.from_bytes(decoded(key[name]), "big") for name in ("n", "e"))
    RSAPublicNumbers(e, n).public_key().verify(
        decoded(signature), signed.encode(), PKCS1v15(), SHA256()
    )
    at_hash = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    assert decoded(claims["at_hash"]) == at_hash
    expected: dict[str, Any] = {
        "aud": "localorg",
        "iss": client.base,
        "sub": answer["id"],
        "nonce": "n-1",
        "iat": int(org.clock.now().timestamp()),
    }
    assert claims.items() >= expected.items()


def test_the_openid_configuration_names_addresses_that_answer(client: OrgClient) -> None:
    found = client.send("GET", "/.well-known/openid-configuration").json
    assert found["issuer"] == client.base
    for name in ("jwks_uri", "userinfo_endpoint", "authorization_endpoint"):
        assert client.send("GET", found[name].removeprefix(client.base)).status != 404


def test_a_refresh_gives_an_id_token_too(client: OrgClient) -> None:
    answer = tokens(client, Browser(client), scope="openid refresh_token")
    assert refreshed(client, answer["refresh_token"]).json["id_token"]
