"""What a path names: an object, a record, an external id's value."""

import re
from dataclasses import dataclass

from starlette.requests import Request

from localorg.errors import malformed_id, not_found
from localorg.ids import normalised_id
from localorg.org import Org
from localorg.schema import Field, ObjectType, Schema
from localorg.web import org_of, schema_of, user_of, version_of

# Salesforce takes these for the extension of a file and finds nothing (reference 2.4); `.json` and
# `.xml` are taken away before a request gets here.
_EXTENSIONS = (".inc",)
_LAST_SLASHES = re.compile(rb"((?:%2F)+)/?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An object as the user who asks sees it, and where it is asked for."""

    request: Request
    org: Org
    user_id: str
    schema: Schema
    object_type: ObjectType

    @property
    def base(self) -> str:
        """The path of the object's records, without a slash at its end."""
        return self.base_of(self.object_type.name)

    def base_of(self, name: str) -> str:
        """The path of the records of an object."""
        return f"/services/data/v{version_of(self.request)}/sobjects/{name}"


def object_named(schema: Schema, name: str) -> ObjectType:
    """The object of a path; raises 404 NOT_FOUND where there is none."""
    found = schema.objects.get(name.lower())
    if found is None:
        raise not_found()
    return found


def place_of(request: Request) -> Place:
    """The object of a request's path; raises 404 NOT_FOUND where the user sees none."""
    schema = schema_of(request)
    return Place(
        request=request,
        org=org_of(request),
        user_id=user_of(request),
        schema=schema,
        object_type=object_named(schema, request.path_params["name"]),
    )


def record_id_in(place: Place, text: str) -> str:
    """An id in a path; raises 400 MALFORMED_ID, 404 where it is another object's."""
    found = normalised_id(text)
    if found is None:
        raise malformed_id(text)
    if found[:3] != place.object_type.key_prefix:
        raise not_found()
    return found


def key_in(place: Place) -> tuple[Field, str] | None:
    """The external id and its value in a path; None where the path follows a relationship.

    Raises 404 NOT_FOUND for a field that is no key, and for values that look like a file's name.
    """
    name, value = (place.request.path_params[part] for part in ("key", "value"))
    field = place.object_type.fields.get(name.lower())
    if field is None and normalised_id(name) is not None:
        return None
    if field is None or not field.is_upsert_key or field.type == "id":
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise not_found(message)
    if value.lower().endswith(_EXTENSIONS):
        raise not_found()
    return field, _with_slashes(place.request, value)


def _with_slashes(request: Request, value: str) -> str:
    """The value with the slashes at its end that came as %2F.

    A slash at the end of a path means nothing, so the last of them may have been taken away.
    """
    sent = _LAST_SLASHES.search(request.scope.get("raw_path") or b"")
    slashes = "/" * (len(sent[1]) // len("%2F")) if sent else ""
    return value if value.endswith(slashes) else value + "/"
