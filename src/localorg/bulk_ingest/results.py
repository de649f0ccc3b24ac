"""The three result files of a job.

A file is written in blocks: the header, and then what the rows of one transaction gave. A second
file has the end of each block, so that the answer can have them in another order than the upload.
"""

import os
import random
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from enum import StrEnum
from itertools import islice, pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from localorg.bulk_ingest.job import IngestJob
from localorg.dml import Change

_END = "Q"
_END_BYTES = array(_END).itemsize
_ROWS_PER_LEFT_BLOCK = 1_000
# From this version on failed rows say which record they were for.
_FIRST_WITH_FAILED_IDS = 53


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


def result_stretches(job: IngestJob, kind: Kind) -> list[range]:
    """The blocks of a file as an answer has them: the header, and the others in any order.

    The order is the same each time.
    """
    ends = array(_END)
    ends.frombytes(_ends_of(result_file(job, kind)).read_bytes())
    header, *blocks = [range(start, end) for start, end in pairwise([0, *ends])]
    random.Random(job.id).shuffle(blocks)  # noqa: S311 - an order, not a secret
    return [header, *blocks]


class Results:
    """Writes the result files while a job runs."""

    def __init__(self, job: IngestJob, header: Sequence[str]) -> None:
        """Go on where the job's progress says; a job that begins gets files with header rows."""
        self._form = _Form(job.delimiter, job.line_end, len(header))
        self._shows_failed_ids = float(job.facts.version) >= _FIRST_WITH_FAILED_IDS
        self._mixing = random.Random(job.id)  # noqa: S311 - an order, not a secret
        self._lines: dict[Kind, list[str]] = {kind: [] for kind in Kind}
        with ExitStack() as opened:
            self._outputs = {kind: self._output(job, kind, header) for kind in Kind}
            for output in self._outputs.values():
                opened.callback(output.close)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        """Write until the block ends."""
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close the files."""
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    def add(self, rows: Sequence[list[str]], changes: Sequence[Change]) -> int:
        """Take the rows of a chunk and what became of them; answers how many failed."""
        form, succeeded = self._form, self._lines[Kind.SUCCESSFUL]
        begin, between, end = form.begin, form.between, form.end
        failures = 0
        for row, change in zip(rows, changes, strict=True):
            if change.errors:
                failures += 1
                self._lines[Kind.FAILED].append(self._failed(row, change))
            else:
                created = "true" if change.created else "false"
                cells = form.cells(row)
                succeeded.append(f"{begin}{change.id}{between}{created}{between}{cells}{end}")
        return failures

    def flush(self) -> dict[str, int]:
        """Write what was taken, each kind as a block; answers the sizes of the files."""
        for kind, lines in self._lines.items():
            if lines:
                self._mixing.shuffle(lines)
                self._outputs[kind].write("".join(lines))
                lines.clear()
        return {kind.value: output.size for kind, output in self._outputs.items()}

    def leave(self, rows: Iterable[list[str]]) -> None:
        """Take rows that were never tried, and write them."""
        output, form = self._outputs[Kind.UNPROCESSED], self._form
        rows = iter(rows)
        while block := list(islice(rows, _ROWS_PER_LEFT_BLOCK)):
            output.write("".join(form.line(row) for row in block))

    def cut(self, sizes: Mapping[str, int]) -> None:
        """Undo what was written behind these sizes."""
        for kind, output in self._outputs.items():
            self._lines[kind].clear()
            output.cut(sizes.get(kind.value, 0))

    def _failed(self, row: list[str], change: Change) -> str:
        record_id = (change.id or "") if self._shows_failed_ids else ""
        return self._form.line([record_id, change.errors[0].as_bulk(), *row])

    def _output(self, job: IngestJob, kind: Kind, header: Sequence[str]) -> "_Output":
        size = job.progress.sizes.get(kind.value, 0)
        return _Output(result_file(job, kind), self._form.line([*_ADDED[kind], *header]), size)


class _Form:
    """How a row is written: every value in quotes."""

    def __init__(self, delimiter: str, line_end: str, width: int) -> None:
        self.begin = '"'
        self.between = f'"{delimiter}"'
        self.end = f'"{line_end}'
        # The quotes that stand between the values of a row of the upload.
        self._quotes = 2 * max(0, width - 1)

    def cells(self, row: Sequence[str]) -> str:
        """The values of a row of the upload, without the outermost quotes."""
        cells = self.between.join(row)
        if cells.count('"') != self._quotes:
            cells = self.between.join([cell.replace('"', '""') for cell in row])
        return cells

    def line(self, row: Sequence[str]) -> str:
        """A whole line."""
        cells = self.between.join([cell.replace('"', '""') for cell in row])
        return f"{self.begin}{cells}{self.end}"


class _Output:
    """One result file and the file with the ends of its blocks."""

    def __init__(self, path: Path, header: str, size: int) -> None:
        self._header = header
        self._file = _opened(path)
        self._ends = _opened(_ends_of(path))
        self.size = 0
        self.cut(size)

    def write(self, text: str) -> None:
        """Write a block, so that it is there even if the process is killed."""
        self.size += os.write(self._file, text.encode())
        os.write(self._ends, array(_END, [self.size]).tobytes())

    def cut(self, size: int) -> None:
        """Forget all blocks behind `size`; where none is left, write the header."""
        ends = self._read_ends()
        kept = bisect_right(ends, size)
        self.size = ends[kept - 1] if kept else 0
        for file, length in ((self._file, self.size), (self._ends, kept * _END_BYTES)):
            os.ftruncate(file, length)
            os.lseek(file, 0, os.SEEK_END)
        if not kept:
            self.write(self._header)

    def close(self) -> None:
        """Close both files."""
        os.close(self._file)
        os.close(self._ends)

    def _read_ends(self) -> "array[int]":
        content = os.pread(self._ends, os.fstat(self._ends).st_size, 0)
        ends = array(_END)
        ends.frombytes(content[: len(content) - len(content) % _END_BYTES])
        return ends


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _ends_of(path: Path) -> Path:
    return path.with_suffix(".blocks")
