from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from localorg.collections.saving import MOST_RECORDS, Item, save_items
from localorg.dml import Change, JsonRecords, Operation, Target, delete_chunk, save_chunk
from localorg.errors import SalesforceError, invalid_type, json_parser_error, not_found
from localorg.ids import normalised_id
from localorg.org import Org
from localorg.schema import Field, ObjectType
from localorg.sobjects.describe_routes import object_named
from localorg.sobjects.records import read_records
from localorg.web import JsonAnswer, org_of, read_object, user_of, version_of

_MOST_READ = 2000


class _Reader:
    """Reads the records of one request, each of which may be of another object."""

    def __init__(self, org: Org, operation: Operation) -> None:
        self._org = org
        self._operation = operation
        self._readers: dict[str, tuple[Target, JsonRecords]] = {}

    def item(self, record: dict[str, Any]) -> Item:
        target, reader = self._reader(_type_of(record))
        return Item(target, reader.read(record))

    def _reader(self, name: str) -> tuple[Target, JsonRecords]:
        key = name.lower()
        if key not in self._readers:
            object_type = self._org.schema.object(name)
            updating = self._operation is Operation.UPDATE
            target = Target(
                schema=self._org.schema,
                object_type=object_type,
                operation=self._operation,
                key_field=object_type.field("Id") if updating else None,
            )
            self._readers[key] = (target, JsonRecords(target))
        return self._readers[key]


async def _insert(request: Request) -> JsonAnswer:
    return await _save(request, Operation.INSERT)


async def _update(request: Request) -> JsonAnswer:
    return await _save(request, Operation.UPDATE)


async def _save(request: Request, operation: Operation) -> JsonAnswer:
    body = await read_object(request)
    reader = _Reader(org_of(request), operation)
    items = [reader.item(record) for record in _records(body)]
    await _run(request, items, all_or_none=_flag(body.get("allOrNone")))
    return JsonAnswer([item.change.as_collection() for item in items])


async def _upsert(request: Request) -> JsonAnswer:
    org = org_of(request)
    object_type = object_named(org, request.path_params["name"])
    key = _upsert_key(object_type, request.path_params["key"])
    target = Target(
        schema=org.schema, object_type=object_type, operation=Operation.UPSERT, key_field=key
    )
    body = await read_object(request)
    reader = JsonRecords(target)
    items = []
    for record in _records(body):
        _check_type(_type_of(record), object_type)
        items.append(Item(target, reader.read(record)))
    await _run(request, items, all_or_none=_flag(body.get("allOrNone")))
    return JsonAnswer([item.change.as_collection(with_created=True) for item in items])


async def _delete(request: Request) -> JsonAnswer:
    org = org_of(request)
    ids = [text for text in request.query_params.get("ids", "").split(",") if text]
    _check_count(len(ids), MOST_RECORDS)
    items = [Item(_delete_target(org, text), Change(key=text)) for text in ids]
    all_or_none = _flag(request.query_params.get("allOrNone"))
    user_id = user_of(request)
    await run_in_threadpool(save_items, org, user_id, items, delete_chunk, all_or_none=all_or_none)
    return JsonAnswer([item.change.as_collection() for item in items])


async def _read(request: Request) -> JsonAnswer:
    asked = request.query_params
    ids, names = asked.get("ids", "").split(","), asked.get("fields", "").split(",")
    return await _retrieve(request, ids, names)


async def _read_by_body(request: Request) -> JsonAnswer:
    body = await read_object(request)
    ids, names = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(names, list):
        raise json_parser_error('The lists "ids" and "fields" are expected at [line:1, column:1]')
    return await _retrieve(request, [str(text) for text in ids], [str(name) for name in names])


async def _retrieve(request: Request, ids: list[str], names: list[str]) -> JsonAnswer:
    org = org_of(request)
    object_type = object_named(org, request.path_params["name"])
    ids = [text for text in ids if text]
    _check_count(len(ids), _MOST_READ)
    fields = [object_type.field(name.strip()) for name in names if name.strip()]
    if not fields:
        message = "The fields to read are missing: name them in 'fields'."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "MISSING_ARGUMENT", message)
    full = [normalised_id(text) or text for text in ids]

    def read() -> dict[str, dict[str, Any]]:
        with org.store.read() as connection:
            return read_records(connection, object_type, fields, full, version_of(request))

    found = await run_in_threadpool(read)
    return JsonAnswer([found.get(record_id) for record_id in full])


async def _run(request: Request, items: list[Item], *, all_or_none: bool) -> None:
    for item in items:
        if not item.target.object_type.createable:
            raise invalid_type(item.target.object_type.name)
    org, user_id = org_of(request), user_of(request)
    await run_in_threadpool(save_items, org, user_id, items, save_chunk, all_or_none=all_or_none)


def _records(body: dict[str, Any]) -> list[dict[str, Any]]:
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise json_parser_error('A list of objects is expected as "records" at [line:1, column:1]')
    _check_count(len(records), MOST_RECORDS)
    return records


def _check_count(count: int, most: int) -> None:
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "EXCEEDED_ID_LIMIT", message)


def _type_of(record: dict[str, Any]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        message = 'The record\'s type is missing: say it in \'attributes\', as {"type": "Lead"}.'
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE", message)
    return name


def _check_type(name: str, object_type: ObjectType) -> None:
    if name.lower() != object_type.name.lower():
        message = f"The record's type is {name}, but the path's is {object_type.name}."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE", message)


def _upsert_key(object_type: ObjectType, name: str) -> Field:
    field = object_type.fields.get(name.lower())
    if field is None or not field.is_upsert_key:
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise not_found(message)
    return field


def _delete_target(org: Org, record_id: str) -> Target:
    object_type = org.schema.of_id(record_id)
    if object_type is None or not object_type.deletable:
        message = f"The id {record_id} is of no object whose records can be deleted."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "MALFORMED_ID", message)
    return Target(schema=org.schema, object_type=object_type, operation=Operation.DELETE)


def _flag(value: object) -> bool:
    return str(value).lower() == "true"


_COLLECTION = "/services/data/v{version}/composite/sobjects"
routes = [
    Route(_COLLECTION, _insert, methods=["POST"]),
    Route(_COLLECTION, _update, methods=["PATCH"]),
    Route(_COLLECTION, _delete, methods=["DELETE"]),
    Route(_COLLECTION + "/{name}", _read, methods=["GET"]),
    Route(_COLLECTION + "/{name}", _read_by_body, methods=["POST"]),
    Route(_COLLECTION + "/{name}/{key}", _upsert, methods=["PATCH"]),
]
