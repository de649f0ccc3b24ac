"""JWT bearer assertions (RFC 7523), signed with RS256."""

import base64
import binascii
import math
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from localorg.errors import OAuthError

AUDIENCES = frozenset({"https://login.salesforce.com", "https://test.salesforce.com"})
_PARTS = 3
# An `exp` beyond this is meant in milliseconds: as seconds it would be in the year 5138.
_MOST_SECONDS = 100_000_000_000
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


def load_public_key(pem: bytes) -> RSAPublicKey:
    """The RSA key of a PEM certificate or public key; raises ValueError where there is none."""
    key: object
    if _CERTIFICATE in pem:
        key = load_pem_x509_certificate(pem).public_key()
    else:
        key = load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey):
        message = f"The key is a {type(key).__name__}; JWT bearer is signed with RSA (RS256)."
        raise ValueError(message)  # noqa: TRY004 - the file's content is wrong, not a type
    return key


def claimed_issuer(assertion: str) -> str:
    """The client id that an assertion names, not proven yet; raises OAuthError invalid_grant."""
    parts = assertion.split(".")
    if len(parts) != _PARTS:
        raise _invalid()
    return str(_json_object(parts[1]).get("iss", ""))


def verified_claims(
    assertion: str, key: RSAPublicKey, *, audiences: frozenset[str], now: datetime
) -> dict[str, Any]:
    """The claims of an assertion whose signature, time and audience are right.

    `exp` may be a number or a text, of seconds or milliseconds: clients send all of them.
    Raises OAuthError invalid_grant.
    """
    claims = _signed_claims(assertion, key)
    if str(claims.get("aud", "")).rstrip("/") not in audiences:
        raise OAuthError("invalid_grant", "audience is invalid")
    if _expiry_seconds(claims) <= now.timestamp():
        raise _invalid()
    return claims


def _signed_claims(assertion: str, key: RSAPublicKey) -> dict[str, Any]:
    parts = assertion.split(".")
    if len(parts) != _PARTS:
        raise _invalid()
    header, claims = _json_object(parts[0]), _json_object(parts[1])
    if header.get("alg") != "RS256":
        raise _invalid()
    try:
        signed = f"{parts[0]}.{parts[1]}".encode()
        key.verify(_decoded(parts[2]), signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise _invalid() from None
    return claims


def _expiry_seconds(claims: dict[str, Any]) -> float:
    try:
        expiry = float(claims["exp"])
    except (KeyError, OverflowError, TypeError, ValueError):
        raise _invalid() from None
    if not math.isfinite(expiry):
        # Nothing is later than NaN: such an assertion would never end.
        raise _invalid()
    return expiry / 1000 if expiry > _MOST_SECONDS else expiry


def _json_object(part: str) -> dict[str, Any]:
    try:
        # Unlike json, it refuses NaN, half surrogate pairs and endless nesting.
        value = orjson.loads(_decoded(part))
    except ValueError:
        raise _invalid() from None
    if not isinstance(value, dict):
        raise _invalid()
    return value


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _invalid() from None


def _invalid() -> OAuthError:
    return OAuthError("invalid_grant", "invalid assertion")
