"""Changing at run time who may do what: users, rights, apps, approvals and sessions."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Literal, get_args, get_origin, get_type_hints

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.clock import stored_datetime
from localorg.control.inputs import bad, read_order, refuse_unknown, value_of
from localorg.errors import OAuthError
from localorg.oauth.accounts import Account
from localorg.oauth.answers import token_answer
from localorg.oauth.app_access import asked_scopes
from localorg.oauth.apps import SCOPES, App
from localorg.oauth.assertions import load_public_key
from localorg.oauth.flows import opened_grant
from localorg.org import Org
from localorg.rights import (
    EVERYBODY,
    FIELD_RIGHTS,
    OBJECT_RIGHTS,
    SETUP_OBJECTS,
    RightsDocument,
    governing,
    hideable,
)
from localorg.rights.records import AccessRecords
from localorg.schema import Field, ObjectType
from localorg.web import JsonAnswer, org_of

_USER_KEYS = ("active", "frozen", "password", "profile", "permission_sets")
_SUBJECTS = ("user", "profile", "permission_set")
_RIGHT_KEYS = (*_SUBJECTS, "object", "field", "rights", "permission", "given")
_GRANT_KEYS = ("user", "client_id", "scope")
_USERS = "SELECT Id FROM User ORDER BY Username"
_PROFILE = "SELECT p.Name FROM User u JOIN Profile p ON p.Id = u.ProfileId WHERE u.Id = ?"
_SETS = """
SELECT s.Name FROM PermissionSetAssignment a JOIN PermissionSet s ON s.Id = a.PermissionSetId
WHERE a.AssigneeId = ? AND coalesce(s.IsOwnedByProfile, 0) = 0 ORDER BY s.Name
"""
_SET_ACTIVE = """
UPDATE User SET IsActive = ?, LastModifiedDate = ?, SystemModstamp = ? WHERE Id = ?
"""
_POLICIES = {name: kind for name, kind in get_type_hints(App).items() if name != "client_id"}


def _answering(work: Callable[[Org, Request, dict[str, Any]], Any], *keys: str) -> Any:
    """A handler that reads an order of these keys and does the work in a thread."""

    async def handler(request: Request) -> Response:
        body = await read_order(request, keys)
        found = await run_in_threadpool(work, org_of(request), request, body)
        return found if isinstance(found, Response) else JsonAnswer(found)

    return handler


def _show_users(org: Org, _request: Request, _body: dict[str, Any]) -> dict[str, Any]:
    with org.store.read() as connection:
        ids = [row[0] for row in connection.execute(_USERS)]
    accounts = [account for user_id in ids if (account := org.sign_in.accounts.by_id(user_id))]
    return {"users": [_user_json(org, account) for account in accounts]}


def _change_user(org: Org, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    account = _user(org, request.path_params["user"])
    now = stored_datetime(org.clock.now())
    active = value_of(body, "active", bool)
    frozen = value_of(body, "frozen", bool)
    password = value_of(body, "password", str)
    profile_id = _profile_id(org, body)
    set_ids = _set_ids(org, body)
    with org.store.write() as connection:
        if active is not None:
            connection.execute(_SET_ACTIVE, (int(active), now, now, account.user_id))
        if profile_id is not None:
            records = AccessRecords(org.store, org.clock.now())
            records.put_user(account.username, {"ProfileId": profile_id}, {})
        if set_ids is not None:
            AccessRecords(org.store, org.clock.now()).assign(account.user_id, set_ids)
    if frozen is not None:
        org.sign_in.accounts.freeze(account.user_id, frozen=frozen)
    if password is not None:
        org.sign_in.accounts.set_password(account.user_id, password)
    if frozen or active is False:
        # Salesforce ends the sessions of a user who is taken out.
        org.sessions.revoke_user(account.user_id)
        org.sign_in.browsers.sign_out_user(account.user_id)
    return _user_json(org, _user(org, account.user_id))


def _profile_id(org: Org, body: dict[str, Any]) -> str | None:
    name = value_of(body, "profile", str)
    if name is None:
        return None
    found = AccessRecords(org.store, org.clock.now()).find_profile(name)
    if found is None:
        raise bad(f"There is no profile {name!r}. GET /_localorg/users shows those in use.")
    return found


def _set_ids(org: Org, body: dict[str, Any]) -> list[str] | None:
    names = value_of(body, "permission_sets", list)
    return None if names is None else [_set_id(org, name) for name in names]


def _set_id(org: Org, name: object) -> str:
    found = AccessRecords(org.store, org.clock.now()).find_permission_set(str(name))
    if found is None:
        raise bad(f"There is no permission set {name!r}. A set-up file can add one.")
    return found


def _show_rights(org: Org, _request: Request, _body: dict[str, Any]) -> dict[str, Any]:
    exceptions = org.rights.documents.exceptions()
    return {"exceptions": {name: found.as_json() for name, found in exceptions.items()}}


def _change_rights(org: Org, _request: Request, body: dict[str, Any]) -> dict[str, Any]:
    subject_id = _subject(org, body)
    if ("permission" in body) == ("object" in body):
        raise bad("Name either 'permission' with 'given', or 'object' with 'rights'.")
    change = _permission_change(org, body) if "permission" in body else _object_change(org, body)
    document = org.rights.documents.except_for(subject_id, change)
    return {"subject": subject_id, **document.as_json()}


def _forget_rights(org: Org, _request: Request, _body: dict[str, Any]) -> Response:
    org.rights.documents.clear_exceptions()
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _subject(org: Org, body: dict[str, Any]) -> str:
    """Whom a change is about: a user, a profile or a permission set; everybody if it says none."""
    named = [key for key in _SUBJECTS if key in body]
    if not named:
        return EVERYBODY
    if len(named) > 1:
        raise bad(f"Name one of {', '.join(_SUBJECTS)}, or none for everybody.")
    name = value_of(body, named[0], str)
    if named[0] == "user":
        return _user(org, name).user_id
    if named[0] == "permission_set":
        return _set_id(org, name)
    profile_id = _profile_id(org, body)
    found = AccessRecords(org.store, org.clock.now()).set_of_profile(profile_id or "")
    if found is None:
        raise bad(f"The profile {name!r} has no permission set of its own.")
    return found


def _permission_change(
    org: Org, body: dict[str, Any]
) -> Callable[[RightsDocument], RightsDocument]:
    known = [
        field.name
        for field in org.schema.object("PermissionSet").fields.values()
        if field.name.startswith("Permissions")
    ]
    name = value_of(body, "permission", str)
    full = name if name.startswith("Permissions") else f"Permissions{name}"
    if full not in known:
        raise bad(f"{name!r} is no permission. Allowed are: {', '.join(known)}.")
    given = value_of(body, "given", bool, default=True)
    return lambda document: document.with_permission(full, given=given)


def _object_change(org: Org, body: dict[str, Any]) -> Callable[[RightsDocument], RightsDocument]:
    object_type = _object(org, value_of(body, "object", str))
    name = value_of(body, "field", str)
    if name is None:
        _check_governed(object_type, body)
        rights = _rights(body, OBJECT_RIGHTS)
        return lambda document: document.with_object(object_type.name, rights)
    field = _field(object_type, name)
    _check_governs_itself(org, object_type, field)
    rights = _rights(body, FIELD_RIGHTS)
    if not rights and not hideable(field):
        raise bad(f"{object_type.name}.{field.name} can't be hidden: every record has to have it.")
    return lambda document: document.with_field(f"{object_type.name}.{field.name}", rights)


def _check_governed(object_type: ObjectType, body: dict[str, Any]) -> None:
    of_group = "profile" in body or "permission_set" in body
    if of_group and object_type.name.lower() in SETUP_OBJECTS:
        raise bad(
            f"Permissions such as ViewSetup and ManageUsers decide about {object_type.name}, "
            "not a profile's or permission set's rights on objects. Name a user or nobody."
        )


def _check_governs_itself(org: Org, object_type: ObjectType, field: Field) -> None:
    owner, name = governing(org.schema, object_type, field)
    if owner != object_type.name.lower():
        theirs = org.schema.object(owner)
        full = f"{theirs.name}.{theirs.field(name).name}"
        raise bad(f"{object_type.name}.{field.name} shows {full} of persons: change that field.")


def _object(org: Org, name: str) -> ObjectType:
    found = org.schema.objects.get(name.lower())
    if found is None:
        names = sorted(entry.name for entry in org.schema.objects.values())
        raise bad(f"There is no object {name!r}. There are: {', '.join(names)}.")
    return found


def _field(object_type: ObjectType, name: str) -> Field:
    found = object_type.fields.get(name.lower())
    if found is None:
        names = ", ".join(field.name for field in object_type.fields.values())
        raise bad(f"{object_type.name} has no field {name!r}. It has: {names}.")
    return found


def _rights(body: dict[str, Any], allowed: tuple[str, ...]) -> list[str]:
    rights: list[str] = value_of(body, "rights", list, default=[])
    for name in rights:
        if name not in allowed:
            raise bad(f"{name!r} is no right here. Allowed are: {', '.join(allowed)}.")
    return rights


def _show_apps(org: Org, _request: Request, _body: dict[str, Any]) -> dict[str, Any]:
    return {"apps": [app.as_json() for app in org.sign_in.apps.all()]}


def _change_app(org: Org, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Change policies of an app; an unknown client id is a new app."""
    refuse_unknown(body, _POLICIES, "policy of an app")
    policies = {name: _policy(name, body[name]) for name in body}
    return org.sign_in.apps.change(request.path_params["client_id"], **policies).as_json()


