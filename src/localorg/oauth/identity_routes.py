from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from localorg.hosts import base_url, instance_url
from localorg.ids import normalised_id
from localorg.oauth.answers import identity_url
from localorg.oauth.apps import SCOPES
from localorg.oauth.identity import Person, read_user
from localorg.oauth.sessions import Session
from localorg.store import ORGANIZATION_ID
from localorg.versions import LATEST
from localorg.web import JsonAnswer, org_of

_ORG_PREFIX, _USER_PREFIX = "00D", "005"


class _Refused(Exception):
    """A request about an identity fails; the text is the body of a 403."""


async def _userinfo(request: Request) -> Response:
    try:
        session = await _session(request)
        person = await run_in_threadpool(_person, request, session.user_id)
    except _Refused as refused:
        return PlainTextResponse(str(refused), 403)
    return JsonAnswer(person.userinfo())


async def _identity(request: Request) -> Response:
    try:
        session = await _session(request)
        user_id = _asked_user(request)
        person = await run_in_threadpool(_person, request, user_id)
    except _Refused as refused:
        return PlainTextResponse(str(refused), 403)
    asserted = session.user_id == user_id
    return JsonAnswer(person.identity(_version(request), asserted=asserted))


async def _session(request: Request) -> Session:
    token = await _token(request)
    if not token:
        raise _Refused("Missing_OAuth_Token")
    session = org_of(request).sessions.session_of(token)
    if session is None:
        raise _Refused("Bad_OAuth_Token")
    return session


async def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() in {"bearer", "oauth"}:
        return token.strip()
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    for name in ("oauth_token", "access_token"):
        if found := request.query_params.get(name) or form.get(name):
            return found
    return ""


def _asked_user(request: Request) -> str:
    org_id = normalised_id(request.path_params["org_id"])
    user_id = normalised_id(request.path_params["user_id"])
    if org_id is None or user_id is None:
        raise _Refused("Bad_Id")
    if not org_id.startswith(_ORG_PREFIX) or not user_id.startswith(_USER_PREFIX):
        raise _Refused("Bad_Id")
    if org_id != ORGANIZATION_ID:
        raise _Refused("Wrong_Org")
    return user_id


def _person(request: Request, user_id: str) -> Person:
    org = org_of(request)
    row = read_user(org, user_id)
    if row is None:
        raise _Refused("Bad_Id")
    if not row["IsActive"]:
        raise _Refused("Inactive")
    return Person(row, instance_url(request), identity_url(request, user_id), org.clock.now())


def _version(request: Request) -> str | None:
    version = request.query_params.get("version")
    if version is None:
        return None
    return f"{LATEST}.0" if version == "latest" else version.removeprefix("v")


async def _keys(request: Request) -> JsonAnswer:
    return JsonAnswer(await run_in_threadpool(org_of(request).sign_in.signing_key.key_set))


async def _openid_configuration(request: Request) -> JsonAnswer:
    base = base_url(request)
    answer: dict[str, Any] = {
        "issuer": base,
        "authorization_endpoint": f"{base}/services/oauth2/authorize",
        "token_endpoint": f"{base}/services/oauth2/token",
        "revocation_endpoint": f"{base}/services/oauth2/revoke",
        "userinfo_endpoint": f"{base}/services/oauth2/userinfo",
        "introspection_endpoint": f"{base}/services/oauth2/introspect",
        "jwks_uri": f"{base}/id/keys",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "display_values_supported": ["page", "popup", "touch"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
    return JsonAnswer(answer)


routes: list[BaseRoute] = [
    Route("/services/oauth2/userinfo", _userinfo, methods=["GET", "POST"]),
    Route("/id/keys", _keys, methods=["GET"]),
    Route("/id/{org_id}/{user_id}", _identity, methods=["GET", "POST"]),
    Route("/.well-known/openid-configuration", _openid_configuration, methods=["GET"]),
]
