"""Faults over HTTP: planned, listed with what came of them, taken back."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.control.fault_kinds import KINDS
from localorg.control.inputs import bad, object_of
from localorg.control.planning import read_fault
from localorg.web import JsonAnswer, org_of, read_object


async def _plan(request: Request) -> JsonAnswer:
    org, body = org_of(request), await read_object(request)
    fault = read_fault(body)
    if "object" in body:
        # One that the org lacks would never happen.
        object_of(org.schema, body)
    planned = org.faults.plan(fault)
    return JsonAnswer(planned.as_json(), HTTPStatus.CREATED)


async def _list(request: Request) -> JsonAnswer:
    listed = org_of(request).faults.listed()
    return JsonAnswer({"faults": [planned.as_json() for planned in listed]})


async def _clear(request: Request) -> Response:
    org_of(request).faults.clear()
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _remove(request: Request) -> Response:
    number = request.path_params["number"]
    if not org_of(request).faults.remove(number):
        raise bad(f"There is no fault {number}. GET /_localorg/faults lists them.")
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _kinds(_request: Request) -> JsonAnswer:
    kinds = {
        name: {"summary": kind.summary, "parameters": kind.parameters}
        for name, kind in KINDS.items()
    }
    return JsonAnswer({"kinds": kinds})


routes: list[BaseRoute] = [
    Route("/_localorg/faults", _plan, methods=["POST"]),
    Route("/_localorg/faults", _list, methods=["GET"]),
    Route("/_localorg/faults", _clear, methods=["DELETE"]),
    Route("/_localorg/faults/{number:int}", _remove, methods=["DELETE"]),
    Route("/_localorg/fault-kinds", _kinds, methods=["GET"]),
]
