"""Where apps get tokens, end them and ask about them."""

from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.errors import OAuthError
from localorg.oauth.answers import identity_url, token_answer
from localorg.oauth.apps import App
from localorg.oauth.clients import Form, proven_app, read_form
from localorg.oauth.flows import GRANTS
from localorg.oauth.grants import Grant
from localorg.oauth.sessions import Session
from localorg.org import Org
from localorg.web import JsonAnswer, org_of

_FORM = "application/x-www-form-urlencoded"
_NOT_CACHED = {"cache-control": "no-store", "pragma": "no-cache"}
_INACTIVE = {"active": False}


async def _token(request: Request) -> Response:
    form = await read_form(request)
    grant_type = form.get("grant_type")
    if not grant_type:
        raise OAuthError("invalid_request", "missing required parameter: grant_type")
    grant = GRANTS.get(grant_type)
    if grant is None:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    org = org_of(request)

    def answer() -> dict[str, Any]:
        return token_answer(org, request, grant(org, request, form))

    return _formatted(form, await run_in_threadpool(answer))


def _formatted(form: Form, answer: dict[str, Any]) -> Response:
    if form.get("format") == "urlencoded":
        return Response(urlencode(answer), media_type=_FORM, headers=_NOT_CACHED)
    return JsonAnswer(answer, headers=_NOT_CACHED)


async def _revoke(request: Request) -> Response:
    form = await read_form(request)
    if await run_in_threadpool(revoke_token, org_of(request), form.get("token", "")):
        return Response(status_code=200)
    # Clients read the failure of this one endpoint as a form.
    body = {
        "error": "unsupported_token_type",
        "error_description": "this token type is not supported",
    }
    return Response(urlencode(body), 400, media_type=_FORM)


def revoke_token(org: Org, token: str) -> bool:
    """End a refresh token, a delete token or an access token, and what belongs to it.

    A refresh token takes its access tokens along; an access token that came with a refresh token
    takes the refresh token along. The user is asked again before the app gets another one.
    """
    grant = org.sign_in.grants.find(token)
    if grant is not None:
        return _revoke_grant(org, grant)
    session = org.sessions.peek(token)
    if session is None:
        return False
    for found in org.sign_in.grants.all():
        if found.number == session.grant_number:
            _revoke_grant(org, found)
    org.sessions.revoke(token)
    return True


def _revoke_grant(org: Org, grant: Grant) -> bool:
    revoked = org.sign_in.grants.revoke({grant.number}) > 0
    left = {(other.user_id, other.client_id) for other in org.sign_in.grants.all()}
    if (grant.user_id, grant.client_id) not in left:
        org.sign_in.consents.forget(grant.user_id, grant.client_id)
    return revoked


async def _introspect(request: Request) -> JsonAnswer:
    form, org = await read_form(request), org_of(request)
    app = proven_app(org, request, form, needs_secret=True)
    token = form.get("token")
    if not token:
        raise OAuthError("invalid_request", "missing required parameter: token")
    answer = await run_in_threadpool(_introspected, org, request, app, token)
    return JsonAnswer(answer, headers=_NOT_CACHED)


def _introspected(org: Org, request: Request, app: App, token: str) -> dict[str, Any]:
    """What an app may know of a token: nothing but `active` where it is another app's."""
    session = org.sessions.peek(token)
    if session is not None and session.client_id == app.client_id:
        return _access_facts(org, request, session)
    grant = org.sign_in.grants.of_refresh_token(token)
    if grant is None or grant.client_id != app.client_id:
        return _INACTIVE
    if org.sign_in.grants.is_expired(app, grant):
        return _INACTIVE
    return _refresh_facts(org, request, grant)


def _access_facts(org: Org, request: Request, session: Session) -> dict[str, Any]:
    ends = session.used_at + org.sessions.timeout_of(session)
    return _facts(org, request, session.user_id, session.client_id) | {
        "scope": " ".join(session.scopes),
        "token_type": "access_token",
        "exp": int(ends.timestamp()),
        "iat": int(session.issued_at.timestamp()),
        "nbf": int(session.issued_at.timestamp()),
    }


def _refresh_facts(org: Org, request: Request, grant: Grant) -> dict[str, Any]:
    return _facts(org, request, grant.user_id, grant.client_id) | {
        "scope": grant.scope,
        "token_type": "refresh_token",
        "iat": int(grant.created_at),
        "nbf": int(grant.created_at),
    }


def _facts(org: Org, request: Request, user_id: str, client_id: str) -> dict[str, Any]:
    account = org.sign_in.accounts.by_id(user_id)
    return {
        "active": True,
        "client_id": client_id,
        "username": account.username if account else None,
        "sub": identity_url(request, user_id),
    }


routes: list[BaseRoute] = [
    Route("/services/oauth2/token", _token, methods=["POST"]),
    Route("/services/oauth2/revoke", _revoke, methods=["GET", "POST"]),
    Route("/services/oauth2/introspect", _introspect, methods=["POST"]),
]
