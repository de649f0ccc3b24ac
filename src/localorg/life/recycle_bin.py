"""The recycle bin: it is emptied by hand, or by itself 15 days after a deletion."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection

from localorg.clock import stored_datetime
from localorg.dml import bin as recycled
from localorg.dml import unlinking
from localorg.dml.deleting import remove
from localorg.dml.sql import select_by
from localorg.dml.writer import Writer
from localorg.schema import ObjectType
from localorg.store import Store, quoted

KEPT = timedelta(days=15)
# So many records are removed in one transaction, so that others can write in between.
_PER_TRANSACTION = 500


class RecycleBin:
    """The deleted records of an org; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        """Make the indexes that find deleted records, and the table of what went together."""
        self._store = store
        # Nothing has to be purged before; None where that is not known.
        self._due: datetime | None = None
        with store.write() as connection:
            # Made at once, so that resets and snapshots never find an org without it.
            recycled.prepare(connection)
            unlinking.prepare(connection)
            for table in self._tables():
                name = quoted(f"localorg_bin_{table.name}")
                place = f"{quoted(table.name)} (SystemModstamp) WHERE IsDeleted = 1"
                connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")

    def reload(self) -> None:
        """Look again, because the org's records were replaced or its clock was set."""
        self._due = None

    def is_due(self, now: datetime) -> bool:
        """Whether `purge` may have something to do."""
        due = self._due
        return due is None or due <= now

    def purge_due(self, now: datetime) -> int:
        """Remove what was deleted 15 days before `now`; costs nothing where nothing can be due."""
        return self.purge(now) if self.is_due(now) else 0

    def purge(self, now: datetime) -> int:
        """Remove what was deleted 15 days before `now`, and answer how many records that were."""
        last = stored_datetime(now - KEPT)
        oldest = self._oldest()
        due = [table for table in self._tables() if oldest.get(table.name, now) <= now - KEPT]
        removed = sum(self._empty(table, last) for table in due)
        # What is deleted from now on is due later than what is there.
        self._due = min((now, *(self._oldest() if due else oldest).values())) + KEPT
        return removed

    def empty(self, ids: Sequence[str] | None = None) -> int:
        """Remove these deleted records, or all; answers how many, children not counted."""
        if ids is not None:
            return sum(self._empty_some(table, ids) for table in self._tables())
        return sum(self._empty(table, None) for table in self._tables())

    def _tables(self) -> list[ObjectType]:
        """The objects whose records go into the bin."""
        return [
            kind
            for kind in self._store.schema.objects.values()
            if "isdeleted" in kind.fields and "systemmodstamp" in kind.fields and kind.deletable
        ]

    def _empty(self, table: ObjectType, last: str | None) -> int:
        """Remove what was deleted up to the stored moment `last`, or all."""
        condition = "" if last is None else " AND SystemModstamp <= ?"
        start = ("SELECT Id FROM ", quoted(table.name), " WHERE IsDeleted = 1", condition)
        statement = "".join((*start, " LIMIT ", str(_PER_TRANSACTION)))
        removed = 0
        while True:
            with self._store.write() as connection:
                found = connection.execute(statement, () if last is None else (last,))
                ids = [row[0] for row in found]
                remove(self._writer(connection), table, ids)
            removed += len(ids)
            if len(ids) < _PER_TRANSACTION:
                return removed

    def _empty_some(self, table: ObjectType, ids: Sequence[str]) -> int:
        own = [each for each in ids if each[:3] == table.key_prefix]
        with self._store.write() as connection:
            rows = select_by(connection, table.name, ("Id", "IsDeleted"), "Id", own)
            deleted = [str(row["Id"]) for row in rows if row["IsDeleted"]]
            remove(self._writer(connection), table, deleted)
        return len(deleted)

    def _oldest(self) -> dict[str, datetime]:
        """When the oldest deletion was, by the object's name; only objects with deleted records."""
        found: dict[str, datetime] = {}
        with self._store.read() as connection:
            for table in self._tables():
                start = ("SELECT min(SystemModstamp) FROM ", quoted(table.name))
                statement = "".join((*start, " WHERE IsDeleted = 1"))
                stamp = connection.execute(statement).fetchone()[0]
                if stamp is not None:
                    found[table.name] = datetime.fromisoformat(stamp).astimezone(UTC)
        return found

    def _writer(self, connection: Connection) -> Writer:
        # Removing leaves no stamp and no name behind.
        return Writer(connection=connection, store=self._store, user_id="", stamp="")
