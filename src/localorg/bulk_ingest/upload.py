"""The CSV file of a job: its line endings, its header and its rows."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from localorg.bulk_ingest.job import IngestJob
from localorg.dml import Operation, RecordReader
from localorg.errors import SalesforceError

_ONLY_IDS = ["id"]


class UploadError(Exception):
    """The upload can't be read any further; the message is the job's errorMessage."""


class RefusedUploadError(UploadError):
    """The upload can't be worked with at all: none of its records is tried."""


class Upload:
    """An upload while it is read."""

    def __init__(self, job: IngestJob, rows: Iterator[list[str]]) -> None:
        """Read the header; raises RefusedUploadError where the job can't work with it."""
        self._rows = rows
        self._refused: list[list[str]] = []
        self.header = _header(rows)
        self.read_row = _reader(job, self.header).read_csv

    def chunks(self, size: int) -> Iterator[list[list[str]]]:
        """The rows, so many at a time; raises UploadError after the last one that can be read."""
        rows = self._checked_rows()
        while True:
            chunk: list[list[str]] = []
            try:
                chunk.extend(islice(rows, size))
            except UploadError:
                if chunk:
                    yield chunk
                raise
            if not chunk:
                return
            yield chunk

    def rest(self) -> Iterator[list[str]]:
        """The rows that no chunk had, whatever they are like."""
        yield from self._refused
        try:
            yield from filter(None, self._rows)
        except (csv.Error, UnicodeDecodeError):
            return

    def _checked_rows(self) -> Iterator[list[str]]:
        width = len(self.header)
        for row in _readable(self._rows):
            if len(row) != width:
                self._refused.append(row)
                message = f"InvalidBatch : A row has {len(row)} columns, the header has {width}"
                raise UploadError(message)
            yield row


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        header = next(_readable(rows), None)
    except UploadError as error:
        raise RefusedUploadError(str(error)) from error
    if header is None:
        raise RefusedUploadError("InvalidBatch : The data has no header row")
    return header


def _readable(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows that are not blank; raises UploadError where the file is no proper CSV."""
    try:
        yield from filter(None, rows)
    except csv.Error as error:
        raise UploadError(f"InvalidBatch : Failed to parse CSV: {error}") from error
    except UnicodeDecodeError as error:
        raise UploadError(f"InvalidBatch : The data is not UTF-8: {error.reason}") from error


@contextmanager
def opened(job: IngestJob, *, strict: bool = True) -> Iterator[Iterator[list[str]]]:
    """The rows of the job's file, the header first; all that there are if not `strict`."""
    errors = "strict" if strict else "replace"
    with job.upload.open(encoding="utf-8", errors=errors, newline="") as file:
        yield csv.reader(file, delimiter=job.delimiter, strict=strict)


def check_line_endings(path: Path, line_ending: str) -> None:
    """Raise RefusedUploadError where records end otherwise than the job says.

    Line ends inside quoted values don't count: what stands between quotes are the odd parts.
    """
    data = path.read_bytes()
    wrong = _has_bare_line_feed(data) if line_ending == "CRLF" else b"\r" in data
    if wrong and b'"' in data:
        outside = b'""'.join(data.split(b'"')[::2])
        wrong = _has_bare_line_feed(outside) if line_ending == "CRLF" else b"\r" in outside
    if wrong:
        message = "ClientInputError : LineEnding is invalid on user data. Current LineEnding "
        raise RefusedUploadError(f"{message}setting is {line_ending}")


def _has_bare_line_feed(data: bytes) -> bool:
    return data.count(b"\n") != data.count(b"\r\n")


def _reader(job: IngestJob, header: list[str]) -> RecordReader:
    if job.target.operation is Operation.DELETE and [n.lower() for n in header] != _ONLY_IDS:
        raise RefusedUploadError("InvalidBatch : The 'delete' batch must contain only ids")
    seen: set[str] = set()
    for name in header:
        if name.lower() in seen:
            raise RefusedUploadError(f"InvalidBatch : Field name duplicated : {name}")
        seen.add(name.lower())
        _check_name(job, name)
    return RecordReader(job.target, header)


def _check_name(job: IngestJob, name: str) -> None:
    try:
        RecordReader(job.target, [name])
    except SalesforceError:
        raise RefusedUploadError(f"InvalidBatch : Field name not found : {name}") from None
