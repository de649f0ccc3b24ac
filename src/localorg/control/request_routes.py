"""The request log over HTTP."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.control.inputs import as_int, as_moment, refuse_unknown
from localorg.control.request_log import Search
from localorg.web import JsonAnswer, org_of

_ASKED = ("method", "path", "status", "client", "user", "after", "since")


async def _show(request: Request) -> JsonAnswer:
    given = dict(request.query_params)
    refuse_unknown(given, _ASKED, "filter of requests")
    search = Search(
        method=given.get("method", ""),
        path=given.get("path", ""),
        status=as_int("status", given["status"]) if "status" in given else None,
        client=given.get("client", ""),
        user=given.get("user", ""),
        after=as_int("after", given.get("after", "0")),
        since=as_moment("since", given["since"]) if "since" in given else None,
    )
    found = org_of(request).request_log.found(search)
    return JsonAnswer({"count": len(found), "requests": found})


async def _clear(request: Request) -> Response:
    org_of(request).request_log.clear()
    return Response(status_code=HTTPStatus.NO_CONTENT)


routes: list[BaseRoute] = [
    Route("/_localorg/requests", _show, methods=["GET"]),
    Route("/_localorg/requests", _clear, methods=["DELETE"]),
]
