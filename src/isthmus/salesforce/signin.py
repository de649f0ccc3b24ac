"""Signing in, as generators free of I/O: they yield a request and are sent its answer.

Sources: OAuth 2.0 client credentials flow, OAuth 2.0 JWT bearer flow.
"""

import base64
import hashlib
import hmac
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from isthmus.salesforce.errors import InvalidArgument, SignInRefused
from isthmus.salesforce.signin_errors import sign_in_error
from isthmus.salesforce.wire import Request, Response

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path, not a secret
PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"
_HIDDEN = "***"
_ASSERTION_SECONDS = 170  # Salesforce takes at most three minutes.


@dataclass(frozen=True, kw_only=True, repr=False)
class Token:
    """What a sign-in gave. Its `repr` hides the access token."""

    access_token: str
    instance_url: str
    org_id: str
    user_id: str

    def __repr__(self) -> str:
        return f"Token({self.instance_url!r}, org_id={self.org_id!r}, access_token={_HIDDEN})"


SignIn = Generator[Request, Response, Token]


class Credentials(Protocol):
    """One way of signing in; the client runs it again whenever a session has ended."""

    @property
    def login_url(self) -> str:
        """The host that the requests of `sign_in` go to."""

    def sign_in(self, now: float) -> SignIn:
        """Yield requests, take their answers, return the token. `now`: seconds since 1970."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ClientCredentials:
    """Server to server, as the user that the app names under *Run As*."""

    login_url: str
    """The org's My Domain host; login and test hosts refuse this flow."""
    client_id: str
    client_secret: str

    def sign_in(self, now: float) -> SignIn:
        """See `Credentials`."""
        del now
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        response = yield token_request(self.login_url, form)
        return read_token(response, client_secret=self.client_secret)

    def __repr__(self) -> str:
        return (
            f"ClientCredentials(login_url={self.login_url!r}, client_id={self.client_id!r}, "
            f"client_secret={_HIDDEN})"
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class JwtBearer:
    """A user who has approved the app, vouched for by the app's private key (RSA, PEM)."""

    login_url: str
    client_id: str
    username: str
    private_key: str
    audience: str | None = None
    """Who the assertion is for. Defaults to login.salesforce.com, to test.salesforce.com for
    sandboxes, and to `login_url` on hosts that are not Salesforce's."""

    def __post_init__(self) -> None:
        """Raise `InvalidArgument` for a key that cannot sign."""
        _rsa_key(self.private_key)

    def sign_in(self, now: float) -> SignIn:
        """See `Credentials`."""
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": self._assertion(now),
        }
        response = yield token_request(self.login_url, form)
        return read_token(response)

    def _assertion(self, now: float) -> str:
        claims = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience or default_audience(self.login_url),
            "exp": int(now) + _ASSERTION_SECONDS,
        }
        signed = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        signature = _rsa_key(self.private_key).sign(signed.encode(), PKCS1v15(), SHA256())
        return f"{signed}.{_base64(signature)}"

    def __repr__(self) -> str:
        return (
            f"JwtBearer(login_url={self.login_url!r}, client_id={self.client_id!r}, "
            f"username={self.username!r}, private_key={_HIDDEN})"
        )


@dataclass(frozen=True, kw_only=True)
class GivenToken:
    """A session that somebody has begun already. It is never renewed."""

    login_url: str
    token: Token

    def sign_in(self, now: float) -> SignIn:
        """See `Credentials`."""
        del now
        yield from ()
        return self.token


def token_request(login_url: str, form: Mapping[str, str], *, repeatable: bool = True) -> Request:
    """A token post. It may be repeated unless the flow uses up what it sends."""
    return Request(
        method="POST",
        url=f"{login_url.rstrip('/')}{TOKEN_PATH}",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        body=urlencode(form).encode(),
        repeatable=repeatable,
    )


def read_token(response: Response, *, client_secret: str | None = None) -> Token:
    """The token in an answer, with its signature verified where a secret is used."""
    if response.status != 200:  # noqa: PLR2004
        raise sign_in_error(response)
    found = response.json()
    try:
        identity, instance = str(found["id"]), str(found["instance_url"])
        org_id, user_id = urlsplit(identity).path.rsplit("/", 2)[-2:]
        token = str(found["access_token"])
    except (KeyError, TypeError, ValueError) as error:
        raise SignInRefused(
            f"The answer to {response.target} lacks access_token, instance_url or id. Check that "
            "the login URL is a Salesforce host and not a page in front of it."
        ) from error
    if client_secret is not None:
        _verify_signature(found, client_secret)
    return Token(access_token=token, instance_url=instance, org_id=org_id, user_id=user_id)


def default_audience(login_url: str) -> str:
    """Who an assertion for this login host is meant for."""
    host = urlsplit(login_url).hostname or ""
    if not host.endswith(".salesforce.com"):
        return login_url.rstrip("/")
    return SANDBOX if host == "test.salesforce.com" or ".sandbox." in host else PRODUCTION


def _verify_signature(found: Mapping[str, object], client_secret: str) -> None:
    """Source: OAuth token response, `signature`: HMAC-SHA256 of id and issued_at."""
    signed = f"{found['id']}{found.get('issued_at', '')}".encode()
    expected = base64.b64encode(hmac.digest(client_secret.encode(), signed, hashlib.sha256))
    if not hmac.compare_digest(expected, str(found.get("signature", "")).encode()):
        raise SignInRefused(
            "The signature of the token answer does not fit the client secret, so it may not "
            "come from Salesforce. Check the login URL and the client secret."
        )


def _rsa_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidArgument(
            "The private key cannot be read. Give an RSA key in PEM form without a passphrase "
            "(-----BEGIN PRIVATE KEY-----)."
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise InvalidArgument(
            f"The private key is of type {type(key).__name__}; Salesforce takes RSA keys only. "
            "Make one with `openssl genrsa 2048` and upload its certificate to the app."
        )
    return key


def _encoded(value: Mapping[str, object]) -> str:
    return _base64(orjson.dumps(value))


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
