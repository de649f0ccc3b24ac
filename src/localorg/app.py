"""The org as a web application."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from localorg import versions
from localorg.bulk_ingest import routes as bulk_ingest
from localorg.bulk_query import routes as bulk_query
from localorg.collections import routes as collections
from localorg.composite import routes as composite
from localorg.compression import Compression
from localorg.control import routes as control
from localorg.errors import OAuthError, SalesforceError, method_not_allowed, not_found
from localorg.front_door import FrontDoor
from localorg.limits import routes as limits
from localorg.media import Media
from localorg.oauth import routes as oauth
from localorg.org import Org
from localorg.query import routes as query
from localorg.replication import routes as replication
from localorg.sobjects import describe_routes, key_routes, record_routes
from localorg.web import JsonAnswer, ignoring_case, methods_at

_METHOD_NOT_ALLOWED = 405
# Handlers that wait for the one writer hold a thread each; readers need some beside them.
_HANDLER_THREADS = 64


def create_app(org: Org) -> Starlette:
    """The application that answers for an org; it closes the org when it shuts down."""
    app = Starlette(
        routes=_routes(org),
        middleware=[
            Middleware(FrontDoor, org=org),
            Middleware(Compression),
            Middleware(Media),
        ],
        exception_handlers={
            SalesforceError: _salesforce_error,
            OAuthError: _oauth_error,
            HTTPException: _http_error,
        },
        lifespan=_closing(org),
    )
    app.router.redirect_slashes = False
    app.state.org = org
    return app


def _routes(org: Org) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        *oauth.routes,
        *versions.routes,
        *limits.routes,
        *query.routes,
        *bulk_query.routes,
        *bulk_ingest.routes,
        *collections.routes,
        *composite.routes,
        *replication.routes,
        *describe_routes.routes,
        *record_routes.routes,
        *key_routes.routes,
    ]
    if org.settings.control:
        routes += control.routes
    return ignoring_case(routes)


def _closing(org: Org) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = _HANDLER_THREADS
        yield
        await run_in_threadpool(org.close)

    return lifespan


async def _salesforce_error(_request: Request, error: Any) -> Response:
    return JsonAnswer(error.body(), error.status)


async def _oauth_error(_request: Request, error: Any) -> Response:
    body = {"error": error.error, "error_description": error.description}
    return JsonAnswer(body, error.status, headers={"cache-control": "no-store"})


async def _http_error(request: Request, error: Any) -> Response:
    """What no route takes: an unknown path, or a method that the path does not take."""
    if error.status_code == _METHOD_NOT_ALLOWED:
        allowed = methods_at(request)
        answer = method_not_allowed(request.method, allowed)
        return JsonAnswer(answer.body(), answer.status, headers={"allow": allowed})
    return JsonAnswer(not_found().body(), error.status_code)
