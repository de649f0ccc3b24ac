from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from localorg.errors import SalesforceError
from localorg.limits.storage import used
from localorg.org import Org
from localorg.schema import ObjectType
from localorg.store import quoted
from localorg.web import JsonAnswer, org_of, schema_of, user_of, version_of

_VIEW_SETUP = "PermissionsViewSetup"
_BATCHES = "DailyBulkApiBatches"
# Before this version the batches were called requests.
_BATCHES_BEFORE = ("DailyBulkApiRequests", 49)


def _limits(org: Org) -> dict[str, Any]:
    return {
        name: {"Max": most, "Remaining": max(0, most - used(org, name))}
        for name, most in sorted(org.usage.limits.items())
    }


def _show_limits(request: Request) -> JsonAnswer:
    org = org_of(request)
    if not org.rights.allows(user_of(request), _VIEW_SETUP):
        message = "This feature needs the View Setup and Configuration permission."
        raise SalesforceError(HTTPStatus.FORBIDDEN, "INSUFFICIENT_ACCESS", message)
    limits = _limits(org)
    name, version = _BATCHES_BEFORE
    if float(version_of(request)) < version:
        limits[name] = limits.pop(_BATCHES)
    return JsonAnswer(limits)


def _record_count(request: Request) -> JsonAnswer:
    org, objects = org_of(request), schema_of(request).objects
    asked = request.query_params.get("sObjects", "")
    names = [name for name in asked.split(",") if name] or list(objects)
    known = [objects[name.lower()] for name in names if name.lower() in objects]
    return JsonAnswer({"sObjects": [_count(org, object_type) for object_type in known]})


def _count(org: Org, object_type: ObjectType) -> dict[str, Any]:
    has_bin = "isdeleted" in object_type.fields
    parts = ("SELECT count(*) FROM ", quoted(object_type.name))
    condition = " WHERE IsDeleted = 0" if has_bin else ""
    with org.store.read() as connection:
        count = connection.execute("".join((*parts, condition))).fetchone()[0]
    return {"name": object_type.name, "count": count}


# Plain functions: Starlette calls them in a thread.
routes = [
    Route("/services/data/v{version}/limits", _show_limits, methods=["GET"]),
    Route("/services/data/v{version}/limits/recordCount", _record_count, methods=["GET"]),
]
