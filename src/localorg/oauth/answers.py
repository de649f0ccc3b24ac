"""The answer of the token endpoint (reference 1.2)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from localorg.hosts import base_url, instance_url
from localorg.oauth.apps import App
from localorg.oauth.keys import half_digest
from localorg.org import Org
from localorg.store import ORGANIZATION_ID

# Salesforce's id tokens are for the moment of signing in.
_ID_TOKEN_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Issue:
    """What an access token is made for."""

    app: App
    user_id: str
    scopes: tuple[str, ...]
    grant_number: int | None = None
    # A new refresh token to hand out, if there is one.
    refresh_token: str | None = None
    # Whether the flow gives an id token where the scopes have openid.
    identifies: bool = False
    nonce: str | None = None


def token_answer(org: Org, request: Request, issue: Issue) -> dict[str, Any]:
    """A new access token and all that stands around it."""
    identity = identity_url(request, issue.user_id)
    issued_at = str(int(org.clock.now().timestamp() * 1000))
    access_token = org.sessions.open(
        issue.user_id, issue.app.client_id, issue.scopes, issue.grant_number
    )
    answer = {
        "access_token": access_token,
        "refresh_token": issue.refresh_token,
        "signature": _signature(issue.app, identity + issued_at),
        "scope": " ".join(issue.scopes),
        "id_token": _id_token(org, request, issue, access_token),
        "instance_url": instance_url(request),
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
    return {name: value for name, value in answer.items() if value is not None}


def identity_url(request: Request, user_id: str) -> str:
    """The address of a user's identity, at the host that the request came to."""
    return f"{base_url(request)}/id/{ORGANIZATION_ID}/{user_id}"


def _signature(app: App, text: str) -> str:
    # An app without a secret gets a signature that nobody can check, as from Salesforce.
    key = app.secret or app.client_id
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def _id_token(org: Org, request: Request, issue: Issue, access_token: str) -> str | None:
    if not issue.identifies or "openid" not in issue.scopes:
        return None
    now = int(org.clock.now().timestamp())
    claims: dict[str, Any] = {
        "at_hash": half_digest(access_token),
        "sub": identity_url(request, issue.user_id),
        "aud": issue.app.client_id,
        "iss": base_url(request),
        "exp": now + _ID_TOKEN_SECONDS,
        "iat": now,
    }
    if issue.nonce:
        claims["nonce"] = issue.nonce
    return org.sign_in.signing_key.signed(claims)
