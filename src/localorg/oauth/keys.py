"""The key that id tokens are signed with."""

import base64
import hashlib
import json
import threading
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from localorg.store import Store

_NAME = "id_token"
_FIND = "SELECT pem FROM localorg_token_keys WHERE name = ?"
_ADD = "INSERT OR IGNORE INTO localorg_token_keys VALUES (?, ?)"
_KEY_BITS = 2048
_PUBLIC_EXPONENT = 65537


class SigningKey:
    """An RSA key of the org, made when it is first needed and kept in the org's file."""

    def __init__(self, store: Store) -> None:
        """Make nothing yet."""
        self._store = store
        self._lock = threading.Lock()

    def signed(self, claims: dict[str, Any]) -> str:
        """A JWT of these claims, signed with RS256."""
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key_id}
        text = f"{_encoded_json(header)}.{_encoded_json(claims)}"
        return f"{text}.{_encoded(self._key.sign(text.encode(), PKCS1v15(), SHA256()))}"

    def key_set(self) -> dict[str, Any]:
        """The public half as a JSON Web Key Set."""
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self._key_id}
        return {"keys": [key | self._public_numbers]}

    @property
    def _key(self) -> rsa.RSAPrivateKey:
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> rsa.RSAPrivateKey:
        pem = self._kept()
        if pem is None:
            self._make()
            pem = self._kept()
        return _rsa_key(pem or "")

    def _kept(self) -> str | None:
        with self._store.read() as connection:
            row = connection.execute(_FIND, (_NAME,)).fetchone()
        return None if row is None else str(row[0])

    def _make(self) -> None:
        key = rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=_KEY_BITS)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with self._store.write() as connection:
            connection.execute(_ADD, (_NAME, pem.decode()))

    @cached_property
    def _public_numbers(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        return {"n": _encoded_number(numbers.n), "e": _encoded_number(numbers.e)}

    @cached_property
    def _key_id(self) -> str:
        return hashlib.sha256(self._public_numbers["n"].encode()).hexdigest()[:16]


def half_digest(token: str) -> str:
    """`at_hash`: the left half of an access token's digest (OpenID Connect Core 3.1.3.6)."""
    return _encoded(hashlib.sha256(token.encode()).digest()[:16])


def _rsa_key(pem: str) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        message = f"The org's file keeps a {type(key).__name__} to sign with, not an RSA key."
        raise TypeError(message)
    return key


def _encoded_json(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded_number(number: int) -> str:
    return _encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
