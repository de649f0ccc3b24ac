"""The paths of REST queries."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from localorg.errors import SalesforceError
from localorg.query.answers import Paging, batch_size_of, go_on, run
from localorg.query.cursors import Cursors
from localorg.web import JsonAnswer, org_of, version_of

BASE = "/services/data/v{version}"


def cursors_of(request: Request) -> Cursors:
    """Return the open cursors of the org that a request came to."""
    state = request.app.state
    if not hasattr(state, "query_cursors"):
        state.query_cursors = Cursors()
    cursors: Cursors = state.query_cursors
    return cursors


async def _query(request: Request) -> JsonAnswer:
    return await _first_page(request, deleted_too=False)


async def _query_all(request: Request) -> JsonAnswer:
    return await _first_page(request, deleted_too=True)


async def _first_page(request: Request, *, deleted_too: bool) -> JsonAnswer:
    text = request.query_params.get("q")
    if text is None:
        raise SalesforceError(400, "MALFORMED_QUERY", "A query string has to be specified")
    org, cursors, paging = org_of(request), cursors_of(request), _paging(request)
    answer = await run_in_threadpool(run, org, cursors, text, paging, deleted_too=deleted_too)
    return JsonAnswer(answer)


async def _next_page(request: Request) -> JsonAnswer:
    org, cursors, paging = org_of(request), cursors_of(request), _paging(request)
    locator = request.path_params["locator"]
    return JsonAnswer(await run_in_threadpool(go_on, org, cursors, locator, paging))


def _paging(request: Request) -> Paging:
    return Paging(
        version=version_of(request),
        batch_size=batch_size_of(request.headers.get("sforce-query-options")),
    )


routes = [
    Route(f"{BASE}/query", _query, methods=["GET"]),
    Route(f"{BASE}/queryAll", _query_all, methods=["GET"]),
    Route(f"{BASE}/query/{{locator}}", _next_page, methods=["GET"]),
    Route(f"{BASE}/queryAll/{{locator}}", _next_page, methods=["GET"]),
]
