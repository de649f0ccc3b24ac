"""Lookups: the parents that changes name have to be there."""

import sqlite3
from collections import defaultdict

from localorg.dml.change import Change, ParentKey
from localorg.dml.matching import folded
from localorg.dml.reading import Target
from localorg.dml.sql import Row, select_by
from localorg.schema import Field, ObjectType


def resolve_parents(connection: sqlite3.Connection, changes: list[Change]) -> None:
    """Fill lookups whose parent is named by an external id."""
    asked: defaultdict[ParentKey, list[tuple[Change, str]]] = defaultdict(list)
    for change in changes:
        for parent, text in change.parents:
            asked[parent].append((change, text))
    for parent, children in asked.items():
        holders = _holders(connection, parent, [text for _, text in children])
        for change, text in children:
            _take_parent(change, parent, text, holders.get(folded(parent.key, text), []))


def check_references(connection: sqlite3.Connection, target: Target, changes: list[Change]) -> None:
    """Refuse changes that point to records which are not there or are deleted."""
    touched = {name for change in changes for name in change.values}
    for name in touched:
        field = target.object_type.field(name)
        if field.type == "reference":
            parent = target.schema.object(field.reference_to[0])
            pointing = [change for change in changes if change.values.get(name) is not None]
            _check_lookup(connection, field, parent, pointing)


def _holders(
    connection: sqlite3.Connection, parent: ParentKey, texts: list[str]
) -> dict[str, list[str]]:
    columns = ["Id", parent.key.name, *_deletion(parent.parent)]
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for row in select_by(connection, parent.parent.name, columns, parent.key.name, texts):
        if not row.get("IsDeleted"):
            holders[folded(parent.key, row[parent.key.name])].append(str(row["Id"]))
    return holders


def _take_parent(change: Change, parent: ParentKey, text: str, holders: list[str]) -> None:
    if len(holders) == 1:
        change.values[parent.lookup.name] = holders[0]
        return
    problem = "matches more than one record" if holders else "not found"
    message = (
        f"Foreign key external ID: {text} {problem} for field {parent.key.name} "
        f"in entity {parent.parent.name}"
    )
    change.fail("INVALID_FIELD", message)


def _check_lookup(
    connection: sqlite3.Connection, field: Field, parent: ObjectType, changes: list[Change]
) -> None:
    ids = sorted({str(change.values[field.name]) for change in changes})
    columns = ("Id", *_deletion(parent), *_activity(parent))
    rows = select_by(connection, parent.name, columns, "Id", ids)
    found = {str(row["Id"]): row for row in rows}
    for change in changes:
        record_id = str(change.values[field.name])
        _check_parent(change, field, record_id, found.get(record_id))


def _check_parent(change: Change, field: Field, record_id: str, row: Row | None) -> None:
    if row is None:
        change.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field.name)
    elif row.get("IsDeleted"):
        change.fail("ENTITY_IS_DELETED", "entity is deleted", field.name)
    elif field.name == "OwnerId" and not row.get("IsActive", 1):
        message = f"operation performed with inactive user [{record_id}] as owner"
        change.fail("INACTIVE_OWNER_OR_USER", message, field.name)


def _deletion(object_type: ObjectType) -> tuple[str, ...]:
    return ("IsDeleted",) if "isdeleted" in object_type.fields else ()


def _activity(object_type: ObjectType) -> tuple[str, ...]:
    return ("IsActive",) if object_type.name == "User" else ()
