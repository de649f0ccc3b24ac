import sqlite3
from collections.abc import Callable

from localorg.rights.document import (
    EVERYTHING,
    NOTHING,
    RightsDocument,
    read_stored,
    stored,
)
from localorg.rights.permission_rows import has_permission_rows, rebuild_rows
from localorg.store import Store

# The key of what is said of all users.
EVERYBODY = "*"
_TABLE = """
CREATE TABLE IF NOT EXISTS localorg_rights (
    subject_id TEXT NOT NULL,
    -- 1 for an exception made while the org runs, 0 for what was set up.
    exception INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (subject_id, exception)
)
"""
_FIND = "SELECT document FROM localorg_rights WHERE subject_id = ? AND exception = ?"
_LIST = "SELECT subject_id, document FROM localorg_rights WHERE exception = 1 ORDER BY subject_id"
_SAVE = "INSERT OR REPLACE INTO localorg_rights VALUES (?, ?, ?)"
_SETS = "SELECT Id, IsOwnedByProfile FROM PermissionSet ORDER BY Id"
_ANY_ROW = "SELECT 1 FROM ObjectPermissions LIMIT 1"
_CLEAR = "DELETE FROM localorg_rights WHERE exception = 1"


class Documents:
    """What is said about the rights of permission sets and, as exceptions, of users."""

    def __init__(self, store: Store) -> None:
        """Keep the documents in the org's file."""
        self._store = store
        self._has_rows = has_permission_rows(store.schema)
        with store.write() as connection:
            connection.execute(_TABLE)
            if self._has_rows and connection.execute(_ANY_ROW).fetchone() is None:
                self._rebuild(connection)

    def exception(self, connection: sqlite3.Connection, subject_id: str) -> RightsDocument:
        """What was said of a permission set, a user or EVERYBODY while the org runs."""
        return _found(connection, subject_id, exception=True) or NOTHING

    def exceptions(self) -> dict[str, RightsDocument]:
        """All exceptions, by the id of the permission set or user."""
        with self._store.read() as connection:
            rows = connection.execute(_LIST).fetchall()
        return {subject_id: read_stored(text) for subject_id, text in rows}

    def set_up(self, subject_id: str, document: RightsDocument) -> None:
        """Say what a permission set gives."""
        with self._store.write() as connection:
            connection.execute(_SAVE, (subject_id, 0, stored(document)))
            self._rebuild(connection)

    def except_for(
        self, subject_id: str, change: Callable[[RightsDocument], RightsDocument]
    ) -> RightsDocument:
        """Change the exception of a permission set, a user or EVERYBODY."""
        with self._store.write() as connection:
            document = change(self.exception(connection, subject_id))
            connection.execute(_SAVE, (subject_id, 1, stored(document)))
            self._rebuild(connection)
        return document

    def clear_exceptions(self) -> None:
        """Forget every exception."""
        with self._store.write() as connection:
            connection.execute(_CLEAR)
            self._rebuild(connection)

    def of_set(
        self, connection: sqlite3.Connection, set_id: str, *, of_profile: bool
    ) -> RightsDocument:
        """What a permission set gives now; a profile of which nothing is said gives everything."""
        silent = EVERYTHING if of_profile else NOTHING
        given = _found(connection, set_id, exception=False)
        return (silent if given is None else given).overridden_by(
            self.exception(connection, set_id)
        )

    def _rebuild(self, connection: sqlite3.Connection) -> None:
        if self._has_rows:
            sets = connection.execute(_SETS).fetchall()
            given = {
                set_id: self.of_set(connection, set_id, of_profile=bool(owned))
                for set_id, owned in sets
            }
            rebuild_rows(connection, self._store.schema, given)


def _found(
    connection: sqlite3.Connection, subject_id: str, *, exception: bool
) -> RightsDocument | None:
    row = connection.execute(_FIND, (subject_id, int(exception))).fetchone()
    return None if row is None else read_stored(row[0])
