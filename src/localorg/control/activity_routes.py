"""The org's users at work, over HTTP."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from localorg.control.activity import (
    ACTIONS,
    CHANGE,
    DELETE,
    INSERT,
    Activity,
    perform,
    perform_late,
    rehearse,
)
from localorg.control.clock_routes import transaction_json
from localorg.control.inputs import bad, object_of, read_order, seconds_of, value_of, whole
from localorg.errors import SalesforceError
from localorg.ids import normalised_id
from localorg.org import Org
from localorg.schema import ObjectType
from localorg.transactions import OpenTransaction
from localorg.web import JsonAnswer, org_of

_ASKED = ("object", "action", "count", "seed", "fields", "ids", "user", "commit_after_seconds")
_DONE = {CHANGE: "changed", DELETE: "deleted", INSERT: "inserted"}
_USER = "SELECT Id FROM User WHERE Username = ? OR Id = ?"


async def _activity(request: Request) -> JsonAnswer:
    org, order = org_of(request), await read_order(request, _ASKED)
    seconds = seconds_of(order, "commit_after_seconds")
    answer = await run_in_threadpool(_do, org, order, seconds)
    return JsonAnswer(answer)


def _do(org: Org, order: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    activity = _read(org, order)
    done = _DONE[activity.action]
    try:
        if seconds == 0:
            return {done: perform(org, activity)}
        ids = rehearse(org, activity)
    except SalesforceError as error:
        # A field or value that the object does not take is a mistake of this request.
        raise bad(error.message) from error
    began = org.clock.now()
    transaction = OpenTransaction(
        began=began,
        commits=began + timedelta(seconds=seconds),
        write=lambda stamp: perform_late(org, activity, ids, stamp),
        about={
            "action": activity.action,
            "object": activity.object_type.name,
            "count": activity.count if activity.action == INSERT else len(ids),
        },
    )
    number = org.transactions.begin(transaction)
    return {done: ids, "transaction": transaction_json(number, transaction)}


def _read(org: Org, order: Mapping[str, Any]) -> Activity:
    object_type = object_of(org.schema, order)
    action = value_of(order, "action", str, default=CHANGE)
    if action not in ACTIONS:
        raise bad(f"'action' has to be one of {', '.join(ACTIONS)}; it is {action!r}.")
    _check_allowed(object_type, action)
    values, drawn = _fields(object_type, value_of(order, "fields", dict, list, default={}))
    if action == DELETE and (values or drawn):
        raise bad("'fields' have no meaning for the action delete. Leave them out.")
    ids = _ids(object_type, value_of(order, "ids", list))
    if action == INSERT and ids is not None:
        raise bad("'ids' have no meaning for the action insert: the org gives them.")
    return Activity(
        object_type=object_type,
        action=action,
        count=whole(order, "count", 100),
        seed=value_of(order, "seed", int, default=1),
        values=values,
        drawn=drawn,
        ids=ids,
        user_id=_user(org, value_of(order, "user", str)),
    )


def _check_allowed(object_type: ObjectType, action: str) -> None:
    may = {
        CHANGE: object_type.updateable,
        DELETE: object_type.deletable,
        INSERT: object_type.createable,
    }
    if not may[action]:
        raise bad(f"Users can't {action} records of {object_type.name}.")


def _fields(
    object_type: ObjectType, given: dict[str, Any] | list[Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    for name in given:
        if not isinstance(name, str) or name.partition(".")[0].lower() not in _names(object_type):
            raise bad(
                f"'fields' has to be an object of fields and values, or a list of the names of "
                f"fields of {object_type.name}; {name!r} is none of them."
            )
    if isinstance(given, dict):
        return given, ()
    return {}, tuple(given)


def _names(object_type: ObjectType) -> set[str]:
    """The names of the fields, and of the ways to parents."""
    relationships = {
        field.relationship_name.lower()
        for field in object_type.fields.values()
        if field.relationship_name
    }
    return set(object_type.fields) | relationships


def _ids(object_type: ObjectType, given: list[Any] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(_id(object_type, entry) for entry in given)


def _id(object_type: ObjectType, given: Any) -> str:
    found = normalised_id(given) if isinstance(given, str) else None
    if found is None or not found.startswith(object_type.key_prefix):
        raise bad(f"'ids' has to be a list of ids of {object_type.name}; {given!r} is none.")
    return found


def _user(org: Org, given: str | None) -> str | None:
    if given is None:
        return None
    with org.store.read() as connection:
        row = connection.execute(_USER, (given, normalised_id(given))).fetchone()
    if row is None:
        raise bad(f"'user' has to be a user's name or id; {given!r} is none.")
    return str(row[0])


routes: list[BaseRoute] = [Route("/_localorg/activity", _activity, methods=["POST"])]
