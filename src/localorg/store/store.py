import queue
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localorg.clock import stored_datetime
from localorg.formulas import functions
from localorg.ids import IdSequence, number_of
from localorg.schema import Schema
from localorg.store.ddl import create_indexes, index_name, quoted
from localorg.store.fair_lock import FairLock
from localorg.store.file_lock import FileLock
from localorg.store.first_rows import first_rows
from localorg.store.statuses import write_statuses
from localorg.store.temporary import TemporaryFolder
from localorg.store.upgrade import add_first_rows, bring_up_to_date

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

# The store whose transaction the present work is a part of.
_inside: ContextVar["Store | None"] = ContextVar("_inside", default=None)


class Store:
    """The org's records in SQLite: one writer at a time, readers beside it.

    A reader sees the rows of the moment at which its first statement ran. An org `:memory:` lives
    in a temporary folder that goes away with it, because SQLite's own in-memory databases make
    readers wait for the writer.
    """

    def __init__(
        self,
        path: str | Path,
        schema: Schema,
        now: datetime | None = None,
        lock: FileLock | None = None,
    ) -> None:
        """Open or make the file at `path`; `now` is the org's birth if it is a new one.

        A `lock` is released when the store is closed.
        """
        self._lock = lock
        self.schema = schema
        # What formulas take for the time; an org sets it to its own clock.
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._temporary = TemporaryFolder()
        temporary = self._temporary.path
        self.kept = str(path) != IN_MEMORY
        self._path = Path(path) if self.kept else temporary / "org.db"
        # For files that belong to records, such as the results of Bulk jobs: beside the data file
        # of a kept org, made by whoever needs it first.
        self.folder = Path(f"{self._path}-files") if self.kept else temporary
        self._idle_readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._write_lock = FairLock()
        self._writer = self._connect()
        try:
            self._create(now or datetime.now(UTC))
        except BaseException:
            self.close()
            raise
        self.ids = IdSequence(self._last_numbers())

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that can only read, for this thread until the block ends.

        Inside `write` it is the writer's, so that a transaction reads what it wrote.
        """
        if _inside.get() is self:
            yield self._writer
            return
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

        Other threads that want to write wait until it is over. A block inside another one is a
        part of its transaction that can be rolled back alone; that holds for the threads that work
        for it too, as long as the context goes with the work (`anyio.to_thread` takes it along).
        """
        if _inside.get() is self:
            with self._part():
                yield self._writer
            return
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            token = _inside.set(self)
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            finally:
                _inside.reset(token)
            self._writer.execute("COMMIT")

    @contextmanager
    def _part(self) -> Iterator[None]:
        self._writer.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._writer.execute("ROLLBACK TO part")
            raise
        finally:
            self._writer.execute("RELEASE part")

    @contextmanager
    def maintaining(self) -> Iterator[sqlite3.Connection]:
        """The writer's connection outside a transaction; others that want to write wait."""
        with self._write_lock:
            yield self._writer

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

    @property
    def path(self) -> Path:
        """The SQLite file, a temporary one where the org is not kept."""
        return self._path

    def is_empty(self) -> bool:
        """Whether no object that can be written to has a record; what is set up does not count."""
        objects = self.schema.objects.values()
        tables = [entry.name for entry in objects if entry.createable and entry.undeletable]
        with self.read() as connection:
            return not any(_has_row(connection, table) for table in tables)

    def close(self) -> None:
        """Close all connections and remove the temporary files."""
        with suppress(queue.Empty):
            while True:
                self._idle_readers.get_nowait().close()
        self._writer.close()
        self._temporary.close()
        if self._lock is not None:
            self._lock.release()

    def _idle_reader(self) -> sqlite3.Connection | None:
        try:
            return self._idle_readers.get_nowait()
        except queue.Empty:
            return None

    def _new_reader(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _moment(self) -> datetime:
        # The clock may be put in after the connection was made.
        return self.now()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_WRITER_WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        functions.install(connection, self._moment)
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
            stamp = stored_datetime(now)
            added = bring_up_to_date(connection, self.schema, stamp)
            self._openings: int = connection.execute(_COUNT_OPENING).fetchone()[0]
            # In the same transaction: a process that is killed leaves a whole org or none.
            add_first_rows(connection, added, first_rows(stamp))
            write_statuses(connection, self.schema, stamp)

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
                number = number_of(highest) if highest else 0
                last[entry.key_prefix] = max(number, last.get(entry.key_prefix, 0))
        return last


def _has_row(connection: sqlite3.Connection, table: str) -> bool:
    statement = "".join(("SELECT 1 FROM ", quoted(table), " LIMIT 1"))
    return connection.execute(statement).fetchone() is not None
