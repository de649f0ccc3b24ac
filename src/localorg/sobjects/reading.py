"""Reading one record, with the conditions that the request makes."""

from http import HTTPStatus

from starlette.responses import Response

from localorg.dml.sql import select_by
from localorg.errors import RowError, not_found
from localorg.schema import ObjectType
from localorg.sobjects.conditions import conditions_of, state_of
from localorg.sobjects.place import Place
from localorg.sobjects.records import fields_named, read_records
from localorg.web import JsonAnswer, version_of


def record_answer(place: Place, object_type: ObjectType, record_id: str) -> Response:
    """A record as JSON, or 304; raises 404 where it is not there, 412 where a condition fails."""
    request = place.request
    fields = fields_named(object_type, request.query_params.get("fields"))
    with place.org.store.read() as connection:
        found = read_records(connection, object_type, fields, [record_id], version_of(request))
        if record_id not in found:
            deleted = select_by(connection, object_type.name, ["Id"], "Id", [record_id])
            raise _gone() if deleted else not_found()
        full = place.org.schema.object(object_type.name)
        state = state_of(connection, full, record_id)
    if state is None:
        return JsonAnswer(found[record_id])
    conditions = conditions_of(request.headers)
    if conditions is not None and not conditions.allow_reading(state):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=state.headers())
    return JsonAnswer(found[record_id], headers=state.headers())


def _gone() -> Exception:
    error = RowError("ENTITY_IS_DELETED", "entity is deleted")
    return error.as_request_error(HTTPStatus.NOT_FOUND)