def _forget_app_changes(org: Org, _request: Request, _body: dict[str, Any]) -> Response:
    org.sign_in.apps.forget_changes()
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _policy(name: str, value: Any) -> Any:
    """A policy's value as JSON brings it, checked against what the policy is declared as."""
    declared = _POLICIES[name]
    if get_origin(declared) is tuple:
        return _texts(name, value)
    if get_origin(declared) is Literal:
        if value not in get_args(declared):
            raise bad(f"{name!r} is {value!r}. Allowed are: {', '.join(get_args(declared))}.")
        return value
    kinds = get_args(declared) or (declared,)
    if bytes in kinds and value is not None:
        return _certificate(value)
    value_of({name: value}, name, *kinds)
    if int in kinds and value is not None and value < 1:
        raise bad(f"{name!r} has to be 1 or more; it is {value}.")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad(f"{name!r} has to be a list of texts; it is {value!r}.")
    for scope in value if name == "scopes" else ():
        if scope not in SCOPES:
            raise bad(f"{scope!r} is no scope. Allowed are: {', '.join(SCOPES)}.")
    return tuple(value)


def _certificate(value: Any) -> bytes:
    try:
        load_public_key(str(value).encode())
    except ValueError as error:
        raise bad(f"'certificate' is no PEM text of an RSA certificate or key: {error}") from None
    return str(value).encode()


