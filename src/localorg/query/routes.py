"""The paths of REST queries."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from localorg.errors import SalesforceError
from localorg.query.answers import Asking, batch_size_of, compiled, go_on, run
from localorg.query.columns import column_metadata
from localorg.query.explain import explain
from localorg.web import JsonAnswer, org_of, schema_of, user_of, version_of

BASE = "/services/data/v{version}"


async def _query(request: Request) -> JsonAnswer:
    return await _first_page(request, deleted_too=False)


async def _query_all(request: Request) -> JsonAnswer:
    return await _first_page(request, deleted_too=True)


async def _first_page(request: Request, *, deleted_too: bool) -> JsonAnswer:
    asked = request.query_params.get("explain")
    if asked is not None:
        return await run_in_threadpool(lambda: JsonAnswer(explain(_asking(request), asked)))
    text = request.query_params.get("q")
    if text is None:
        raise SalesforceError(400, "MALFORMED_QUERY", "A query string has to be specified")

    def answer() -> JsonAnswer:
        asking = _asking(request)
        if request.query_params.get("columns", "").lower() == "true":
            return JsonAnswer(column_metadata(compiled(asking, text), asking.schema))
        return JsonAnswer(run(asking, text, deleted_too=deleted_too))

    return await run_in_threadpool(answer)


async def _next_page(request: Request) -> JsonAnswer:
    locator = request.path_params["locator"]
    return await run_in_threadpool(lambda: JsonAnswer(go_on(_asking(request), locator)))


def _asking(request: Request) -> Asking:
    query = request.url.query
    return Asking(
        org=org_of(request),
        schema=schema_of(request),
        user_id=user_of(request),
        version=version_of(request),
        batch_size=batch_size_of(request.headers.get("sforce-query-options")),
        target=f"{request.url.path}?{query}" if query else request.url.path,
    )


routes = [
    Route(f"{BASE}/query", _query, methods=["GET"]),
    Route(f"{BASE}/queryAll", _query_all, methods=["GET"]),
    Route(f"{BASE}/query/{{locator}}", _next_page, methods=["GET"]),
    Route(f"{BASE}/queryAll/{{locator}}", _next_page, methods=["GET"]),
]
