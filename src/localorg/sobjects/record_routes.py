"""One record: insert, read, update, upsert and delete it, by its id or by an external id."""

from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.dml import (
    Change,
    JsonRecords,
    Operation,
    Target,
    delete_chunk,
    save_chunk,
    writing,
)
from localorg.dml.sql import select_by
from localorg.errors import RowError, SalesforceError, malformed_id, not_found
from localorg.ids import normalised_id
from localorg.org import Org
from localorg.schema import Field, ObjectType
from localorg.sobjects.describe_routes import object_named, show_object
from localorg.sobjects.errors import request_error
from localorg.sobjects.records import fields_named, read_records
from localorg.web import JsonAnswer, org_of, read_object, user_of, version_of


async def _insert(request: Request) -> JsonAnswer:
    org, object_type = _place(request)
    target = Target(schema=org.schema, object_type=object_type, operation=Operation.INSERT)
    change = JsonRecords(target).read(await read_object(request))
    await _save(request, target, change)
    url = f"/services/data/v{version_of(request)}/sobjects/{object_type.name}/{change.id}"
    return JsonAnswer(change.as_collection(), HTTPStatus.CREATED, headers={"location": url})


async def _read(request: Request) -> JsonAnswer:
    org, object_type = _place(request)
    record_id = _record_id(request, object_type)
    return JsonAnswer(await run_in_threadpool(_record, org, request, object_type, record_id))


async def _update(request: Request) -> Response:
    org, object_type = _place(request)
    record_id = _record_id(request, object_type)
    target = _update_target(org, object_type)
    body = await read_object(request)
    if any(name.lower() == "id" for name in body):
        message = "The Id field should not be specified in the sobject data."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_FIELD", message)
    change = JsonRecords(target).read(body)
    change.key = record_id
    await _save(request, target, change)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _delete(request: Request) -> Response:
    _, object_type = _place(request)
    await _delete_record(request, object_type, _record_id(request, object_type))
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _read_by_key(request: Request) -> JsonAnswer:
    org, object_type = _place(request)
    holders = await run_in_threadpool(_holders, org, object_type, *_key(request, object_type))
    if len(holders) > 1:
        return _several(request, object_type, holders)
    if not holders:
        raise not_found()
    return JsonAnswer(await run_in_threadpool(_record, org, request, object_type, holders[0]))


async def _upsert(request: Request) -> JsonAnswer:
    org, object_type = _place(request)
    key, value = _key(request, object_type)
    target = Target(
        schema=org.schema, object_type=object_type, operation=Operation.UPSERT, key_field=key
    )
    holders = await run_in_threadpool(_holders, org, object_type, key, value)
    if len(holders) > 1:
        return _several(request, object_type, holders)
    if not holders and request.query_params.get("updateOnly", "").lower() == "true":
        raise not_found()
    body = _without_key(await read_object(request), key, value)
    change = JsonRecords(target).read(body)
    await _save(request, target, change)
    status = HTTPStatus.CREATED if change.created else HTTPStatus.OK
    return JsonAnswer(change.as_collection(with_created=True), status)


async def _insert_by_id_route(request: Request) -> JsonAnswer:
    if request.path_params["key"].lower() != "id":
        raise not_found()
    return await _insert(request)


async def _delete_by_key(request: Request) -> Response:
    org, object_type = _place(request)
    holders = await run_in_threadpool(_holders, org, object_type, *_key(request, object_type))
    if len(holders) > 1:
        return _several(request, object_type, holders)
    if not holders:
        raise not_found()
    await _delete_record(request, object_type, holders[0])
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _place(request: Request) -> tuple[Org, ObjectType]:
    org = org_of(request)
    return org, object_named(org, request.path_params["name"])


def _record_id(request: Request, object_type: ObjectType) -> str:
    text = request.path_params["record_id"]
    found = normalised_id(text)
    if found is None:
        raise malformed_id(text)
    if found[:3] != object_type.key_prefix:
        raise not_found()
    return found


def _update_target(org: Org, object_type: ObjectType) -> Target:
    return Target(
        schema=org.schema,
        object_type=object_type,
        operation=Operation.UPDATE,
        key_field=object_type.field("Id"),
    )