def _show_grants(org: Org, _request: Request, _body: dict[str, Any]) -> dict[str, Any]:
    return {
        "grants": [
            {
                "number": grant.number,
                "client_id": grant.client_id,
                "user_id": grant.user_id,
                "username": _username(org, grant.user_id),
                "scope": grant.scope,
                "created_at": grant.created_at,
                "used_at": grant.used_at,
                "use_count": grant.use_count,
            }
            for grant in org.sign_in.grants.all()
        ]
    }


def _make_grant(org: Org, request: Request, body: dict[str, Any]) -> Response:
    """What an app would get once its user has logged in and allowed it."""
    account = _user(org, value_of(body, "user", str, default=org.settings.username))
    app = _app(org, value_of(body, "client_id", str, default=org.settings.client_id))
    try:
        scopes = asked_scopes(app, value_of(body, "scope", str, default=""))
        org.sign_in.accounts.check_usable(account.user_id)
    except OAuthError as error:
        raise bad(f"{error.error}: {error.description}") from None
    org.sign_in.consents.give(account.user_id, app.client_id, scopes)
    issue = opened_grant(org, app, account.user_id, " ".join(scopes))
    return JsonAnswer(token_answer(org, request, issue), HTTPStatus.CREATED)


def _revoke_grants(org: Org, request: Request, _body: dict[str, Any]) -> dict[str, Any]:
    """End approvals: of a user, of an app, of both, or all."""
    asked = dict(request.query_params)
    refuse_unknown(asked, ("user", "client_id"), "filter of approvals")
    user_id = _user(org, asked["user"]).user_id if "user" in asked else None
    client_id = _app(org, asked["client_id"]).client_id if "client_id" in asked else None
    ended = [
        grant
        for grant in org.sign_in.grants.all()
        if user_id in (None, grant.user_id) and client_id in (None, grant.client_id)
    ]
    for grant in ended:
        org.sign_in.consents.forget(grant.user_id, grant.client_id)
    return {"ended": org.sign_in.grants.revoke({grant.number for grant in ended})}


