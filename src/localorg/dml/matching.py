"""Which record each change is for."""

import sqlite3
from collections import Counter, defaultdict

from localorg.dml.change import Change
from localorg.dml.conversion import wrong_id
from localorg.dml.reading import Operation, Target
from localorg.dml.sql import deletion, select_by
from localorg.ids import normalised_id
from localorg.schema import Field, ObjectType


def match(connection: sqlite3.Connection, target: Target, changes: list[Change]) -> None:
    """Give each change the id of its record; an upsert's change without one is an insert."""
    if target.operation is Operation.INSERT:
        return
    key = target.key_field or target.object_type.field("Id")
    if key.type == "id":
        for change in changes:
            _match_by_id(target, change)
    else:
        _match_by_external_id(connection, target.object_type, key, changes)


def read_id(object_type: ObjectType, change: Change) -> None:
    """Take the change's key as the id of a record of this object."""
    text = change.key or ""
    found = normalised_id(text)
    if found is None or found[:3] != object_type.key_prefix:
        id_field = object_type.field("Id")
        change.errors.append(wrong_id(id_field.label, id_field.name, text))
    else:
        change.id = found


def _match_by_id(target: Target, change: Change) -> None:
    if change.key is not None:
        read_id(target.object_type, change)
    elif target.operation is Operation.UPDATE:
        change.fail("MISSING_ARGUMENT", "Id not specified in an update call", "Id")


def _match_by_external_id(
    connection: sqlite3.Connection, object_type: ObjectType, key: Field, changes: list[Change]
) -> None:
    keyed = _refuse_repeated(key, _with_key(key, changes))
    values = [change.values[key.name] for change in keyed.values()]
    columns = ("Id", key.name, *deletion(object_type))
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for row in select_by(connection, object_type.name, columns, key.name, values):
        if not row.get("IsDeleted"):
            holders[folded(key, row[key.name])].append(str(row["Id"]))
    for value, change in keyed.items():
        _take_holder(change, holders[value])


def _with_key(key: Field, changes: list[Change]) -> list[Change]:
    for change in changes:
        if change.values.get(key.name) is None:
            change.fail("MISSING_ARGUMENT", f"{key.name} not specified", key.name)
    return [change for change in changes if not change.errors]


def _refuse_repeated(key: Field, changes: list[Change]) -> dict[str, Change]:
    """Fail all changes of a chunk that share an external id; the others by their folded keys."""
    values = [folded(key, change.values[key.name]) for change in changes]
    keyed = dict(zip(values, changes, strict=True))
    if len(keyed) == len(changes):
        return keyed
    counts = Counter(values)
    for value, change in zip(values, changes, strict=True):
        if counts[value] > 1:
            message = f"Duplicate external id specified: {change.values[key.name]}"
            change.fail("DUPLICATE_VALUE", message, key.name)
    return {value: change for value, change in keyed.items() if counts[value] == 1}


def _take_holder(change: Change, holders: list[str]) -> None:
    if len(holders) > 1:
        message = f"more than one record found for external id field: [{', '.join(holders)}]"
        change.fail("DUPLICATE_EXTERNAL_ID", message)
    elif holders:
        change.id = holders[0]


def folded(field: Field, value: object) -> str:
    """A key's value as it is compared: without case unless the field minds it."""
    text = str(value)
    return text if field.case_sensitive or field.type == "reference" else text.lower()