def _key(request: Request, object_type: ObjectType) -> tuple[Field, str]:
    """The external id and its value in a path."""
    name = request.path_params["key"]
    field = object_type.fields.get(name.lower())
    if field is None or not field.is_upsert_key or field.type == "id":
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise not_found(message)
    return field, request.path_params["value"]


def _without_key(body: dict[str, Any], key: Field, value: str) -> dict[str, Any]:
    """The body with the path's key; it may not say the key or the id itself."""
    for name in body:
        if name.lower() in {key.name.lower(), "id"}:
            message = f"The {name} field should not be specified in the sobject data."
            raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_FIELD", message)
    return body | {key.name: value}


def _holders(org: Org, object_type: ObjectType, key: Field, value: str) -> list[str]:
    """The ids of the records that are not deleted and have this value."""
    with org.store.read() as connection:
        columns = ["Id", *(["IsDeleted"] if "isdeleted" in object_type.fields else [])]
        rows = select_by(connection, object_type.name, columns, key.name, [value])
    return [str(row["Id"]) for row in rows if not row.get("IsDeleted")]


def _several(request: Request, object_type: ObjectType, ids: list[str]) -> JsonAnswer:
    base = f"/services/data/v{version_of(request)}/sobjects/{object_type.name}"
    return JsonAnswer([f"{base}/{record_id}" for record_id in ids], HTTPStatus.MULTIPLE_CHOICES)


def _record(org: Org, request: Request, object_type: ObjectType, record_id: str) -> dict[str, Any]:
    fields = fields_named(object_type, request.query_params.get("fields"))
    with org.store.read() as connection:
        found = read_records(connection, object_type, fields, [record_id], version_of(request))
        if record_id in found:
            return found[record_id]
        if select_by(connection, object_type.name, ["Id"], "Id", [record_id]):
            error = RowError("ENTITY_IS_DELETED", "entity is deleted")
            raise error.as_request_error(HTTPStatus.NOT_FOUND)
    raise not_found()


async def _save(request: Request, target: Target, change: Change) -> None:
    """Save one change; raises what is wrong with it."""
    _check_writable(target.object_type, target.operation)
    org, user_id = org_of(request), user_of(request)

    def save() -> None:
        with writing(org.store, org.clock, user_id) as writer:
            save_chunk(writer, target, [change])

    await run_in_threadpool(save)
    if change.errors:
        raise request_error(change)


async def _delete_record(request: Request, object_type: ObjectType, record_id: str) -> None:
    _check_writable(object_type, Operation.DELETE)
    org, user_id = org_of(request), user_of(request)
    target = Target(schema=org.schema, object_type=object_type, operation=Operation.DELETE)
    change = Change(key=record_id)

    def delete() -> None:
        with writing(org.store, org.clock, user_id) as writer:
            delete_chunk(writer, target, [change])

    await run_in_threadpool(delete)
    if change.errors:
        raise request_error(change)


def _check_writable(object_type: ObjectType, operation: Operation) -> None:
    allowed = {
        Operation.INSERT: object_type.createable,
        Operation.UPDATE: object_type.updateable,
        Operation.UPSERT: object_type.createable and object_type.updateable,
        Operation.DELETE: object_type.deletable,
    }
    if not allowed[operation]:
        message = f"entity type {object_type.name} does not support {operation.value}"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE_FOR_OPERATION", message)


_SOBJECT = "/services/data/v{version}/sobjects/{name}"
_BY_KEY = _SOBJECT + "/{key}/{value:path}"
routes = [
    Route(_SOBJECT, show_object, methods=["GET"]),
    Route(_SOBJECT, _insert, methods=["POST"]),
    Route(_SOBJECT + "/{key}", _insert_by_id_route, methods=["POST"]),
    Route(_SOBJECT + "/{record_id}", _read, methods=["GET"]),
    Route(_SOBJECT + "/{record_id}", _update, methods=["PATCH"]),
    Route(_SOBJECT + "/{record_id}", _delete, methods=["DELETE"]),
    Route(_BY_KEY, _read_by_key, methods=["GET"]),
    Route(_BY_KEY, _upsert, methods=["PATCH"]),
    Route(_BY_KEY, _delete_by_key, methods=["DELETE"]),
]
