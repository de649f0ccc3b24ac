"""Records by an external id, or by a relationship: the paths of two names after the object's."""

import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.composite.inside import ask
from localorg.dml import Change, JsonRecords, Operation, writing
from localorg.dml.sql import select_by
from localorg.errors import SalesforceError, method_not_allowed, not_found
from localorg.schema import Field, ObjectType
from localorg.sobjects.place import Place, key_in, place_of
from localorg.sobjects.reading import record_answer
from localorg.sobjects.relations import Children, children_url, follow
from localorg.sobjects.saving import (
    check_may_match,
    delete_record,
    save_one,
    target_for,
    update_record,
)
from localorg.web import JSON, JsonAnswer, read_object, version_of

# Before it an upsert that updated answered nothing.
_FIRST_TO_SAY_CREATED = 46


async def _read(request: Request) -> Response:
    found = await run_in_threadpool(_found, request)
    if isinstance(found, Response):
        return found
    url = await run_in_threadpool(children_url, place_of(request), found)
    answer = await ask(request, "GET", url)
    return Response(answer.body, answer.status, media_type=JSON)


async def _save(request: Request) -> Response:
    return await run_in_threadpool(_saved, request, await read_object(request))


async def _delete(request: Request) -> Response:
    return await run_in_threadpool(_deleted, request)


def _found(request: Request) -> Response | Children:
    place = place_of(request)
    key = key_in(place)
    if key is None:
        end = follow(place)
        return end if isinstance(end, Children) else record_answer(place, *end)
    with place.org.store.read() as connection:
        holders = _holders(connection, place.object_type, *key)
    if len(holders) > 1:
        return _several(place, holders)
    return record_answer(place, place.object_type, _only(holders))


def _saved(request: Request, body: Mapping[str, Any]) -> Response:
    place = place_of(request)
    key = key_in(place)
    if key is None:
        update_record(place, *_one_record(place), body)
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return _upserted(place, *key, body)


def _deleted(request: Request) -> Response:
    place = place_of(request)
    key = key_in(place)
    if key is None:
        delete_record(place, *_one_record(place))
        return Response(status_code=HTTPStatus.NO_CONTENT)
    with place.org.store.write() as connection:
        holders = _holders(connection, place.object_type, *key)
        if len(holders) > 1:
            return _several(place, holders)
        delete_record(place, place.object_type, _only(holders))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _upserted(place: Place, key: Field, value: str, body: Mapping[str, Any]) -> Response:
    target = target_for(place, Operation.UPSERT, key.name)
    check_may_match(place, key)
    change = JsonRecords(target).read(_with_key(body, key, value))
    with writing(place.org.store, place.org.clock, place.user_id) as writer:
        holders = _holders(writer.connection, place.object_type, key, value)
        if len(holders) > 1:
            return _several(place, holders)
        if not holders and _flag(place.request, "updateOnly"):
            raise not_found()
        save_one(place, writer, target, change)
    return _upsert_answer(place, change)


def _upsert_answer(place: Place, change: Change) -> Response:
    says_created = float(version_of(place.request)) >= _FIRST_TO_SAY_CREATED
    if not change.created and not says_created:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    body = change.as_collection(with_created=says_created)
    if not change.created:
        return JsonAnswer(body)
    headers = {"location": f"{place.base}/{change.id}"}
    return JsonAnswer(body, HTTPStatus.CREATED, headers=headers)


def _with_key(body: Mapping[str, Any], key: Field, value: str) -> dict[str, Any]:
    """The body with the path's key; it may not say the key or the id itself."""
    for name in body:
        if name.lower() in {key.name.lower(), "id"}:
            message = f"The {name} field should not be specified in the sobject data."
            raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_FIELD", message)
    return {**body, key.name: value}


def _one_record(place: Place) -> tuple[ObjectType, str]:
    end = follow(place)
    if isinstance(end, Children):
        raise method_not_allowed(place.request.method, "GET")
    return end


def _holders(
    connection: sqlite3.Connection, object_type: ObjectType, key: Field, value: str
) -> list[str]:
    """The ids of the records that are not deleted and have this value."""
    columns = ["Id", *(["IsDeleted"] if "isdeleted" in object_type.fields else [])]
    rows = select_by(connection, object_type.name, columns, key.name, [value])
    return [str(row["Id"]) for row in rows if not row.get("IsDeleted")]


def _only(holders: list[str]) -> str:
    if not holders:
        raise not_found()
    return holders[0]


def _several(place: Place, ids: list[str]) -> JsonAnswer:
    urls = [f"{place.base}/{record_id}" for record_id in ids]
    return JsonAnswer(urls, HTTPStatus.MULTIPLE_CHOICES)


def _flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() == "true"


_BY_KEY = "/services/data/v{version}/sobjects/{name}/{key}/{value:path}"
routes = [
    Route(_BY_KEY, _read, methods=["GET"]),
    Route(_BY_KEY, _save, methods=["PATCH"]),
    Route(_BY_KEY, _delete, methods=["DELETE"]),
]
