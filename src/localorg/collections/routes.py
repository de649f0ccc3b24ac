"""Several records in one request: the sObject Collections resource."""

from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from localorg.collections.reading import (
    CollectionReader,
    check_count,
    delete_items,
    records_in,
    upsert_items,
    upsert_key,
)
from localorg.collections.saving import MOST_RECORDS, delete, save
from localorg.dml import Operation
from localorg.errors import SalesforceError, json_parser_error
from localorg.ids import normalised_id
from localorg.sobjects.place import place_of
from localorg.sobjects.records import read_records
from localorg.sobjects.saving import check_may_match
from localorg.web import JsonAnswer, read_object, schema_of, version_of

_MOST_READ_BY_PATH = 800
_MOST_READ_BY_BODY = 2000


async def _insert(request: Request) -> JsonAnswer:
    body = await read_object(request)
    return await run_in_threadpool(_saved, request, body, Operation.INSERT)


async def _update(request: Request) -> JsonAnswer:
    body = await read_object(request)
    return await run_in_threadpool(_saved, request, body, Operation.UPDATE)


async def _upsert(request: Request) -> JsonAnswer:
    return await run_in_threadpool(_upserted, request, await read_object(request))


async def _delete(request: Request) -> JsonAnswer:
    return await run_in_threadpool(_deleted, request)


async def _read(request: Request) -> JsonAnswer:
    asked = request.query_params
    ids, names = asked.get("ids", "").split(","), asked.get("fields", "").split(",")
    check_count(len(ids), _MOST_READ_BY_PATH)
    return await run_in_threadpool(_retrieved, request, ids, names)


async def _read_by_body(request: Request) -> JsonAnswer:
    body = await read_object(request)
    ids, names = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(names, list):
        raise json_parser_error('The lists "ids" and "fields" are expected at [line:1, column:1]')
    check_count(len(ids), _MOST_READ_BY_BODY)
    return await run_in_threadpool(
        _retrieved, request, [str(text) for text in ids], [str(name) for name in names]
    )


def _saved(request: Request, body: dict[str, Any], operation: Operation) -> JsonAnswer:
    reader = CollectionReader(schema_of(request), operation)
    items = [reader.item(record) for record in records_in(body)]
    save(request, items, all_or_none=_flag(body.get("allOrNone")))
    return JsonAnswer([item.change.as_collection() for item in items])


def _upserted(request: Request, body: dict[str, Any]) -> JsonAnswer:
    place = place_of(request)
    key = upsert_key(place.object_type, request.path_params["key"])
    check_may_match(place, key)
    items = upsert_items(place.schema, place.object_type, key, records_in(body))
    save(request, items, all_or_none=_flag(body.get("allOrNone")))
    return JsonAnswer([item.change.as_collection(with_created=True) for item in items])


def _deleted(request: Request) -> JsonAnswer:
    ids = [text for text in request.query_params.get("ids", "").split(",") if text]
    if not ids:
        message = "The ids of the records to delete are missing: name them in 'ids'."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "MISSING_ARGUMENT", message)
    check_count(len(ids), MOST_RECORDS)
    items = delete_items(schema_of(request), ids)
    delete(request, items, all_or_none=_flag(request.query_params.get("allOrNone")))
    return JsonAnswer([item.change.as_collection() for item in items])


def _retrieved(request: Request, ids: list[str], names: list[str]) -> JsonAnswer:
    place = place_of(request)
    fields = [place.object_type.field(name.strip()) for name in names if name.strip()]
    if not fields:
        message = "The fields to read are missing: name them in 'fields'."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "MISSING_ARGUMENT", message)
    full = [normalised_id(text) or text for text in ids if text]
    with place.org.store.read() as connection:
        found = read_records(connection, place.object_type, fields, full, version_of(request))
    return JsonAnswer([found.get(record_id) for record_id in full])


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
