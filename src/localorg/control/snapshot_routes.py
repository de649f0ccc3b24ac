"""The org as a whole over HTTP: made anew, filled, copied under a name, put back."""

from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.clock import stored_datetime
from localorg.control.inputs import as_moment, bad, read_order, value_of, whole
from localorg.org import Org
from localorg.resetting import MOST_RECORDS, Sizes, reset_org
from localorg.seed import seed
from localorg.store.snapshots import Snapshot, SnapshotError
from localorg.web import JsonAnswer, org_of

_SIZES = ("leads", "contacts", "persons", "cases")


async def _reset(request: Request) -> JsonAnswer:
    order = await read_order(request, (*_SIZES, "seed", "now", "freeze"))
    moment = value_of(order, "now", str)
    now = None if moment is None else as_moment("now", moment)
    frozen = value_of(order, "freeze", bool, default=False)
    org = org_of(request)
    sizes = _sizes(order)
    await run_in_threadpool(reset_org, org, sizes, now=now, frozen=frozen)
    return JsonAnswer({"now": stored_datetime(org.clock.now())} | _numbers(sizes))


async def _seed(request: Request) -> JsonAnswer:
    order = await read_order(request, (*_SIZES, "seed"))
    sizes, org = _sizes(order), org_of(request)
    await run_in_threadpool(_fill, org, sizes)
    return JsonAnswer(_numbers(sizes))


def _fill(org: Org, sizes: Sizes) -> None:
    if not org.store.is_empty():
        raise bad(
            "The org has records already; only an empty one can be seeded. POST the same to "
            "/_localorg/reset to begin anew."
        )
    seed(org.store, now=org.clock.now(), **_numbers(sizes))


def _sizes(order: dict[str, Any]) -> Sizes:
    counts = {name: whole(order, name, 0, most=MOST_RECORDS) for name in _SIZES}
    return Sizes(seed=value_of(order, "seed", int, default=1), **counts)


def _numbers(sizes: Sizes) -> dict[str, int]:
    return {name: getattr(sizes, name) for name in ("seed", *_SIZES)}


async def _list(request: Request) -> JsonAnswer:
    listed = await run_in_threadpool(org_of(request).snapshots.listed)
    return JsonAnswer({"snapshots": [_json(snapshot) for snapshot in listed]})


async def _take(request: Request) -> JsonAnswer:
    snapshots = org_of(request).snapshots
    taken = await run_in_threadpool(_told, lambda: snapshots.take(request.path_params["name"]))
    return JsonAnswer(_json(taken), HTTPStatus.CREATED)


async def _restore(request: Request) -> JsonAnswer:
    org, name = org_of(request), request.path_params["name"]
    restored = await run_in_threadpool(_told, lambda: org.snapshots.restore(name, then=org.rewound))
    return JsonAnswer(_json(restored))


async def _remove(request: Request) -> Response:
    org, name = org_of(request), request.path_params["name"]
    await run_in_threadpool(_told, lambda: org.snapshots.remove(name))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _told(step: Any) -> Any:
    try:
        return step()
    except SnapshotError as error:
        raise bad(str(error)) from error


def _json(snapshot: Snapshot) -> dict[str, Any]:
    return {"name": snapshot.name, "now": snapshot.now, "bytes": snapshot.bytes}


routes: list[BaseRoute] = [
    Route("/_localorg/reset", _reset, methods=["POST"]),
    Route("/_localorg/seed", _seed, methods=["POST"]),
    Route("/_localorg/snapshots", _list, methods=["GET"]),
    Route("/_localorg/snapshots/{name}", _take, methods=["PUT", "POST"]),
    Route("/_localorg/snapshots/{name}", _remove, methods=["DELETE"]),
    Route("/_localorg/snapshots/{name}/restore", _restore, methods=["POST"]),
]
