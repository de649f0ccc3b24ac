import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from localorg.errors import OAuthError
from localorg.oauth.assertions import load_public_key, verified_claims

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LOGIN = "https://login.salesforce.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SOON = int(NOW.timestamp()) + 120


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def signed(claims: bytes, key: rsa.RSAPrivateKey = KEY, alg: str = "RS256") -> str:
    text = f"{encoded(json.dumps({'alg': alg}).encode())}.{encoded(claims)}"
    return f"{text}.{encoded(key.sign(text.encode(), PKCS1v15(), SHA256()))}"


def assertion(key: rsa.RSAPrivateKey = KEY, alg: str = "RS256", **claims: Any) -> str:
    body = {"iss": "localorg", "sub": "a@b.example", "aud": LOGIN, "exp": SOON} | claims
    return signed(json.dumps(body).encode(), key, alg)


def claims(text: str) -> dict[str, Any]:
    return verified_claims(text, KEY.public_key(), audiences=frozenset({LOGIN}), now=NOW)


@pytest.mark.parametrize("exp", [SOON, str(SOON), SOON * 1000, str(SOON * 1000)])
def test_the_expiry_may_be_text_and_in_milliseconds(exp: int | str) -> None:
    assert claims(assertion(exp=exp))["iss"] == "localorg"


@pytest.mark.parametrize(
    "bad",
    [
        assertion(OTHER_KEY),
        assertion(alg="none"),
        assertion(exp=SOON - 200),
        assertion(exp=(SOON - 200) * 1000),
        assertion(exp="soon"),
        assertion(exp=None),
        assertion(exp=float("nan")),
        assertion(exp="nan"),
        assertion(exp="inf"),
        assertion(exp=10**400),
        assertion(sub="\ud800"),
        signed(b"[" * 100_000),
        signed(b'{"iss":' * 100_000),
        "a.b",
        "a.b.c",
        "",
        assertion()[:-8] + "AAAAAAAA",
    ],
)
def test_a_bad_assertion_is_invalid(bad: str) -> None:
    with pytest.raises(OAuthError) as refused:
        claims(bad)
    assert (refused.value.error, refused.value.description) == (
        "invalid_grant",
        "invalid assertion",
    )


def test_another_audience_is_named() -> None:
    with pytest.raises(OAuthError, match="audience is invalid"):
        claims(assertion(aud="https://example.org"))


def test_a_key_that_is_not_rsa_is_refused() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="RS256"):
        load_public_key(pem)
