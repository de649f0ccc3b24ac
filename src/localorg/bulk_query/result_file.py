"""The rows of a finished job in one file, any stretch of which can be read without the others.

The file is written in segments of equal numbers of rows. Their order in the answer is not their
order in the file: a job that may answer in any order shuffles whole segments, which costs nothing.
A second file, the index, has the length of each row and after that the order and the starts of the
segments, so that even a result of millions of rows takes little memory.
"""

import random
from array import array
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

# Four bytes for a row's length, eight for a segment's number or its first byte.
_LENGTH = "I"
_PLACE = "Q"
_LENGTH_BYTES = array(_LENGTH).itemsize


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """A header and rows of CSV."""

    path: Path
    header: bytes
    # Segments by their numbers in the file, in the order of the answer; all but the last, which
    # is the last of both, have the same number of rows.
    order: "array[int]"
    # The first byte of each segment of the file, and the end of the last.
    starts: "array[int]"
    segment_rows: int
    records: int

    def as_json(self) -> dict[str, Any]:
        """What `reopened` needs besides the files."""
        header = self.header.decode()
        return {"header": header, "segment_rows": self.segment_rows, "records": self.records}

    @property
    def size(self) -> int:
        """The bytes of all rows."""
        return self.starts[-1]

    def stretches(self, first: int, end: int) -> list[range]:
        """Return the bytes of the rows from number `first` up to but without `end`, in order."""
        size = self.segment_rows
        cuts = [first, *range((first // size + 1) * size, end, size), end]
        with index_of(self.path).open("rb") as index:
            return [
                self._stretch(index, self.order[start // size], start % size, stop - start)
                for start, stop in pairwise(cuts)
                if start < stop
            ]

    def end_within(self, first: int, end: int, most_bytes: int) -> int:
        """Return `end`, or an earlier one where the rows would have more than `most_bytes`."""
        taken = 0
        for start in range(first - first % self.segment_rows, end, self.segment_rows):
            segment = self.order[start // self.segment_rows]
            taken += self.starts[segment + 1] - self.starts[segment]
            if taken > most_bytes and start > first:
                return start
        return end

    def _stretch(self, index: BinaryIO, segment: int, skipped: int, rows: int) -> range:
        start, end = self.starts[segment], self.starts[segment + 1]
        if skipped == 0 and rows == self.segment_rows:
            return range(start, end)
        index.seek(segment * self.segment_rows * _LENGTH_BYTES)
        lengths = array(_LENGTH)
        lengths.frombytes(index.read((skipped + rows) * _LENGTH_BYTES))
        begin = start + sum(lengths[:skipped])
        return range(begin, begin + sum(lengths[skipped:]))


def index_of(path: Path) -> Path:
    """Where the index of a result is."""
    return path.with_suffix(".index")


def remove(path: Path) -> None:
    """Delete a result; what is still being read goes with the folder at the end."""
    for file in (path, index_of(path)):
        with suppress(OSError):
            file.unlink()


def reopened(path: Path, kept: Mapping[str, Any]) -> ResultFile | None:
    """The result that an earlier process wrote, or None where its files are gone or cut."""
    records, segment_rows = kept["records"], kept["segment_rows"]
    segments = -(-records // segment_rows)
    places = array(_PLACE)
    try:
        with index_of(path).open("rb") as index:
            index.seek(records * _LENGTH_BYTES)
            places.frombytes(index.read())
        complete = len(places) == 2 * segments + 1 and path.stat().st_size == places[-1]
    except (OSError, ValueError):
        return None
    if not complete:
        return None
    return ResultFile(
        path=path,
        header=kept["header"].encode(),
        order=places[:segments],
        starts=places[segments:],
        segment_rows=segment_rows,
        records=records,
    )


class ResultWriter:
    """Writes rows, and where they are."""

    def __init__(self, path: Path, file: BinaryIO, index: BinaryIO) -> None:
        """Write to `file`, which was opened at `path`, and to its `index`."""
        self._path = path
        self._file = file
        self._index = index
        self._starts = array(_PLACE, [0])
        self._records = 0

    def add(self, rows: Iterable[bytes]) -> None:
        """Write a segment: rows of CSV with their line endings."""
        kept = list(rows)
        self._index.write(array(_LENGTH, map(len, kept)).tobytes())
        self._starts.append(self._starts[-1] + self._file.write(b"".join(kept)))
        self._records += len(kept)

    def finish(self, header: bytes, segment_rows: int, order: random.Random | None) -> ResultFile:
        """Return the result, its full segments shuffled by `order` if it is given."""
        numbers = list(range(len(self._starts) - 1))
        if order is not None and numbers:
            last = numbers.pop()  # it may be shorter and has to stay the last
            order.shuffle(numbers)
            numbers.append(last)
        places = array(_PLACE, numbers)
        self._index.write(places.tobytes() + self._starts.tobytes())
        self._index.flush()
        self._file.flush()
        return ResultFile(
            path=self._path,
            header=header,
            order=places,
            starts=self._starts,
            segment_rows=segment_rows,
            records=self._records,
        )
