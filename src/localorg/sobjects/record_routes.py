"""One record by its id: insert, read, update and delete it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.errors import not_found
from localorg.sobjects.describe_routes import show_object
from localorg.sobjects.place import place_of, record_id_in
from localorg.sobjects.reading import record_answer
from localorg.sobjects.saving import delete_record, insert_record, update_record
from localorg.web import JsonAnswer, read_object


async def _insert(request: Request) -> Response:
    return await run_in_threadpool(_inserted, request, await read_object(request))


async def _insert_by_id_route(request: Request) -> Response:
    if request.path_params["key"].lower() != "id":
        raise not_found()
    return await _insert(request)


async def _read(request: Request) -> Response:
    return await run_in_threadpool(_record, request)


async def _update(request: Request) -> Response:
    return await run_in_threadpool(_updated, request, await read_object(request))


async def _delete(request: Request) -> Response:
    return await run_in_threadpool(_deleted, request)


def _inserted(request: Request, body: Mapping[str, Any]) -> Response:
    place = place_of(request)
    change = insert_record(place, body)
    headers = {"location": f"{place.base}/{change.id}"}
    return JsonAnswer(change.as_collection(), HTTPStatus.CREATED, headers=headers)


def _record(request: Request) -> Response:
    place = place_of(request)
    record_id = record_id_in(place, request.path_params["record_id"])
    return record_answer(place, place.object_type, record_id)


def _updated(request: Request, body: Mapping[str, Any]) -> Response:
    place = place_of(request)
    record_id = record_id_in(place, request.path_params["record_id"])
    update_record(place, place.object_type, record_id, body)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _deleted(request: Request) -> Response:
    place = place_of(request)
    record_id = record_id_in(place, request.path_params["record_id"])
    delete_record(place, place.object_type, record_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


_SOBJECT = "/services/data/v{version}/sobjects/{name}"
routes = [
    Route(_SOBJECT, show_object, methods=["GET"]),
    Route(_SOBJECT, _insert, methods=["POST"]),
    Route(_SOBJECT + "/{key}", _insert_by_id_route, methods=["POST"]),
    Route(_SOBJECT + "/{record_id}", _read, methods=["GET"]),
    Route(_SOBJECT + "/{record_id}", _update, methods=["PATCH"]),
    Route(_SOBJECT + "/{record_id}", _delete, methods=["DELETE"]),
]
