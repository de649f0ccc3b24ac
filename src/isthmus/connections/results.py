"""Result files of Bulk jobs into tables: the bytes go to the database as they come."""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg import Connection, sql
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from isthmus.connections.errors import CountMismatch, PageIncomplete
from isthmus.salesforce import PageCut

CHUNK_BYTES = 1 << 18
PAGE_TRIES = 5

_ESCAPED = re.compile("[\udc80-\udcff]")
"""How Python keeps bytes that are not UTF-8."""

T = TypeVar("T")


class Page(Protocol):
    """One result file: how many records it has, where Salesforce says so, and its bytes."""

    records: int | None

    def chunks(self, size: int) -> Iterator[bytes]:
        """The body in pieces."""


@dataclass(kw_only=True)
class Spoilt:
    """Bytes of a file that are no text, which PostgreSQL would refuse with the whole file."""

    bytes: int = 0


def copy_page(
    connection: Connection[Any],
    target: sql.Composable,
    columns: Mapping[str, str],
    page: Page,
    spoilt: Spoilt | None = None,
) -> int:
    """Copy a page as `copy_results` does, and check that it has as many rows as announced.

    Bytes that had to be taken out or replaced are counted in `spoilt`.
    """
    rows = copy_results(connection, target, columns, page.chunks(CHUNK_BYTES), spoilt)
    if page.records is not None and page.records != rows:
        raise PageIncomplete(
            f"A result page has {rows:,} of the {page.records:,} records that Salesforce "
            f"announced. It is fetched again."
        )
    return rows


def copy_results(
    connection: Connection[Any],
    target: sql.Composable,
    columns: Mapping[str, str],
    chunks: Iterator[bytes],
    spoilt: Spoilt | None = None,
) -> int:
    """Copy one CSV file with a header row into text columns of `target`; the number of rows.

    `columns` names the table's column for each column of the file, by lower-case name; the file
    has these and no others, in any order. Empty cells become null. Raises `PageIncomplete` where
    the bytes are not CSV, `CountMismatch` where the columns are others.
    """
    header, rest = _split_header(chunks, spoilt or Spoilt())
    if not header:
        return 0
    names = [sql.Identifier(name) for name in _targets(header, columns)]
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


def _split_header(chunks: Iterator[bytes], spoilt: Spoilt) -> tuple[str, Iterator[bytes]]:
    head = b""
    for chunk in chunks:
        head += chunk
        if b"\n" in head:
            break
    line, _, first = head.partition(b"\n")
    return line.decode("utf-8-sig").strip("\r"), _clean(first, chunks, spoilt)


def _clean(first: bytes, chunks: Iterator[bytes], spoilt: Spoilt) -> Iterator[bytes]:
    """The rest of the page as PostgreSQL accepts it.

    It refuses byte 0, which Salesforce lets users store, and anything that is not UTF-8: both
    would fail the whole page for one bad value. The replacement character shows the place.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    for chunk in _with_first(first, chunks):
        yield _cleaned(decoder.decode(chunk), spoilt)
    yield _cleaned(decoder.decode(b"", final=True), spoilt)


def _cleaned(text: str, spoilt: Spoilt) -> bytes:
    if "\0" in text:
        spoilt.bytes += text.count("\0")
        text = text.replace("\0", "")
    try:
        return text.encode()
    except UnicodeEncodeError:
        text, replaced = _ESCAPED.subn("\ufffd", text)
        spoilt.bytes += replaced
        return text.encode()


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _targets(header: str, columns: Mapping[str, str]) -> list[str]:
    names = next(csv.reader([header]))
    missing = columns.keys() - {name.lower() for name in names}
    strange = {name for name in names if name.lower() not in columns}
    if missing or strange:
        raise CountMismatch(
            f"A result page has other columns than were asked for: missing "
            f"{sorted(missing) or 'none'}, not asked for {sorted(strange) or 'none'}."
        )
    return [columns[name.lower()] for name in names]


def again_where_cut(fetch: Callable[[], T]) -> T:
    """What `fetch` returns; it is called again, a few times, where a page arrives cut."""
    tries = Retrying(
        retry=retry_if_exception_type((PageCut, PageIncomplete)),
        stop=stop_after_attempt(PAGE_TRIES),
        wait=wait_random_exponential(multiplier=0.2, max=10),
        reraise=True,
    )
    return tries(fetch)
