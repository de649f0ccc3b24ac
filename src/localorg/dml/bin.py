"""What went into the recycle bin together: a deleted record and the children it took along."""

from collections.abc import Sequence
from sqlite3 import Connection

from localorg.dml.sql import marks
from localorg.schema import Field, ObjectType, Schema
from localorg.store import quoted

_TABLE = """
    CREATE TABLE IF NOT EXISTS localorg_bin (
        record_id TEXT PRIMARY KEY,
        object TEXT NOT NULL,
        -- The record whose deletion took this one along; the record itself where it is the first.
        root TEXT NOT NULL
    ) WITHOUT ROWID
"""
# More levels than children of children can have; a circle of objects would never end.
_MOST_STEPS = 100
_INDEX = "CREATE INDEX IF NOT EXISTS localorg_bin_root ON localorg_bin (root)"


def prepare(connection: Connection) -> None:
    """Make the table where it is missing."""
    connection.execute(_TABLE)
    connection.execute(_INDEX)


def cascades(schema: Schema, object_type: ObjectType) -> list[tuple[ObjectType, Field]]:
    """The lookups whose records go when a record of the object goes."""
    return [
        (child, field) for child, field in schema.children(object_type.name) if field.cascade_delete
    ]


def note_together(
    connection: Connection,
    schema: Schema,
    object_type: ObjectType,
    ids: Sequence[str],
    *,
    deleted_too: bool = False,
) -> list[ObjectType]:
    """Note the records that go with these, over all levels; the objects that they are of.

    With `deleted_too` children that are in the bin already go too, whoever took them there.
    """
    prepare(connection)
    roots = [(each, object_type.name, each) for each in ids]
    connection.executemany("INSERT OR REPLACE INTO localorg_bin VALUES (?, ?, ?)", roots)
    found, waiting = list[ObjectType](), [object_type]
    for _ in range(_MOST_STEPS):
        if not waiting:
            break
        parent = waiting.pop(0)
        for child, field in cascades(schema, parent):
            if _note_children(connection, parent, child, field, ids, deleted_too=deleted_too):
                found.append(child)
                waiting.append(child)
    return list(dict.fromkeys(found))


def of_roots(ids: Sequence[str]) -> str:
    """SQL for the ids of the noted records of one object: parameters are `ids` and its name."""
    return "".join(
        ("SELECT record_id FROM localorg_bin WHERE root IN (", marks(len(ids)), ") AND object = ?")
    )


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Forget what was noted of these records and of those that they took along."""
    statement = "".join(("DELETE FROM localorg_bin WHERE root IN (", marks(len(ids)), ")"))
    connection.execute(statement, tuple(ids))


def _note_children(
    connection: Connection,
    parent: ObjectType,
    child: ObjectType,
    field: Field,
    ids: Sequence[str],
    *,
    deleted_too: bool,
) -> bool:
    """Note the children of the noted records of one object; False where there are no more."""
    statement = "".join(
        (
            *("INSERT OR ", "REPLACE" if deleted_too else "IGNORE"),
            " INTO localorg_bin SELECT child.Id, ?, parent.root",
            *(" FROM localorg_bin AS parent JOIN ", quoted(child.name), " AS child"),
            *(" ON child.", quoted(field.name), " = parent.record_id"),
            *(" WHERE parent.root IN (", marks(len(ids)), ") AND parent.object = ?"),
            "" if deleted_too else " AND child.IsDeleted = 0",
        )
    )
    done = connection.execute(statement, (child.name, *ids, parent.name))
    return done.rowcount > 0
