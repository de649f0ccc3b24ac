"""The three result files of a job."""

import csv
import random
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from localorg.bulk_ingest.job import IngestJob
from localorg.dml import Change

# Results come in another order than the upload: mixed within so many records.
_MIXED_TOGETHER = 10_000


class Kind(StrEnum):
    """What became of records; the values are the names in paths, in lower case."""

    SUCCESSFUL = "successfulresults"
    FAILED = "failedresults"
    UNPROCESSED = "unprocessedrecords"


_ADDED = {
    Kind.SUCCESSFUL: ("sf__Id", "sf__Created"),
    Kind.FAILED: ("sf__Id", "sf__Error"),
    Kind.UNPROCESSED: (),
}


def result_file(job: IngestJob, kind: Kind) -> Path:
    """The file of one kind of results."""
    return job.folder / f"{kind.value}.csv"


class Results:
    """Writes the result files while a job runs."""

    def __init__(self, job: IngestJob, header: Sequence[str]) -> None:
        """Start the three files with their header rows."""
        self._files = ExitStack()
        self._mixing = random.Random(job.id)  # noqa: S311 - an order, not a secret
        self._writers = {kind: self._writer(job, kind) for kind in Kind}
        self._waiting: dict[Kind, list[list[str]]] = {kind: [] for kind in Kind}
        for kind, writer in self._writers.items():
            writer.writerow([*_ADDED[kind], *header])

    def __enter__(self) -> Self:
        """Write until the block ends."""
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Write what is waiting and close the files."""
        with self._files:
            for kind in Kind:
                self._write(kind)

    def add(self, rows: Sequence[list[str]], changes: Sequence[Change]) -> int:
        """Take the rows of a chunk and what became of them; answers how many failed."""
        succeeded, failed = self._waiting[Kind.SUCCESSFUL], self._waiting[Kind.FAILED]
        failures = 0
        for row, change in zip(rows, changes, strict=True):
            if change.errors:
                failures += 1
                failed.append([change.id or "", change.errors[0].as_bulk(), *row])
            else:
                created = "true" if change.created else "false"
                succeeded.append([change.id or "", created, *row])
        for kind in (Kind.SUCCESSFUL, Kind.FAILED):
            if len(self._waiting[kind]) >= _MIXED_TOGETHER:
                self._write(kind)
        return failures

    def leave(self, rows: Iterable[list[str]]) -> None:
        """Take rows that were never tried."""
        self._writers[Kind.UNPROCESSED].writerows(rows)

    def _write(self, kind: Kind) -> None:
        rows = self._waiting[kind]
        self._mixing.shuffle(rows)
        self._writers[kind].writerows(rows)
        rows.clear()

    def _writer(self, job: IngestJob, kind: Kind) -> Any:
        file = result_file(job, kind).open("w", encoding="utf-8", newline="")
        self._files.enter_context(file)
        return csv.writer(
            file,
            delimiter=job.delimiter,
            lineterminator=job.line_end,
            quoting=csv.QUOTE_ALL,
        )
