"""What tests and demonstrations tell the org to do, over HTTP."""

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from localorg.control import (
    access,
    activity_routes,
    clock_routes,
    fault_routes,
    jobs,
    life,
    request_routes,
    snapshot_routes,
)
from localorg.control.web_pages import keep_out_web_pages
from localorg.web import JsonAnswer, org_of


async def _end_sessions(request: Request) -> JsonAnswer:
    return JsonAnswer({"ended": org_of(request).sessions.revoke_all()})


routes: list[BaseRoute] = [
    *access.routes,
    *activity_routes.routes,
    *clock_routes.routes,
    *fault_routes.routes,
    *jobs.routes,
    *life.routes,
    *request_routes.routes,
    *snapshot_routes.routes,
    Route("/_localorg/sessions", _end_sessions, methods=["DELETE"]),
]
keep_out_web_pages(routes)
