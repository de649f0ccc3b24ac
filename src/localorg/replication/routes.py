"""Which records changed or went away in a span of time: updated and deleted."""

from datetime import timedelta
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.dml.removed import latest_removed
from localorg.errors import SalesforceError
from localorg.replication.reading import deleted_records, moment_to_read, updated_ids
from localorg.replication.window import covered, earliest_of_log, window_of
from localorg.schema import ObjectType
from localorg.sobjects.place import Place, place_of
from localorg.web import JSON

_DAYS_OF_UPDATES = 30
_DAYS_OF_DELETIONS = 15


async def _updated(request: Request) -> Response:
    return await run_in_threadpool(_updates, request)


async def _deleted(request: Request) -> Response:
    return await run_in_threadpool(_deletions, request)


def _updates(request: Request) -> Response:
    place, asked = place_of(request), request.query_params
    full = _replicated(place)
    window = window_of(asked.get("start"), asked.get("end"))
    now, open_since = moment_to_read(place.org)
    window.check(now, most_days=_DAYS_OF_UPDATES, shortest=timedelta())
    with place.org.store.read() as connection:
        ids = updated_ids(connection, full, window, place.org.settings.most_replicated_ids)
    latest = covered(window, now, open_since)
    return _json('{"ids":', ids, ',"latestDateCovered":"', latest, '"}')


def _deletions(request: Request) -> Response:
    place, asked = place_of(request), request.query_params
    full = _replicated(place)
    window = window_of(asked.get("start"), asked.get("end"))
    now, open_since = moment_to_read(place.org)
    window.check(now, most_days=_DAYS_OF_DELETIONS, shortest=timedelta(minutes=1))
    with place.org.store.read() as connection:
        most = place.org.settings.most_replicated_ids
        records = deleted_records(connection, full, window, most)
        removed = latest_removed(connection, full)
    earliest = earliest_of_log(now, _DAYS_OF_DELETIONS, removed)
    latest = covered(window, now, open_since)
    dates = ('","latestDateCovered":"', latest, '"}')
    return _json('{"deletedRecords":', records, ',"earliestDateAvailable":"', earliest, *dates)


def _replicated(place: Place) -> ObjectType:
    """The whole of the object, whose stamps the user need not see; raises 400."""
    if not place.object_type.replicateable:
        message = f"entity type {place.object_type.name} does not support replication"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE_FOR_OPERATION", message)
    return place.org.schema.object(place.object_type.name)


def _json(*parts: str) -> Response:
    return Response("".join(parts), media_type=JSON)


_SOBJECT = "/services/data/v{version}/sobjects/{name}"
routes: list[BaseRoute] = [
    Route(_SOBJECT + "/updated", _updated, methods=["GET"]),
    Route(_SOBJECT + "/deleted", _deleted, methods=["GET"]),
]
