"""The paths of composite requests."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from localorg.composite.batch import read_batch, run_batch
from localorg.composite.running import run_all_or_none, run_each
from localorg.composite.subrequests import read_subrequests
from localorg.web import JsonAnswer, read_object, version_of

_RESOURCES = ("batch", "sobjects")


async def _list_resources(request: Request) -> JsonAnswer:
    base = f"/services/data/v{version_of(request)}/composite"
    return JsonAnswer({name: f"{base}/{name}" for name in _RESOURCES})


async def _composite(request: Request) -> JsonAnswer:
    body = await read_object(request)
    subrequests = read_subrequests(body)
    if _flag(body.get("allOrNone")):
        results = await run_in_threadpool(run_all_or_none, request, subrequests)
    else:
        results = await run_each(request, subrequests)
    return JsonAnswer({"compositeResponse": [result.as_json() for result in results]})


async def _batch(request: Request) -> JsonAnswer:
    body = await read_object(request)
    halt_on_error = _flag(body.get("haltOnError"))
    return JsonAnswer(await run_batch(request, read_batch(body), halt_on_error=halt_on_error))


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"


_COMPOSITE = "/services/data/v{version}/composite"
routes: list[BaseRoute] = [
    Route(_COMPOSITE, _list_resources, methods=["GET"]),
    Route(_COMPOSITE, _composite, methods=["POST"]),
    Route(_COMPOSITE + "/batch", _batch, methods=["POST"]),
]
