"""The CSV file of a job: its header and its rows."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import TextIO

from localorg.bulk_ingest.errors import JobError, RefusedUploadError
from localorg.bulk_ingest.job import IngestJob, Span
from localorg.dml import Operation, RecordReader, Target
from localorg.errors import SalesforceError

_ONLY_IDS = ["id"]
_DELETES = frozenset({"delete", "hardDelete"})
_MOST_HEADER_CHARACTERS = 32_000
_MOST_FIELDS = 5_000
_MOST_FIELD_CHARACTERS = 131_072
_MOST_RECORD_CHARACTERS = 400_000


class RowReader:
    """The rows of an upload from one of them on."""

    def __init__(self, job: IngestJob, first: int = 0) -> None:
        """Read the header and go to the row number `first`.

        Raises RefusedUploadError where there is no header.
        """
        self._file, rows = _open(job, strict=True)
        self._rows = _readable(rows)
        # What stands in the way of going on, once it is met.
        self._problem: JobError | None = None
        try:
            self.header = _header(self._rows)
        except BaseException:
            self.close()
            raise
        self.skip(first)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def take(self, count: int) -> list[list[str]]:
        """The next `count` rows, fewer at the end of the file or before an unreadable row.

        Raises JobError where there are none because the next row can't be read.
        """
        taken: list[list[str]] = []
        if self._problem is None:
            try:
                # What comes before an error is kept.
                taken.extend(islice(self._rows, count))
            except JobError as error:
                self._problem = error
            self._cut(taken)
        if self._problem is not None and not taken:
            raise self._problem
        return taken

    def skip(self, count: int) -> None:
        """Pass rows."""
        try:
            for _ in islice(self._rows, count):
                pass
        except JobError as error:
            self._problem = error

    def _cut(self, rows: list[list[str]]) -> None:
        """Leave out the first row that can't be and all behind it."""
        characters = sum(map(len, chain.from_iterable(rows)))
        if characters <= _MOST_FIELD_CHARACTERS and set(map(len, rows)) <= {len(self.header)}:
            return
        for number, row in enumerate(rows):
            try:
                self._check(row)
            except JobError as error:
                self._problem = error
                del rows[number:]
                return

    def _check(self, row: list[str]) -> None:
        width = len(self.header)
        if len(row) != width:
            message = f"InvalidBatch : A row has {len(row)} columns, the header has {width}"
            raise JobError(message)
        characters = sum(map(len, row))
        if characters > _MOST_FIELD_CHARACTERS:
            _check_lengths(row, characters)


def _check_lengths(row: list[str], characters: int) -> None:
    longest = max(map(len, row))
    if longest > _MOST_FIELD_CHARACTERS:
        message = f"A field has {longest} characters, {_MOST_FIELD_CHARACTERS} are allowed"
        raise JobError(f"InvalidBatch : {message}")
    if characters > _MOST_RECORD_CHARACTERS:
        message = f"A record has {characters} characters, {_MOST_RECORD_CHARACTERS} are allowed"
        raise JobError(f"InvalidBatch : {message}")


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        header = next(rows, None)
    except JobError as error:
        raise RefusedUploadError(str(error)) from error
    if header is None:
        raise RefusedUploadError("InvalidBatch : The data has no header row")
    if len(header) > _MOST_FIELDS:
        message = f"The header has {len(header)} fields, {_MOST_FIELDS} are allowed"
        raise RefusedUploadError(f"InvalidBatch : {message}")
    characters = sum(map(len, header)) + len(header) - 1
    if characters > _MOST_HEADER_CHARACTERS:
        message = f"The header has {characters} characters, {_MOST_HEADER_CHARACTERS} are allowed"
        raise RefusedUploadError(f"InvalidBatch : {message}")
    return header


def _readable(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows that are not blank; raises JobError where the file is no proper CSV."""
    try:
        yield from filter(None, rows)
    except csv.Error as error:
        raise JobError(f"InvalidBatch : Failed to parse CSV: {error}") from error
    except UnicodeDecodeError as error:
        raise JobError(f"InvalidBatch : The data is not UTF-8: {error.reason}") from error


@contextmanager
def raw_rows(job: IngestJob) -> Iterator[Iterator[list[str]]]:
    """All rows that there are, the header first, whatever they are like."""
    file, rows = _open(job, strict=False)
    with file:
        yield filter(None, rows)


def of_span(rows: Iterator[list[str]], span: Span) -> Iterator[list[str]]:
    """The rows of a span; `rows` begin after the header."""
    return islice(rows, span.first, span.end)


def _open(job: IngestJob, *, strict: bool) -> tuple[TextIO, Iterator[list[str]]]:
    # The limit of Python's is for the whole process; the API's own is checked above.
    if csv.field_size_limit() < sys.maxsize:
        csv.field_size_limit(sys.maxsize)
    errors = "strict" if strict else "replace"
    file = job.upload.open(encoding="utf-8", errors=errors, newline="")
    return file, csv.reader(file, delimiter=job.delimiter, strict=strict)


def reader_of(target: Target, header: list[str]) -> RecordReader:
    """What reads the rows under this header; raises RefusedUploadError where nothing can."""
    if target.operation.value in _DELETES and [name.lower() for name in header] != _ONLY_IDS:
        message = f"InvalidBatch : The '{target.operation.value}' batch must contain only ids"
        raise RefusedUploadError(message)
    seen: set[str] = set()
    for name in header:
        if name.lower() in seen:
            raise RefusedUploadError(f"InvalidBatch : Field name duplicated : {name}")
        seen.add(name.lower())
        _check_name(target, name)
    if target.operation is Operation.UPDATE and "id" not in seen:
        raise RefusedUploadError("InvalidBatch : Field name not found : Id")
    return RecordReader(target, header)


def _check_name(target: Target, name: str) -> None:
    try:
        RecordReader(target, [name])
    except SalesforceError:
        raise RefusedUploadError(f"InvalidBatch : Field name not found : {name}") from None
