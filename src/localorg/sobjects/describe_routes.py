"""The list of objects and what each of them is like."""

from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.schema import describe_object, describe_summary
from localorg.sobjects.place import Place, place_of
from localorg.sobjects.record_types import record_type_infos
from localorg.sobjects.records import read_records
from localorg.web import JsonAnswer, org_of, schema_of, user_of, version_of

# No object has this name: it stands for the list of all of them.
_LIST = ""


async def _list_objects(request: Request) -> Response:
    return await run_in_threadpool(_objects, request)


async def show_object(request: Request) -> Response:
    """An object without its fields, and the user's recent records of it."""
    return await run_in_threadpool(_basic_information, request)


async def _describe(request: Request) -> Response:
    return await run_in_threadpool(_description, request)


def _objects(request: Request) -> Response:
    base = _base(request)
    objects = schema_of(request).objects.values()
    summaries = [describe_summary(object_type, base) for object_type in objects]
    answer = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": summaries}
    known = [{key: value for key, value in entry.items() if key != "urls"} for entry in summaries]
    return _unless_known(request, _LIST, {"objects": known}, answer)


def _basic_information(request: Request) -> JsonAnswer:
    place = place_of(request)
    summary = describe_summary(place.object_type, _base(request))
    return JsonAnswer({"objectDescribe": summary, "recentItems": _recent_items(place)})


def _recent_items(place: Place) -> list[dict[str, Any]]:
    object_type = place.object_type
    ids = place.org.recent_records.of(place.user_id, object_type.name)
    names = [object_type.name_field] if object_type.name_field else []
    fields = [object_type.field("Id"), *names]
    with place.org.store.read() as connection:
        found = read_records(connection, object_type, fields, ids, version_of(place.request))
    return [found[record_id] for record_id in ids if record_id in found]


def _description(request: Request) -> Response:
    place = place_of(request)
    with place.org.store.read() as connection:
        record_types = record_type_infos(connection, place.object_type)
    answer = describe_object(place.schema, place.object_type, _base(request), record_types)
    known = {key: value for key, value in answer.items() if key != "urls"}
    return _unless_known(request, place.object_type.name, known, answer)


def _unless_known(
    request: Request, name: str, content: dict[str, Any], answer: dict[str, Any]
) -> Response:
    """The answer, or 304 where its content is not newer than what the client has."""
    changed = org_of(request).descriptions.changed(user_of(request), name, content)
    headers = {"last-modified": format_datetime(changed, usegmt=True)}
    if _is_fresh(request.headers.get("if-modified-since"), changed):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return JsonAnswer(answer, headers=headers)


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
