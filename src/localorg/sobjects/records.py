"""Records read by id, as JSON."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localorg.clock import rest_datetime
from localorg.dml.sql import Row, select_by
from localorg.schema import Field, ObjectType

_ADDRESS_KEYS = (
    "city",
    "country",
    "countryCode",
    "geocodeAccuracy",
    "latitude",
    "longitude",
    "postalCode",
    "state",
    "stateCode",
    "street",
)
_IDS_PER_STATEMENT = 500


def read_records(
    connection: sqlite3.Connection,
    object_type: ObjectType,
    fields: Sequence[Field],
    ids: Sequence[str],
    version: str,
) -> dict[str, dict[str, Any]]:
    """The records that are not deleted, by id, with the given fields and `attributes`."""
    columns = sorted({name for field in fields for name in _columns(object_type, field)})
    columns = ["Id", *_deletion(object_type), *(name for name in columns if name != "Id")]
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), _IDS_PER_STATEMENT):
        some = ids[start : start + _IDS_PER_STATEMENT]
        for row in select_by(connection, object_type.name, columns, "Id", some):
            if not row.get("IsDeleted"):
                found[str(row["Id"])] = _record(object_type, fields, row, version)
    return found


def fields_named(object_type: ObjectType, names: str | None) -> list[Field]:
    """The fields of a list such as `Id,Email`, or all; raises INVALID_FIELD for an unknown one."""
    if not names:
        return list(object_type.fields.values())
    return [object_type.field(name.strip()) for name in names.split(",") if name.strip()]


def _deletion(object_type: ObjectType) -> list[str]:
    return ["IsDeleted"] if "isdeleted" in object_type.fields else []


def _columns(object_type: ObjectType, field: Field) -> list[str]:
    """The columns that a field's value is made of."""
    if field.stored:
        return [field.name] if field.name != "IsDeleted" else []
    return [part.name for part in object_type.parts[field.name]]


def _record(
    object_type: ObjectType, fields: Sequence[Field], row: Row, version: str
) -> dict[str, Any]:
    url = f"/services/data/v{version}/sobjects/{object_type.name}/{row['Id']}"
    record: dict[str, Any] = {"attributes": {"type": object_type.name, "url": url}}
    for field in fields:
        record[field.name] = (
            json_value(field, row[field.name])
            if field.stored
            else _address(object_type, field, row)
        )
    return record


def json_value(field: Field, stored: Any) -> Any:
    """A stored value as JSON shows it."""
    if stored is None:
        return None
    as_json = _AS_JSON.get(field.type)
    return as_json(stored) if as_json else stored


_AS_JSON: Mapping[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "datetime": rest_datetime,
    "double": float,
    "currency": float,
    "percent": float,
}


def _address(object_type: ObjectType, field: Field, row: Row) -> dict[str, Any] | None:
    prefix = field.name.removesuffix("Address")
    parts = {
        part.name.removeprefix(prefix).lower(): row[part.name]
        for part in object_type.parts[field.name]
    }
    if not any(parts.values()):
        return None
    return {key: parts.get(key.lower()) for key in _ADDRESS_KEYS}
