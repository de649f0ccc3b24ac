import itertools
import sqlite3

from localorg.schema import Schema
from localorg.store import Store, quoted

_TABLES = ("User", "Profile", "PermissionSet", "PermissionSetAssignment")
_OWN_TABLE = "localorg_rights"
_FUNCTION = "localorg_rights_changed"


class Changes:
    """Notices every write to what rights are made of, whoever makes it."""

    def __init__(self, store: Store) -> None:
        """Watch the one connection that writes."""
        self._counter = itertools.count(1)
        self._latest = 0
        with store.write() as connection:
            self._writer = connection
            connection.create_function(_FUNCTION, 0, self.note)
            for statement in _triggers(store.schema):
                connection.execute(statement)

    def note(self) -> None:
        """Say that something changed."""
        self._latest = next(self._counter)

    def latest(self) -> int:
        """The number of the latest change."""
        return self._latest

    def settled(self) -> bool:
        """Whether readers see what was changed: it is committed, or rolled back."""
        return not _in_transaction(self._writer)


def _triggers(schema: Schema) -> list[str]:
    watched = [name for name in _TABLES if name.lower() in schema.objects]
    return [
        "".join(
            (
                "CREATE TEMP TRIGGER IF NOT EXISTS ",
                quoted(f"{_FUNCTION}_{table}_{event}"),
                f" AFTER {event} ON main.",
                quoted(table),
                f" BEGIN SELECT {_FUNCTION}(); END",
            )
        )
        for table in (*watched, _OWN_TABLE)
        for event in ("INSERT", "UPDATE", "DELETE")
    ]


def _in_transaction(connection: sqlite3.Connection) -> bool:
    try:
        return connection.in_transaction
    except sqlite3.ProgrammingError:
        # The org has been closed.
        return False
