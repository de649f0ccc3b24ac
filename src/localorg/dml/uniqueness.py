"""Unique fields: no two records that are not deleted share a value."""

import sqlite3

from localorg.dml.change import Change
from localorg.dml.conversion import Stored
from localorg.dml.matching import folded
from localorg.dml.reading import Target
from localorg.dml.sql import Row, select_by
from localorg.schema import PERSON_FIELDS, Field


def check_unique(
    connection: sqlite3.Connection,
    target: Target,
    changes: list[Change],
    current: dict[str, Row],
) -> None:
    """Refuse changes whose value another record has; of two in the chunk, the first wins."""
    touched = {name for change in changes for name in change.values}
    for field in target.object_type.columns:
        if field.unique and field.name in touched:
            setting = [change for change in changes if change.values.get(field.name) is not None]
            _check_field(connection, target, field, setting, current)


def _check_field(
    connection: sqlite3.Connection,
    target: Target,
    field: Field,
    changes: list[Change],
    current: dict[str, Row],
) -> None:
    table, column = _place(target, field)
    values = [change.values[field.name] for change in changes]
    rows = select_by(connection, table, ("Id", column, "IsDeleted"), column, values)
    holders = {folded(field, row[column]): row["Id"] for row in rows if not row["IsDeleted"]}
    first: dict[str, Change] = {}
    for change in changes:
        value = folded(field, change.values[field.name])
        own = _own_id(target, field, change, current)
        earlier = first.setdefault(value, change)
        if holders.get(value, own) != own:
            _refuse(change, field, str(holders[value]))
        elif earlier is not change and (earlier.id is None or earlier.id != change.id):
            _refuse(change, field, earlier.id or "<unknown>")


def _place(target: Target, field: Field) -> tuple[str, str]:
    """The table and column whose values count: a person's custom fields are its contact's."""
    if target.object_type.name == "Account" and field.name in PERSON_FIELDS:
        return "Contact", PERSON_FIELDS[field.name]
    return target.object_type.name, field.name


def _own_id(target: Target, field: Field, change: Change, current: dict[str, Row]) -> Stored:
    if change.id is None or _place(target, field)[0] == target.object_type.name:
        return change.id
    return current[change.id]["PersonContactId"]


def _refuse(change: Change, field: Field, holder: str) -> None:
    message = f"duplicate value found: {field.name} duplicates value on record with id: {holder}"
    change.fail("DUPLICATE_VALUE", message, field.name)
