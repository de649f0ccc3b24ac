"""Signing in by a browser: the web server flow with PKCE, its refresh, and taking a token back.

Free of I/O, as `signin` is. Sources: OAuth 2.0 web server flow, refresh token flow, refresh token
rotation, revoke tokens.
"""

import base64
import hashlib
import secrets
from collections.abc import Generator
from dataclasses import dataclass
from urllib.parse import urlencode

from isthmus.salesforce.error_codes import error_of
from isthmus.salesforce.errors import (
    ConnectionLost,
    RenewalUnknown,
    SalesforceError,
    ServerFault,
    ServerUnavailable,
    UnexpectedAnswer,
)
from isthmus.salesforce.signin import Token, read_token, token_request
from isthmus.salesforce.wire import Request, Response

AUTHORIZE_PATH = "/services/oauth2/authorize"
REVOKE_PATH = "/services/oauth2/revoke"
SCOPES = ("api", "refresh_token", "id")
"""What the app has to allow: calls, a refresh token, and to see who signed in."""

_VERIFIER_BYTES = 64
_HIDDEN = "***"
_REFUSED_TOKEN = 400
_LOST = (ConnectionLost, ServerFault, ServerUnavailable, UnexpectedAnswer)
"""After these nobody knows whether a request for a token was done."""


@dataclass(frozen=True, kw_only=True, repr=False)
class WebApp:
    """An External Client App (or connected app), and where its users log in."""

    login_url: str
    client_id: str
    client_secret: str = ""
    """Empty where the app asks for none."""

    def __repr__(self) -> str:
        return (
            f"WebApp(login_url={self.login_url!r}, client_id={self.client_id!r}, "
            f"client_secret={_HIDDEN})"
        )

    def form(self, grant_type: str, **more: str) -> dict[str, str]:
        """What a request for a token says of the app, and more."""
        secret = {"client_secret": self.client_secret} if self.client_secret else {}
        return {"grant_type": grant_type, "client_id": self.client_id, **secret, **more}


@dataclass(frozen=True, kw_only=True, repr=False)
class Grant:
    """What a sign-in gave, with the refresh token that came along; empty where none did."""

    token: Token
    refresh_token: str = ""

    def __repr__(self) -> str:
        return f"Grant({self.token!r}, refresh_token={_HIDDEN if self.refresh_token else ''!r})"


GrantSteps = Generator[Request, Response, Grant]


def new_verifier() -> str:
    """A fresh PKCE verifier: 86 characters that nobody can guess."""
    return secrets.token_urlsafe(_VERIFIER_BYTES)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize_url(app: WebApp, *, redirect_uri: str, state: str, verifier: str) -> str:
    """Where the browser goes. The user is asked to log in, even where somebody is logged in."""
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "prompt": "login",
    }
    return f"{app.login_url.rstrip('/')}{AUTHORIZE_PATH}?{urlencode(query)}"


def exchange(app: WebApp, *, code: str, redirect_uri: str, verifier: str) -> GrantSteps:
    """Steps that turn a code into a grant. A code works once, so the request is sent once."""
    form = app.form(
        "authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier
    )
    try:
        response = yield token_request(app.login_url, form, repeatable=False)
        return _grant(response, secret=app.client_secret)
    except _LOST as error:
        raise RenewalUnknown(
            f"The answer to the sign-in was lost, so nobody knows whether Salesforce took the "
            f"code: {error} Begin the sign-in again.",
            status=error.status,
            code=error.code,
            path=error.path,
        ) from error


@dataclass(frozen=True, kw_only=True, repr=False)
class Refresh:
    """A new access token for a refresh token, which may be rotated with it."""

    app: WebApp
    refresh_token: str

    def sign_in(self, now: float) -> GrantSteps:
        """Steps that renew. The request is sent once: a rotated token must not be used twice.

        Raises `RenewalUnknown` where the answer is lost. The stored token may be tried once more
        by whoever comes next: if Salesforce had rotated it, that ends the grant for good, and only
        signing in anew helps; if not, it works.
        """
        del now
        form = self.app.form("refresh_token", refresh_token=self.refresh_token)
        try:
            response = yield token_request(self.app.login_url, form, repeatable=False)
            # Without the check of the signature: TLS says who answers, and an answer that is
            # thrown away takes the rotated token with it.
            return _grant(response, secret="")
        except _LOST as error:
            raise RenewalUnknown(
                f"The answer to the renewal of the sign-in was lost, so nobody knows whether "
                f"Salesforce renewed it: {error} {RenewalUnknown.advice}",
                status=error.status,
                code=error.code,
                path=error.path,
            ) from error

    def __repr__(self) -> str:
        return f"Refresh({self.app!r}, refresh_token={_HIDDEN})"


def revoke(login_url: str, token: str) -> Generator[Request, Response, None]:
    """Steps that take a refresh or access token back. One that is not alive any more is fine."""
    response = yield Request(
        method="POST",
        url=f"{login_url.rstrip('/')}{REVOKE_PATH}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode({"token": token}).encode(),
        repeatable=True,
    )
    if response.status not in (200, _REFUSED_TOKEN):
        error: SalesforceError = error_of(response)
        raise error


def _grant(response: Response, *, secret: str) -> Grant:
    token = read_token(response, client_secret=secret or None)
    return Grant(token=token, refresh_token=str(response.json().get("refresh_token") or ""))
