"""ObjectPermissions and FieldPermissions: what permission sets give, as records to read."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from localorg.ids import make_id
from localorg.rights.document import (
    CREATE,
    DELETE,
    EDIT,
    MODIFY_ALL,
    READ,
    VIEW_ALL,
    RightsDocument,
)
from localorg.rights.effective import SETUP_OBJECTS
from localorg.rights.view import governing, hideable
from localorg.schema import ObjectType, Schema

_OBJECTS, _FIELDS = "ObjectPermissions", "FieldPermissions"
_CLEAR = ("DELETE FROM ObjectPermissions", "DELETE FROM FieldPermissions")
_ADD_OBJECT = """
INSERT INTO ObjectPermissions (Id, ParentId, SobjectType, PermissionsCreate, PermissionsRead,
    PermissionsEdit, PermissionsDelete, PermissionsViewAllRecords, PermissionsModifyAllRecords,
    CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
SELECT ?, Id, ?, ?, ?, ?, ?, ?, ?, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById,
    SystemModstamp FROM PermissionSet WHERE Id = ?
"""
_ADD_FIELD = """
INSERT INTO FieldPermissions (Id, ParentId, SobjectType, Field, PermissionsRead, PermissionsEdit,
    SystemModstamp)
SELECT ?, Id, ?, ?, 1, ?, SystemModstamp FROM PermissionSet WHERE Id = ?
"""
_FLAGS = (CREATE, READ, EDIT, DELETE, VIEW_ALL, MODIFY_ALL)


def has_permission_rows(schema: Schema) -> bool:
    """Whether the org has the two objects."""
    return {_OBJECTS.lower(), _FIELDS.lower()} <= schema.objects.keys()


def rebuild_rows(
    connection: sqlite3.Connection, schema: Schema, given: Mapping[str, RightsDocument]
) -> None:
    """Write the rows anew for what each permission set gives, by its id."""
    for statement in _CLEAR:
        connection.execute(statement)
    prefix = schema.object(_OBJECTS).key_prefix
    rows = _object_rows(schema, given)
    connection.executemany(
        _ADD_OBJECT, ((make_id(prefix, number), *row) for number, row in enumerate(rows, 1))
    )
    prefix = schema.object(_FIELDS).key_prefix
    rows = _field_rows(schema, given)
    connection.executemany(
        _ADD_FIELD, ((make_id(prefix, number), *row) for number, row in enumerate(rows, 1))
    )


def _governed(schema: Schema) -> Iterator[ObjectType]:
    """The objects that permission sets speak of."""
    for name, object_type in schema.objects.items():
        if name not in SETUP_OBJECTS and (object_type.createable or object_type.updateable):
            yield object_type


def _object_rows(schema: Schema, given: Mapping[str, RightsDocument]) -> Iterator[tuple[Any, ...]]:
    for set_id, document in given.items():
        for object_type in _governed(schema):
            rights = document.object_rights(object_type.name.lower()) or frozenset()
            if READ in rights:
                flags = (int(flag in rights) for flag in _FLAGS)
                yield (object_type.name, *flags, set_id)


def _field_rows(schema: Schema, given: Mapping[str, RightsDocument]) -> Iterator[tuple[Any, ...]]:
    for set_id, document in given.items():
        for object_type in _governed(schema):
            for name, field in object_type.fields.items():
                own = (object_type.name.lower(), name)
                rights = document.field_rights(*own) or frozenset()
                is_own = governing(schema, object_type, field) == own
                if READ in rights and is_own and hideable(field):
                    full = f"{object_type.name}.{field.name}"
                    yield (object_type.name, full, int(EDIT in rights), set_id)