def _show_sessions(org: Org, _request: Request, _body: dict[str, Any]) -> dict[str, Any]:
    return {
        "sessions": [
            {
                "user_id": session.user_id,
                "client_id": session.client_id,
                "scope": " ".join(session.scopes),
                "grant": session.grant_number,
                "issued_at": stored_datetime(session.issued_at),
                "used_at": stored_datetime(session.used_at),
                "timeout_seconds": org.sessions.timeout_of(session).total_seconds(),
            }
            for session in org.sessions.all()
        ]
    }


def _user(org: Org, name: str) -> Account:
    accounts = org.sign_in.accounts
    found = accounts.by_username(name) or accounts.by_id(name)
    if found is None:
        raise bad(f"There is no user {name!r}. GET /_localorg/users lists them.")
    return found


def _app(org: Org, client_id: str) -> App:
    found = org.sign_in.apps.find(client_id)
    if found is None:
        known = ", ".join(app.client_id for app in org.sign_in.apps.all())
        raise bad(f"There is no app {client_id!r}. There are: {known}.")
    return found


def _username(org: Org, user_id: str) -> str | None:
    account = org.sign_in.accounts.by_id(user_id)
    return None if account is None else account.username


def _user_json(org: Org, account: Account) -> dict[str, Any]:
    with org.store.read() as connection:
        profile = connection.execute(_PROFILE, (account.user_id,)).fetchone()
        sets = [row[0] for row in connection.execute(_SETS, (account.user_id,))]
    rights = org.rights.of(account.user_id)
    known = org.schema.object("PermissionSet").fields.values()
    return {
        "id": account.user_id,
        "username": account.username,
        "name": account.name,
        "active": account.active,
        "frozen": org.sign_in.accounts.is_frozen(account.user_id),
        "profile": profile[0] if profile else None,
        "permission_sets": sets,
        "permissions": [
            field.name
            for field in known
            if field.name.startswith("Permissions") and rights.allows(field.name)
        ],
    }


routes: list[BaseRoute] = [
    Route("/_localorg/users", _answering(_show_users), methods=["GET"]),
    Route("/_localorg/users/{user}", _answering(_change_user, *_USER_KEYS), methods=["PATCH"]),
    Route("/_localorg/rights", _answering(_show_rights), methods=["GET"]),
    Route("/_localorg/rights", _answering(_change_rights, *_RIGHT_KEYS), methods=["POST"]),
    Route("/_localorg/rights", _answering(_forget_rights), methods=["DELETE"]),
    Route("/_localorg/apps", _answering(_show_apps), methods=["GET"]),
    Route("/_localorg/apps", _answering(_forget_app_changes), methods=["DELETE"]),
    Route("/_localorg/apps/{client_id}", _answering(_change_app, *_POLICIES), methods=["PATCH"]),
    Route("/_localorg/grants", _answering(_show_grants), methods=["GET"]),
    Route("/_localorg/grants", _answering(_make_grant, *_GRANT_KEYS), methods=["POST"]),
    Route("/_localorg/grants", _answering(_revoke_grants), methods=["DELETE"]),
    Route("/_localorg/sessions", _answering(_show_sessions), methods=["GET"]),
]
