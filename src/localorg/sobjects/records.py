"""Records read by id, as JSON."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from localorg.clock import rest_datetime
from localorg.dml.sql import Row, marks
from localorg.query.values import address, address_key
from localorg.schema import Field, ObjectType
from localorg.store import quoted

_IDS_PER_STATEMENT = 500
_ALIAS = "record"


def read_records(
    connection: sqlite3.Connection,
    object_type: ObjectType,
    fields: Sequence[Field],
    ids: Sequence[str],
    version: str,
) -> dict[str, dict[str, Any]]:
    """The records that are not deleted, by id, with the given fields and `attributes`."""
    found: dict[str, dict[str, Any]] = {}
    columns = _columns(object_type, fields)
    for start in range(0, len(ids), _IDS_PER_STATEMENT):
        some = ids[start : start + _IDS_PER_STATEMENT]
        for row in _select(connection, object_type, columns, some):
            if not row.get("IsDeleted"):
                found[str(row["Id"])] = _record(object_type, fields, row, version)
    return found


def fields_named(object_type: ObjectType, names: str | None) -> list[Field]:
    """The fields of a list such as `Id,Email`, or all; raises INVALID_FIELD for an unknown one."""
    if not names:
        return list(object_type.fields.values())
    return [object_type.field(name.strip()) for name in names.split(",") if name.strip()]


def json_value(field: Field, stored: Any) -> Any:
    """A stored value as JSON shows it."""
    if stored is None:
        return None
    as_json = _AS_JSON.get(field.type)
    return as_json(stored) if as_json else stored


def _columns(object_type: ObjectType, fields: Iterable[Field]) -> list[Field]:
    """The fields that are read for others' sake too: of each compound its parts."""
    needed = {"Id": object_type.field("Id")}
    if "isdeleted" in object_type.fields:
        needed["IsDeleted"] = object_type.field("IsDeleted")
    for field in fields:
        parts = object_type.parts.get(field.name, ()) if field.compound else (field,)
        needed |= {part.name: part for part in parts}
    return list(needed.values())


def _select(
    connection: sqlite3.Connection,
    object_type: ObjectType,
    columns: Sequence[Field],
    ids: Sequence[str],
) -> Iterable[Row]:
    values = ", ".join(_expression(field) for field in columns)
    source = object_type.source or quoted(object_type.name)
    condition = (" WHERE ", _ALIAS, ".Id IN (", marks(len(ids)), ")")
    statement = "".join(("SELECT ", values, " FROM ", source, " AS ", _ALIAS, *condition))
    names = [field.name for field in columns]
    for row in connection.execute(statement, tuple(ids)):
        yield dict(zip(names, row, strict=True))


def _expression(field: Field) -> str:
    return field.expression(_ALIAS) or f"{_ALIAS}.{quoted(field.name)}"


def _record(
    object_type: ObjectType, fields: Sequence[Field], row: Row, version: str
) -> dict[str, Any]:
    url = f"/services/data/v{version}/sobjects/{object_type.name}/{row['Id']}"
    record: dict[str, Any] = {"attributes": {"type": object_type.name, "url": url}}
    for field in fields:
        record[field.name] = (
            _compound(object_type, field, row)
            if field.compound
            else json_value(field, row[field.name])
        )
    return record


_AS_JSON: Mapping[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "datetime": rest_datetime,
    "double": float,
    "currency": float,
    "percent": float,
}


def _compound(object_type: ObjectType, field: Field, row: Row) -> dict[str, Any] | None:
    prefix = field.name.removesuffix("Address")
    parts = object_type.parts.get(field.name, ())
    return address({address_key(part, prefix): json_value(part, row[part.name]) for part in parts})
