from http import HTTPStatus
from typing import Any, get_type_hints

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.clock import stored_datetime
from localorg.control import access, jobs, life
from localorg.control.faults import BULK_JOB_FAILED, HTTP, Fault
from localorg.errors import SalesforceError
from localorg.seed import change_records
from localorg.web import JsonAnswer, org_of, read_object

_KINDS = (BULK_JOB_FAILED, HTTP)


async def _activity(request: Request) -> JsonAnswer:
    org, body = org_of(request), await read_object(request)
    name = org.schema.object(_value(body, "object", str)).name
    count, seed = _value(body, "count", int, 100), _value(body, "seed", int, 1)
    ids = await run_in_threadpool(change_records, org.store, name, count, seed, org.clock.now())
    return JsonAnswer({"changed": ids})


async def _clock(request: Request) -> JsonAnswer:
    org, body = org_of(request), await read_object(request)
    now = org.clock.advance(_value(body, "advance_seconds", int))
    return JsonAnswer({"now": stored_datetime(now)})


async def _plan_fault(request: Request) -> JsonAnswer:
    body = await read_object(request)
    known = get_type_hints(Fault)
    for name in body:
        if name not in known:
            raise _bad(f"'{name}' is no part of a fault. Its parts are: {', '.join(known)}.")
    if body.get("kind") not in _KINDS:
        raise _bad(f"The fault {body.get('kind')!r} is unknown. Known are: {', '.join(_KINDS)}.")
    given = {name: _value(body, name, known[name]) for name in body}
    org_of(request).faults.plan(Fault(**given))
    return JsonAnswer(given, HTTPStatus.CREATED)


async def _clear_faults(request: Request) -> Response:
    org_of(request).faults.clear()
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _end_sessions(request: Request) -> JsonAnswer:
    return JsonAnswer({"ended": org_of(request).sessions.revoke_all()})


async def _show_requests(request: Request) -> JsonAnswer:
    return JsonAnswer({"requests": org_of(request).request_log.as_json()})


async def _clear_requests(request: Request) -> Response:
    org_of(request).request_log.clear()
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _value(body: dict[str, Any], name: str, kind: type, default: Any = None) -> Any:
    value = body.get(name, default)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _bad(f"'{name}' has to be of the type {kind.__name__}; it is {value!r}.")
    return value


def _bad(message: str) -> SalesforceError:
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_CONTROL", message)


routes: list[BaseRoute] = [
    *access.routes,
    *jobs.routes,
    *life.routes,
    Route("/_localorg/activity", _activity, methods=["POST"]),
    Route("/_localorg/clock", _clock, methods=["POST"]),
    Route("/_localorg/faults", _plan_fault, methods=["POST"]),
    Route("/_localorg/faults", _clear_faults, methods=["DELETE"]),
    Route("/_localorg/sessions", _end_sessions, methods=["DELETE"]),
    Route("/_localorg/requests", _show_requests, methods=["GET"]),
    Route("/_localorg/requests", _clear_requests, methods=["DELETE"]),
]
