"""Makes the tables of an org fit its schema, new or kept, and refuses what can't be made to fit."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from localorg.ids import make_id, number_of
from localorg.schema import Field, ObjectType, RecordType, Schema
from localorg.store.ddl import add_column, create_indexes, create_table, new_collation, quoted
from localorg.store.identities import INTEGRATION_USER_ID

_KEPT_TYPES = (
    "CREATE TABLE IF NOT EXISTS localorg_fields "
    "(object TEXT NOT NULL, field TEXT NOT NULL, type TEXT NOT NULL, PRIMARY KEY (object, field))"
)
_MADE = "SELECT sql FROM sqlite_master WHERE type = 'table' AND lower(name) = ?"
_KEEP_TYPE = "INSERT OR REPLACE INTO localorg_fields VALUES (?, ?, ?)"
_RECORD_TYPES = "SELECT DeveloperName FROM RecordType WHERE SobjectType = ?"
_LAST_RECORD_TYPE = "SELECT max(Id) FROM RecordType"
_ADD_RECORD_TYPE = (
    "INSERT INTO RecordType (Id, Name, DeveloperName, SobjectType, Description, IsActive, "
    "CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# A file of an earlier version may lack a user whom a new org has.
_DROP_STRAY_ASSIGNMENTS = (
    "DELETE FROM PermissionSetAssignment WHERE AssigneeId NOT IN (SELECT Id FROM User)"
)
# Types whose values can be read as each other's: what was text stays text.
_TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "combobox"})


class SchemaConflict(Exception):
    """The org's file was made with other types of fields; a set-up file can't change them."""


@dataclass(frozen=True, kw_only=True)
class Additions:
    """What a file lacked and has now."""

    tables: set[str] = field(default_factory=set)
    # The names of new columns by the table, of tables that were there before.
    columns: dict[str, list[str]] = field(default_factory=dict)


def bring_up_to_date(connection: sqlite3.Connection, schema: Schema, stamp: str) -> Additions:
    """Add the tables, columns, indexes and record types that the schema has and the file lacks.

    Raises SchemaConflict with every field whose type is not the one that the file was made with.
    """
    connection.execute(_KEPT_TYPES)
    _check_types(connection, schema)
    added = Additions()
    for object_type in schema.objects.values():
        _add_object(connection, object_type, added)
        for statement in create_indexes(object_type):
            connection.execute(statement)
    connection.executemany(_KEEP_TYPE, list(_types(schema)))
    for object_type in schema.objects.values():
        _add_record_types(connection, object_type, stamp)
    return added


def add_first_rows(
    connection: sqlite3.Connection, added: Additions, rows: Mapping[str, Sequence[dict[str, Any]]]
) -> None:
    """Give new tables their first rows, and the first rows of old tables their new columns.

    So a file of an earlier version has the profiles and statuses that it was made without, and a
    row that somebody deleted doesn't come back.
    """
    for table, found in rows.items():
        if table in added.tables:
            _insert(connection, table, found)
        for name in added.columns.get(table, ()):
            values = [(row[name], row["Id"]) for row in found if name in row]
            names = (quoted(table), " SET ", quoted(name))
            connection.executemany("".join(("UPDATE ", *names, " = ? WHERE Id = ?")), values)
    if "PermissionSetAssignment" in added.tables:
        connection.execute(_DROP_STRAY_ASSIGNMENTS)


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    names = tuple(rows[0])
    columns, marks = ", ".join(map(quoted, names)), ", ".join("?" * len(names))
    statement = "".join(("INSERT INTO ", quoted(table), " (", columns, ") VALUES (", marks, ")"))
    connection.executemany(statement, [tuple(row[name] for name in names) for row in rows])


# The place of an object's key prefix among the types of its fields.
_PREFIX = ""


def _types(schema: Schema) -> list[tuple[str, str, str]]:
    prefixes = [
        (object_type.name, _PREFIX, object_type.key_prefix)
        for object_type in schema.objects.values()
    ]
    return prefixes + [
        (object_type.name, field.name, field.type)
        for object_type in schema.objects.values()
        for field in object_type.columns
    ]


def _check_types(connection: sqlite3.Connection, schema: Schema) -> None:
    found = connection.execute("SELECT object, field, type FROM localorg_fields")
    kept = {(name, field): kind for name, field, kind in found}
    problems = [
        _conflict(name, field, old, new)
        for name, field, new in _types(schema)
        if not _fits(old := kept.get((name, field), new), new)
    ]
    if problems:
        raise SchemaConflict("; ".join(problems))


def _conflict(name: str, field: str, old: str, new: str) -> str:
    if field == _PREFIX:
        return (
            f"{name} has the key prefix {old} in the file and {new} in the set-up. Write "
            f"`key_prefix: {old}`, or use a new file"
        )
    return (
        f"{name}.{field} is {old} in the file and {new} in the set-up. Give the field its old "
        "type, give it a new name, or use a new file"
    )


def _fits(old: str, new: str) -> bool:
    return old == new or (old in _TEXTS and new in _TEXTS)


def _add_object(connection: sqlite3.Connection, object_type: ObjectType, added: Additions) -> None:
    rows = connection.execute("".join(("PRAGMA table_info(", quoted(object_type.name), ")")))
    present = {row[1].lower() for row in rows}
    if not present:
        connection.execute(create_table(object_type))
        added.tables.add(object_type.name)
        return
    made = connection.execute(_MADE, (object_type.name.lower(),)).fetchone()[0]
    for column in object_type.columns:
        if column.name.lower() in present:
            for statement in new_collation(object_type, column, made):
                connection.execute(statement)
        else:
            connection.execute(add_column(object_type, column))
            _fill_default(connection, object_type, column)
            added.columns.setdefault(object_type.name, []).append(column.name)


def _fill_default(connection: sqlite3.Connection, object_type: ObjectType, field: Field) -> None:
    """A new checkbox has a value in old records; other defaults are for new records alone."""
    if field.type == "boolean" and field.default_value:
        names = (quoted(object_type.name), " SET ", quoted(field.name))
        connection.execute("".join(("UPDATE ", *names, " = 1")))


def _add_record_types(connection: sqlite3.Connection, object_type: ObjectType, stamp: str) -> None:
    if not object_type.record_types:
        return
    known = {row[0] for row in connection.execute(_RECORD_TYPES, (object_type.name,))}
    highest = connection.execute(_LAST_RECORD_TYPE).fetchone()[0]
    # The first two numbers belong to the kinds of accounts.
    number = max(number_of(highest) if highest else 0, 2)
    for record_type in object_type.record_types:
        if record_type.developer_name not in known:
            number += 1
            row = _record_type(make_id("012", number), object_type, record_type, stamp)
            connection.execute(_ADD_RECORD_TYPE, row)


def _record_type(
    record_type_id: str, object_type: ObjectType, record_type: RecordType, stamp: str
) -> tuple[str | int | None, ...]:
    return (
        record_type_id,
        record_type.name,
        record_type.developer_name,
        object_type.name,
        record_type.description,
        int(record_type.active),
        *(stamp, INTEGRATION_USER_ID, stamp, INTEGRATION_USER_ID, stamp),
    )
