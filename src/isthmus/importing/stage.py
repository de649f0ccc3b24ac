"""A goal's records as Salesforce sent them, in a table of texts, until they are merged."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import psycopg
from psycopg import Connection, sql

from isthmus.importing.errors import CountMismatch, PageIncomplete
from isthmus.importing.fields import Column

Rows = int

CHUNK_BYTES = 1 << 18


class Page(Protocol):
    """One page of results: bytes of CSV with a header row, and how many records it has."""

    records: int | None

    def chunks(self, size: int) -> Iterator[bytes]:
        """The body in pieces."""


def table(run_goal: int) -> sql.Identifier:
    """The stage of one goal in one run."""
    return sql.Identifier("stage", f"import_{run_goal}")


def _pages(run_goal: int) -> sql.Identifier:
    return sql.Identifier("stage", f"import_{run_goal}_page")


def create(connection: Connection[Any], run_goal: int, columns: Iterable[Column]) -> None:
    """Make the stage, empty.

    Both tables are unlogged, so that after a crash the note of a page is gone with its rows.
    """
    fields = sql.SQL(", ").join(
        sql.SQL('{} text COLLATE "C"').format(sql.Identifier(f"f{column.number}"))
        for column in columns
    )
    with connection.transaction():
        drop(connection, run_goal)
        connection.execute(
            sql.SQL("CREATE UNLOGGED TABLE {} ({}) WITH (autovacuum_enabled = off)").format(
                table(run_goal), fields
            )
        )
        connection.execute(
            sql.SQL(
                "CREATE UNLOGGED TABLE {} (locator text PRIMARY KEY, records integer NOT NULL)"
            ).format(_pages(run_goal))
        )


def drop(connection: Connection[Any], run_goal: int) -> None:
    """Remove the stage, where it is there."""
    for name in (table(run_goal), _pages(run_goal)):
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))


def order(connection: Connection[Any], run_goal: int) -> None:
    """Make the stage readable by (stamp, id), the order in which records are applied."""
    connection.execute(sql.SQL("CREATE INDEX ON {} (f2, f1)").format(table(run_goal)))
    connection.execute(sql.SQL("ANALYZE {} (f1, f2)").format(table(run_goal)))


def rows_of_page(connection: Connection[Any], run_goal: int, note: str) -> Rows | None:
    """How many rows of a page are in the stage; None where it is not in."""
    row = connection.execute(
        sql.SQL("SELECT records FROM {} WHERE locator = %s").format(_pages(run_goal)), [note]
    ).fetchone()
    return int(row[0]) if row else None


def note_page(connection: Connection[Any], run_goal: int, note: str, rows: Rows) -> None:
    """Write down that a page is in, in the transaction that brought it."""
    connection.execute(
        sql.SQL("INSERT INTO {} VALUES (%s, %s)").format(_pages(run_goal)), [note, rows]
    )


def copy_page(
    connection: Connection[Any], run_goal: int, columns: Iterable[Column], page: Page
) -> Rows:
    """Copy one page in. Raises `PageIncomplete` where it is not what was announced."""
    numbers = {column.field.lower(): column.number for column in columns}
    rows = _copy(connection, table(run_goal), numbers, page.chunks(CHUNK_BYTES))
    if page.records is not None and page.records != rows:
        raise PageIncomplete(
            f"A result page has {rows:,} of the {page.records:,} records that Salesforce "
            f"announced. It is fetched again."
        )
    return rows


def _copy(
    connection: Connection[Any],
    target: sql.Composable,
    numbers: dict[str, int],
    chunks: Iterator[bytes],
) -> Rows:
    header, rest = _split_header(chunks)
    if not header:
        return 0
    names = [sql.Identifier(f"f{number}") for number in _column_numbers(header, numbers)]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, FORCE_NULL *)").format(
        target, sql.SQL(", ").join(names)
    )
    cursor = connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for chunk in rest:
                copy.write(chunk)
    except psycopg.DataError as error:
        raise PageIncomplete(
            f"A result page can't be read as CSV ({str(error).splitlines()[0]}). "
            f"It is fetched again."
        ) from error
    return cursor.rowcount


def _split_header(chunks: Iterator[bytes]) -> tuple[str, Iterator[bytes]]:
    head = b""
    for chunk in chunks:
        head += chunk
        if b"\n" in head:
            break
    line, _, first = head.partition(b"\n")
    return line.decode("utf-8-sig").strip("\r"), _clean(first, chunks)


def _clean(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The rest of the page as PostgreSQL accepts it.

    It refuses byte 0, which Salesforce lets users store, and anything that is not UTF-8: both
    would fail the whole page for one bad value. The replacement character shows the place.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for chunk in _with_first(first, chunks):
        text = decoder.decode(chunk)
        yield text.replace("\0", "").encode()
    yield decoder.decode(b"", final=True).encode()


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _column_numbers(header: str, numbers: dict[str, int]) -> list[int]:
    names = next(csv.reader([header]))
    missing = numbers.keys() - {name.lower() for name in names}
    strange = {name for name in names if name.lower() not in numbers}
    if missing or strange:
        raise CountMismatch(
            f"A result page has other columns than were asked for: missing "
            f"{sorted(missing) or 'none'}, not asked for {sorted(strange) or 'none'}."
        )
    return [numbers[name.lower()] for name in names]
