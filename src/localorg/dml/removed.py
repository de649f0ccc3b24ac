"""Until when deletions can't be told any more, because the records are gone for good."""

from collections.abc import Sequence
from sqlite3 import Connection

from localorg.schema import ObjectType
from localorg.store import Store, quoted

_TABLE = (
    "CREATE TABLE IF NOT EXISTS localorg_removed (object TEXT PRIMARY KEY, latest TEXT NOT NULL) "
    "WITHOUT ROWID"
)
_KEEP = (
    "INSERT INTO localorg_removed VALUES (?, ?) ON CONFLICT (object) "
    "DO UPDATE SET latest = max(latest, excluded.latest)"
)


def prepare(store: Store) -> None:
    """Make the table where it is missing."""
    with store.write() as connection:
        connection.execute(_TABLE)


def note_removed(
    connection: Connection,
    object_type: ObjectType,
    condition: str,
    parameters: Sequence[str],
    stamp: str,
) -> None:
    """Note that the records of a condition are about to be removed.

    Those in the recycle bin were deleted at their stamp, the others are deleted now, at `stamp`.
    """
    if not {"isdeleted", "systemmodstamp"} <= object_type.fields.keys():
        return
    latest = "SELECT max(CASE WHEN IsDeleted = 1 THEN SystemModstamp ELSE ? END) FROM "
    statement = "".join((latest, quoted(object_type.name), " WHERE ", condition))
    found = connection.execute(statement, (stamp, *parameters)).fetchone()[0]
    if found:
        connection.execute(_TABLE)
        connection.execute(_KEEP, (object_type.name, found))


def latest_removed(connection: Connection, object_type: ObjectType) -> str | None:
    """When the latest of the removed records of an object was deleted, as the store keeps it."""
    statement = "SELECT latest FROM localorg_removed WHERE object = ?"
    row = connection.execute(statement, (object_type.name,)).fetchone()
    return None if row is None else str(row[0])
