import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.errors import OAuthError
from localorg.oauth.assertions import AUDIENCES, load_public_key, verified_claims
from localorg.org import Org
from localorg.store import ORGANIZATION_ID
from localorg.web import JsonAnswer, org_of

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_USER_BY_NAME = "SELECT Id, IsActive FROM User WHERE Username = ?"
_NOT_CACHED = {"cache-control": "no-store", "pragma": "no-cache"}


async def _token(request: Request) -> JsonAnswer:
    form = await _form(request)
    grant_type = form.get("grant_type")
    if not grant_type:
        raise OAuthError("invalid_request", "missing required parameter: grant_type")
    grant = _GRANTS.get(grant_type)
    if grant is None:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    org = org_of(request)
    user_id = grant(org, request, form)
    return JsonAnswer(_answer(org, request, user_id), headers=_NOT_CACHED)


async def _revoke(request: Request) -> Response:
    form = await _form(request) | dict(request.query_params)
    if org_of(request).sessions.revoke(form.get("token", "")):
        return Response(status_code=200)
    # Clients read the failure of this one endpoint as a form.
    return Response(
        "error=unsupported_token_type&error_description=this+token+type+is+not+supported",
        400,
        media_type="application/x-www-form-urlencoded",
    )


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _client_credentials(org: Org, request: Request, form: dict[str, str]) -> str:
    client_id, secret = _client(request, form)
    _check_client_id(org, client_id)
    if not hmac.compare_digest(secret.encode(), org.settings.client_secret.encode()):
        raise OAuthError("invalid_client", "invalid client credentials")
    return _active_user(org, org.settings.username, "no client credentials user enabled")


def _jwt_bearer(org: Org, request: Request, form: dict[str, str]) -> str:
    if org.settings.jwt_certificate is None:
        raise OAuthError("invalid_client", "invalid client credentials")
    claims = verified_claims(
        form.get("assertion", ""),
        load_public_key(org.settings.jwt_certificate),
        audiences=AUDIENCES | {_base_url(request)},
        now=org.clock.now(),
    )
    _check_client_id(org, str(claims.get("iss", "")))
    if str(claims.get("sub", "")).lower() != org.settings.username.lower():
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    return _active_user(org, org.settings.username, "user hasn't approved this consumer")


_GRANTS: dict[str, Callable[[Org, Request, dict[str, str]], str]] = {
    "client_credentials": _client_credentials,
    JWT_BEARER: _jwt_bearer,
}


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """The app's id and secret, from the Authorization header or else from the form."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "invalid client credentials") from None
    return unquote_plus(client_id), unquote_plus(secret)


def _check_client_id(org: Org, client_id: str) -> None:
    if not client_id:
        raise OAuthError("invalid_request", "missing required parameter: client_id")
    if client_id != org.settings.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")


def _active_user(org: Org, username: str, missing: str) -> str:
    with org.store.read() as connection:
        row = connection.execute(_USER_BY_NAME, (username,)).fetchone()
    if row is None:
        raise OAuthError("invalid_grant", missing)
    user_id, is_active = row
    if not is_active:
        raise OAuthError("inactive_user", "user is inactive")
    return str(user_id)


def _answer(org: Org, request: Request, user_id: str) -> dict[str, Any]:
    base = _base_url(request)
    identity = f"{base}/id/{ORGANIZATION_ID}/{user_id}"
    issued_at = str(int(org.clock.now().timestamp() * 1000))
    signed = hmac.digest(
        org.settings.client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256
    )
    return {
        "access_token": org.sessions.open(user_id),
        "signature": base64.b64encode(signed).decode(),
        "scope": "api id",
        "instance_url": base,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


routes = [
    Route("/services/oauth2/token", _token, methods=["POST"]),
    Route("/services/oauth2/revoke", _revoke, methods=["GET", "POST"]),
]
