"""Named copies of an org's file, and putting the records of such a copy back.

A copy is a whole SQLite file. Putting it back replaces the rows of the org's tables in one
transaction, so that a reader sees all of the old rows or all of the new ones.
"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from localorg.clock import Clock, stored_datetime
from localorg.store.ddl import quoted
from localorg.store.store import Store

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUFFIX = ".snapshot"
_FACTS = "localorg_snapshot"
_CREATE_FACTS = "CREATE TABLE localorg_snapshot (facts TEXT NOT NULL)"
_TABLES = (
    "SELECT name FROM pragma_table_list "
    "WHERE schema = ? AND type = 'table' AND name NOT LIKE 'sqlite#_%' ESCAPE '#' ORDER BY name"
)
_COLUMNS = "SELECT name FROM pragma_table_info(?, ?) ORDER BY cid"
# Own tables that do not go back: who is signed in, what the clock and this opening are, and the
# copies' own facts. Areas add theirs by the beginning of the name.
STAYING_PREFIXES: tuple[str, ...] = (
    _FACTS,
    "localorg_meta",
    "localorg_clock",
    "localorg_session",
    "localorg_grant",
    "localorg_token",
    "localorg_app",
    "localorg_approval",
    "localorg_job",
    "localorg_bulk",
    "localorg_descriptions",
)


class SnapshotError(Exception):
    """A copy can't be made, found or put back; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One named copy."""

    name: str
    # The org's time when it was made, as the store keeps moments.
    now: str
    # The size of the file.
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What belongs to a copy besides its tables."""

    # The org's time, and whether its clock stood still.
    now: datetime
    frozen: bool
    # The highest number of an id per key prefix.
    ids: dict[str, int]


class Snapshots:
    """The named copies of one org, kept beside its file; safe to use from several threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep copies of `store`, with the time of `clock`."""
        self._store = store
        self._clock = clock
        self._folder = store.folder / "snapshots"

    def take(self, name: str) -> Snapshot:
        """Copy the org as it is, in place of an older copy of that name."""
        path = self._path(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with self._store.maintaining():
            copy_file(self._store, new, self._facts())
        new.replace(path)
        return self._described(path)

    def listed(self) -> list[Snapshot]:
        """All copies by name."""
        return [self._described(path) for path in sorted(self._folder.glob("*" + _SUFFIX))]

    def remove(self, name: str) -> None:
        """Delete a copy; raises SnapshotError where there is none of that name."""
        self._existing(name).unlink()

    def restore(self, name: str, then: Callable[[], None]) -> Snapshot:
        """Put the records, ids and clock of a copy back; call `then` before anyone writes again."""
        path = self._existing(name)
        facts = _read_facts(path)
        with self._store.maintaining():
            put_back(self._store, path)
            self._store.ids.restore(facts.ids)
            self._clock.stand_at(facts.now, frozen=facts.frozen)
            then()
        return self._described(path)

    def _facts(self) -> Facts:
        return Facts(
            now=self._clock.now(),
            frozen=self._clock.state().frozen_at is not None,
            ids=self._store.ids.state(),
        )

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise SnapshotError(
                f"{name!r} is no name for a snapshot. Use up to 64 letters, digits, dots, "
                "underscores and hyphens, beginning with a letter or digit."
            )
        return self._folder / (name + _SUFFIX)

    def _existing(self, name: str) -> Path:
        path = self._path(name)
        if not path.exists():
            known = ", ".join(snapshot.name for snapshot in self.listed()) or "none yet"
            raise SnapshotError(f"There is no snapshot {name!r}. There are: {known}.")
        return path

    def _described(self, path: Path) -> Snapshot:
        facts = _read_facts(path)
        name = path.name.removesuffix(_SUFFIX)
        now = stored_datetime(facts.now)
        return Snapshot(name=name, now=now, bytes=path.stat().st_size)


def copy_file(store: Store, path: Path, facts: Facts) -> None:
    """Write the whole of a store's file to `path`; the caller keeps writers away."""
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        with store.read() as source:
            source.backup(copy)
        # One file without companions, which can be attached and deleted as it is.
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute(_CREATE_FACTS)
        copy.execute("INSERT INTO localorg_snapshot VALUES (?)", (orjson.dumps(facts).decode(),))


def put_back(store: Store, path: Path) -> None:
    """Replace the rows of a store's tables by those of the file at `path`, in one transaction.

    Tables that the file does not have are emptied; those of STAYING_PREFIXES stay as they are.
    Raises SnapshotError where the file's objects are not the store's.
    """
    with store.maintaining() as connection:
        connection.execute("ATTACH DATABASE ? AS snapshot", (str(path),))
        try:
            with store.write():
                tables = [name for name in _tables(connection, "main") if not _stays(name)]
                given = set(_tables(connection, "snapshot"))
                for table in tables:
                    connection.execute("".join(("DELETE FROM main.", quoted(table))))
                    if table in given:
                        _copy_rows(connection, table)
        finally:
            connection.execute("DETACH DATABASE snapshot")


def _copy_rows(connection: sqlite3.Connection, table: str) -> None:
    """Copy a table's rows, page by page where both were made by the same schema."""
    ours, theirs = _columns(connection, "main", table), _columns(connection, "snapshot", table)
    if set(ours) != set(theirs):
        different = ", ".join(sorted(set(ours) ^ set(theirs)))
        raise SnapshotError(
            f"The snapshot was made with another schema: {table} differs in {different}. "
            "Serve the org with the set-up file that it was made with, or make a new snapshot."
        )
    # Without names SQLite copies whole pages, which needs the same order on both sides.
    names = "*" if ours == theirs else ", ".join(map(quoted, ours))
    into = "" if ours == theirs else f" ({names})"
    parts = ("INSERT INTO main.", quoted(table), into, " SELECT ", names, " FROM snapshot.")
    connection.execute("".join((*parts, quoted(table))))


def _tables(connection: sqlite3.Connection, schema: str) -> list[str]:
    return [row[0] for row in connection.execute(_TABLES, (schema,))]


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [row[0] for row in connection.execute(_COLUMNS, (table, schema))]


def _stays(table: str) -> bool:
    return table.startswith(STAYING_PREFIXES)


def _read_facts(path: Path) -> Facts:
    with closing(sqlite3.connect(path)) as copy:
        text = copy.execute("SELECT facts FROM localorg_snapshot").fetchone()[0]
    said = orjson.loads(text)
    return Facts(
        now=datetime.fromisoformat(said["now"]), frozen=said["frozen"], ids=dict(said["ids"])
    )
