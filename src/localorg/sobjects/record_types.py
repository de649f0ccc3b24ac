"""The record types of an object, as its description lists them."""

import sqlite3
from typing import Any

from localorg.dml.references import MASTER_RECORD_TYPE_ID
from localorg.schema import ObjectType
from localorg.store import BUSINESS_RECORD_TYPE_ID

_RECORD_TYPES = (
    "SELECT Id, Name, DeveloperName, IsActive FROM RecordType WHERE SobjectType = ? ORDER BY Id"
)


def record_type_infos(
    connection: sqlite3.Connection, object_type: ObjectType
) -> list[dict[str, Any]]:
    """The `recordTypeInfos` of an object: its own, then the one that all objects have."""
    rows = connection.execute(_RECORD_TYPES, (object_type.name,)).fetchall()
    defaults = {entry.developer_name for entry in object_type.record_types if entry.default}
    infos = [_info(row, defaults) for row in rows]
    return [*infos, _master(default=not any(info["defaultRecordTypeMapping"] for info in infos))]


def _info(row: tuple[str, str, str, int], defaults: set[str]) -> dict[str, Any]:
    record_id, name, developer_name, active = row
    return {
        "active": bool(active),
        "available": True,
        "defaultRecordTypeMapping": (
            developer_name in defaults if defaults else record_id == BUSINESS_RECORD_TYPE_ID
        ),
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
        "recordTypeId": MASTER_RECORD_TYPE_ID,
    }
