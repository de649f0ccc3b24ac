"""Lookups to records in the recycle bin: they are emptied, and filled again when those come back.

No stamp changes. Only custom lookups: those of standard fields stay as they are.
"""

from collections.abc import Iterator, Sequence
from sqlite3 import Connection

from localorg.dml.sql import marks, select_by
from localorg.schema import Field, ObjectType, Schema
from localorg.store import quoted

_TABLE = """
    CREATE TABLE IF NOT EXISTS localorg_unlinked (
        record_id TEXT NOT NULL,
        object TEXT NOT NULL,
        field TEXT NOT NULL,
        -- What the lookup pointed to.
        parent TEXT NOT NULL,
        PRIMARY KEY (record_id, field)
    ) WITHOUT ROWID
"""
_INDEX = "CREATE INDEX IF NOT EXISTS localorg_unlinked_parent ON localorg_unlinked (parent)"


def prepare(connection: Connection) -> None:
    """Make the table where it is missing."""
    connection.execute(_TABLE)
    connection.execute(_INDEX)


def unlink(
    connection: Connection, schema: Schema, object_type: ObjectType, ids: Sequence[str]
) -> None:
    """Empty the lookups to these records of one object, and remember them."""
    for child, field in _lookups(schema, object_type):
        prepare(connection)
        table, name = quoted(child.name), quoted(field.name)
        condition = (" WHERE ", name, " IN (", marks(len(ids)), ")")
        start = ("INSERT OR REPLACE INTO localorg_unlinked SELECT Id, ?, ?, ", name, " FROM ")
        statement = "".join((*start, table, *condition))
        noted = connection.execute(statement, (child.name, field.name, *ids))
        if noted.rowcount > 0:
            statement = "".join(("UPDATE ", table, " SET ", name, " = NULL", *condition))
            connection.execute(statement, tuple(ids))


def link_again(connection: Connection, ids: Sequence[str]) -> None:
    """Fill the lookups that pointed to these records and that nobody filled since."""
    prepare(connection)
    found = select_by(connection, "localorg_unlinked", ("object", "field"), "parent", ids)
    for child, field in {(str(row["object"]), str(row["field"])) for row in found}:
        table, name = quoted(child), quoted(field)
        statement = "".join(
            (
                *(
                    "UPDATE ",
                    table,
                    " SET ",
                    name,
                    " = noted.parent FROM localorg_unlinked AS noted",
                ),
                *(" WHERE noted.record_id = ", table, ".Id AND noted.field = ?"),
                *(" AND ", table, ".", name, " IS NULL"),
                *(" AND noted.parent IN (", marks(len(ids)), ")"),
            )
        )
        connection.execute(statement, (field, *ids))
    forget(connection, ids)


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Forget the lookups to these records: they are filled again, or the records are no more."""
    statement = "".join(("DELETE FROM localorg_unlinked WHERE parent IN (", marks(len(ids)), ")"))
    connection.execute(statement, tuple(ids))


def _lookups(schema: Schema, object_type: ObjectType) -> Iterator[tuple[ObjectType, Field]]:
    for child, field in schema.children(object_type.name):
        if field.custom and field.stored and not (field.cascade_delete or field.restricted_delete):
            yield child, field
