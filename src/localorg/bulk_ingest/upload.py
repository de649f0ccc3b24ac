"""The CSV file of a job: its header and its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TextIO

from localorg.bulk_ingest.csv_rows import CsvRows, any_rows
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
_ROWS_PASSED_AT_ONCE = 1_000


class RowReader:
    """The rows of an upload from one of them on."""

    def __init__(self, job: IngestJob, first: int = 0) -> None:
        """Read the header and go to the row number `first`.

        Raises RefusedUploadError where there is no header.
        """
        self._file = _open(job, errors="strict")
        self._rows = CsvRows(self._file, job.delimiter)
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
        taken = self._rows.take(count)
        self._cut(taken)
        if self._rows.problem is not None and not taken:
            raise self._rows.problem
        return taken

    def skip(self, count: int) -> None:
        """Pass rows, a few at a time so that they are never in memory together."""
        while count > 0 and (taken := self._rows.take(min(count, _ROWS_PASSED_AT_ONCE))):
            count -= len(taken)

    def _cut(self, rows: list[list[str]]) -> None:
        """Leave out the first row that can't be and all behind it."""
        short = self._rows.characters <= _MOST_FIELD_CHARACTERS
        if short and set(map(len, rows)) <= {len(self.header)}:
            return
        for number, row in enumerate(rows):
            try:
                self._check(row)
            except JobError as error:
                self._rows.problem = error
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


def _header(rows: CsvRows) -> list[str]:
    first = rows.take(1)
    if not first:
        problem = rows.problem or "InvalidBatch : The data has no header row"
        raise RefusedUploadError(str(problem))
    [header] = first
    if len(header) > _MOST_FIELDS:
        message = f"The header has {len(header)} fields, {_MOST_FIELDS} are allowed"
        raise RefusedUploadError(f"InvalidBatch : {message}")
    characters = sum(map(len, header)) + len(header) - 1
    if characters > _MOST_HEADER_CHARACTERS:
        message = f"The header has {characters} characters, {_MOST_HEADER_CHARACTERS} are allowed"
        raise RefusedUploadError(f"InvalidBatch : {message}")
    return header


@contextmanager
def raw_rows(job: IngestJob) -> Iterator[Iterator[list[str]]]:
    """All rows that there are, the header first, whatever they are like."""
    with _open(job, errors="replace") as file:
        yield any_rows(file, job.delimiter)


def of_span(rows: Iterator[list[str]], span: Span) -> Iterator[list[str]]:
    """The rows of a span; `rows` begin after the header."""
    return islice(rows, span.first, span.end)


def _open(job: IngestJob, *, errors: str) -> TextIO:
    return job.upload.open(encoding="utf-8", errors=errors, newline="")


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
