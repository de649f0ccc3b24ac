import queue
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localorg.clock import stored_datetime
from localorg.ids import IdSequence, number_of
from localorg.schema import Schema
from localorg.store.ddl import create_indexes, create_table, index_name, quoted
from localorg.store.first_rows import first_rows

IN_MEMORY = ":memory:"
# Key prefixes of things that no table keeps: Bulk jobs and query cursors.
_UNKEPT_PREFIXES = ("750", "01g")
# So many of them can be made before the file is opened again and the numbers could meet.
_UNKEPT_PER_OPENING = 1_000_000
_WRITER_WAIT_SECONDS = 60
_META = "CREATE TABLE IF NOT EXISTS localorg_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
_COUNT_OPENING = (
    "INSERT INTO localorg_meta VALUES ('openings', 1) "
    "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
)


class Store:
    """The org's records in SQLite: one writer at a time, readers beside it.

    A reader sees the rows of the moment at which its first statement ran. An org `:memory:` lives
    in a temporary folder that goes away with it, because SQLite's own in-memory databases make
    readers wait for the writer.
    """

    def __init__(self, path: str | Path, schema: Schema, now: datetime | None = None) -> None:
        """Open or make the file at `path`; `now` is the org's birth if it is a new one."""
        self.schema = schema
        self._temporary = tempfile.TemporaryDirectory(prefix="localorg-")
        # For files that need not survive the process, such as the results of Bulk jobs.
        self.folder = Path(self._temporary.name)
        self.kept = str(path) != IN_MEMORY
        self._path = Path(path) if self.kept else self.folder / "org.db"
        self._idle_readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._write_lock = threading.RLock()
        self._writer = self._connect()
        self._create(now or datetime.now(UTC))
        self.ids = IdSequence(self._last_numbers())

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that can only read, for this thread until the block ends."""
        connection = self._idle_reader() or self._new_reader()
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._idle_readers.put(connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the block's end, rolled back where it raises.

        Other threads that want to write wait until it is over.
        """
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def load(self, object_name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows as they are, in one transaction: values in storage form, `Id` included."""
        table = self.schema.object(object_name).name
        names = ", ".join(map(quoted, columns))
        marks = ", ".join("?" * len(columns))
        statement = "".join(("INSERT INTO ", quoted(table), " (", names, ") VALUES (", marks, ")"))
        with self.write() as connection:
            connection.executemany(statement, rows)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Keep no indexes but those on Id while a lot is loaded; they are made at the end."""
        with self.write() as connection:
            for object_type in self.schema.objects.values():
                for field in object_type.columns:
                    if field.indexed:
                        name = quoted(index_name(object_type, field))
                        connection.execute(f"DROP INDEX IF EXISTS {name}")
        try:
            yield
        finally:
            with self.write() as connection:
                self._create_indexes(connection)

    def is_empty(self) -> bool:
        """Whether no object that can be written to has a record."""
        tables = [entry.name for entry in self.schema.objects.values() if entry.createable]
        with self.read() as connection:
            return not any(_has_row(connection, table) for table in tables)

    def close(self) -> None:
        """Close all connections and remove the temporary files."""
        with suppress(queue.Empty):
            while True:
                self._idle_readers.get_nowait().close()
        self._writer.close()
        self._temporary.cleanup()

    def _idle_reader(self) -> sqlite3.Connection | None:
        try:
            return self._idle_readers.get_nowait()
        except queue.Empty:
            return None

    def _new_reader(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_WRITER_WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may take the last seconds of a kept org; a killed process takes nothing.
        connection.execute(f"PRAGMA synchronous = {'NORMAL' if self.kept else 'OFF'}")
        connection.execute("PRAGMA wal_autocheckpoint = 16384")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA mmap_size = 4294967296")
        return connection

    def _create(self, now: datetime) -> None:
        with self.write() as connection:
            connection.execute(_META)
            for object_type in self.schema.objects.values():
                connection.execute(create_table(object_type))
            self._create_indexes(connection)
            self._openings: int = connection.execute(_COUNT_OPENING).fetchone()[0]
        if self._openings == 1:
            for name, rows in first_rows(stored_datetime(now)).items():
                self.load(name, tuple(rows[0]), [tuple(row.values()) for row in rows])

    def _create_indexes(self, connection: sqlite3.Connection) -> None:
        for object_type in self.schema.objects.values():
            for statement in create_indexes(object_type):
                connection.execute(statement)

    def _last_numbers(self) -> dict[str, int]:
        last = dict.fromkeys(_UNKEPT_PREFIXES, self._openings * _UNKEPT_PER_OPENING)
        with self.read() as connection:
            for entry in self.schema.objects.values():
                statement = "".join(("SELECT max(Id) FROM ", quoted(entry.name)))
                highest = connection.execute(statement).fetchone()[0]
                last[entry.key_prefix] = number_of(highest) if highest else 0
        return last


def _has_row(connection: sqlite3.Connection, table: str) -> bool:
    statement = "".join(("SELECT 1 FROM ", quoted(table), " LIMIT 1"))
    return connection.execute(statement).fetchone() is not None
