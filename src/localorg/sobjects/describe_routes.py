"""The list of objects and what each of them is like."""

from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.errors import not_found
from localorg.org import Org
from localorg.schema import ObjectType, describe_object, describe_summary
from localorg.store import BUSINESS_RECORD_TYPE_ID
from localorg.web import JsonAnswer, org_of, version_of

_RECORD_TYPES = (
    "SELECT Id, Name, DeveloperName, IsActive FROM RecordType WHERE SobjectType = ? ORDER BY Id"
)
_BORN = "SELECT CreatedDate FROM Organization"
# Every object has this one, whatever others it has.
_MASTER_ID = "012000000000000AAA"


def object_named(org: Org, name: str) -> ObjectType:
    """The object of a path; raises 404 NOT_FOUND where there is none."""
    found = org.schema.objects.get(name.lower())
    if found is None:
        raise not_found()
    return found


async def _list_objects(request: Request) -> JsonAnswer:
    base = _base(request)
    objects = org_of(request).schema.objects.values()
    return JsonAnswer(
        {
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": [describe_summary(object_type, base) for object_type in objects],
        }
    )


async def show_object(request: Request) -> JsonAnswer:
    """An object without its fields."""
    object_type = object_named(org_of(request), request.path_params["name"])
    summary = describe_summary(object_type, _base(request))
    return JsonAnswer({"objectDescribe": summary, "recentItems": []})


async def _describe(request: Request) -> Response:
    org = org_of(request)
    object_type = object_named(org, request.path_params["name"])
    changed = await run_in_threadpool(_schema_changed, org)
    headers = {"last-modified": format_datetime(changed, usegmt=True)}
    if _is_fresh(request.headers.get("if-modified-since"), changed):
        return Response(status_code=304, headers=headers)
    answer = await run_in_threadpool(_description, org, object_type, _base(request))
    return JsonAnswer(answer, headers=headers)


def _description(org: Org, object_type: ObjectType, base: str) -> dict[str, Any]:
    with org.store.read() as connection:
        rows = connection.execute(_RECORD_TYPES, (object_type.name,)).fetchall()
    record_types = [_record_type(*row) for row in rows] + [_master(default=not rows)]
    return describe_object(org.schema, object_type, base, record_types)


def _record_type(record_id: str, name: str, developer_name: str, active: int) -> dict[str, Any]:
    return {
        "active": bool(active),
        "available": True,
        "defaultRecordTypeMapping": record_id == BUSINESS_RECORD_TYPE_ID,
        "developerName": developer_name,
        "master": False,
        "name": name,
        "recordTypeId": record_id,
    }


def _master(*, default: bool) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": default,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": _MASTER_ID,
    }


def _schema_changed(org: Org) -> datetime:
    """When the schema was last changed: it is as old as the org in this version."""
    with org.store.read() as connection:
        return datetime.fromisoformat(connection.execute(_BORN).fetchone()[0])


def _is_fresh(if_modified_since: str | None, changed: datetime) -> bool:
    if if_modified_since is None:
        return False
    try:
        known = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    return known.timestamp() >= changed.timestamp()


def _base(request: Request) -> str:
    return f"/services/data/v{version_of(request)}"


_SOBJECTS = "/services/data/v{version}/sobjects"
routes = [
    Route(_SOBJECTS, _list_objects, methods=["GET"]),
    Route(_SOBJECTS + "/{name}/describe", _describe, methods=["GET"]),
]
