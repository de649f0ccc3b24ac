"""Records named by the way to them: a record's parent, or the children that it has."""

from dataclasses import dataclass
from urllib.parse import quote

from localorg.dml.sql import select_by
from localorg.errors import not_found
from localorg.schema import Field, ObjectType
from localorg.sobjects.place import Place, object_named, record_id_in
from localorg.sobjects.records import fields_named
from localorg.web import version_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Children:
    """The records whose lookup points to one record."""

    object_type: ObjectType
    lookup: Field
    parent_id: str


def follow(place: Place) -> tuple[ObjectType, str] | Children:
    """What the path leads to from its first record: another record, or a set of children.

    Raises 404 NOT_FOUND where a name is no relationship or there is no record at its end.
    """
    steps = place.request.path_params["value"].split("/")
    object_type = place.object_type
    record_id = record_id_in(place, place.request.path_params["key"])
    for position, step in enumerate(steps):
        lookup = object_type.relationship(step)
        if lookup is not None:
            object_type, record_id = _parent(place, object_type, record_id, lookup)
            continue
        children = place.schema.child_relationship(object_type.name, step)
        if children is None or position < len(steps) - 1:
            raise not_found()
        _value(place, object_type, record_id, "Id")
        return Children(object_type=children[0], lookup=children[1], parent_id=record_id)
    return object_type, record_id


def children_url(place: Place, children: Children) -> str:
    """The path of the query that reads a set of children."""
    names = place.request.query_params.get("fields")
    fields = ", ".join(field.name for field in fields_named(children.object_type, names))
    text = (
        f"SELECT {fields} FROM {children.object_type.name} "  # noqa: S608 - SOQL of known names
        f"WHERE {children.lookup.name} = '{children.parent_id}'"
    )
    return f"/services/data/v{version_of(place.request)}/query?q={quote(text)}"


def _parent(
    place: Place, object_type: ObjectType, record_id: str, lookup: Field
) -> tuple[ObjectType, str]:
    value = _value(place, object_type, record_id, lookup.name)
    if value is None:
        raise not_found()
    found = place.schema.of_id(value)
    if found is None:
        raise not_found()
    return object_named(place.schema, found.name), value


def _value(place: Place, object_type: ObjectType, record_id: str, name: str) -> str | None:
    columns = [name, *(["IsDeleted"] if "isdeleted" in object_type.fields else [])]
    with place.org.store.read() as connection:
        rows = select_by(connection, object_type.name, columns, "Id", [record_id])
    if not rows or rows[0].get("IsDeleted"):
        raise not_found()
    value = rows[0][name]
    return None if value is None else str(value)
