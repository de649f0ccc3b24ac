"""The rows of a finished job in one file, any stretch of which can be read without the others.

The file is written in segments of equal numbers of rows. Their order in the answer is not their
order in the file: a job that may answer in any order shuffles whole segments, which costs nothing.
"""

import random
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Segment:
    """Rows that stand together in the file."""

    start: int  # the first byte
    lengths: "array[int]"  # bytes of each row, line ending included

    def stretch(self, first: int, end: int) -> range:
        """Return the bytes of the rows from number `first` up to but without `end`."""
        begin = self.start + sum(self.lengths[:first])
        return range(begin, begin + sum(self.lengths[first:end]))


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """A header and rows of CSV."""

    path: Path
    header: bytes
    segments: tuple[Segment, ...]  # in the order of the answer; all but the last equally long
    segment_rows: int
    records: int

    def stretches(self, first: int, end: int) -> list[range]:
        """Return the bytes of the rows from number `first` up to but without `end`, in order."""
        size = self.segment_rows
        cuts = [first, *range((first // size + 1) * size, end, size), end]
        return [
            self.segments[start // size].stretch(start % size, start % size + stop - start)
            for start, stop in pairwise(cuts)
            if start < stop
        ]


class ResultWriter:
    """Writes rows and remembers where they are."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """Write to `file`, which was opened at `path`."""
        self._path = path
        self._file = file
        self._segments: list[Segment] = []
        self._position = 0
        self._records = 0

    def add(self, rows: Iterable[bytes]) -> None:
        """Write a segment: rows of CSV with their line endings."""
        kept = list(rows)
        self._segments.append(Segment(self._position, array("I", map(len, kept))))
        self._position += self._file.write(b"".join(kept))
        self._records += len(kept)

    def finish(self, header: bytes, segment_rows: int, order: random.Random | None) -> ResultFile:
        """Return the result, its full segments shuffled by `order` if it is given."""
        if order is not None and len(self._segments) > 1:
            *full, last = self._segments  # the last may be shorter and has to stay the last
            order.shuffle(full)
            self._segments = [*full, last]
        return ResultFile(
            path=self._path,
            header=header,
            segments=tuple(self._segments),
            segment_rows=segment_rows,
            records=self._records,
        )
