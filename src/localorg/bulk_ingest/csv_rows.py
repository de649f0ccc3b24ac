"""The rows of a CSV file, read as strictly as Salesforce does."""

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice, tee

from localorg.bulk_ingest.errors import JobError

_UNESCAPED = "Found unescaped quote. A value with quote should be within a quote"
# What Python's reader says, and what Salesforce does.
_PROBLEMS = {
    "unexpected end of data": "EOF reached before closing an opened quote",
    "expected after": "Not expecting more text after end quote",
}

Rows = list[list[str]]


class CsvRows:
    """Takes rows one stretch after the other; blank lines are no rows.

    Python's reader lets a quote stand inside a value that is not quoted, which Salesforce refuses.
    So the lines are kept until their values are seen: where one has a quote, they are looked at.
    """

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        """Read from `lines`, which have their line ends."""
        _allow_long_fields()
        self._delimiter = delimiter
        read, self._lines = tee(lines)
        self._reader = csv.reader(read, delimiter=delimiter, strict=True)
        self._rows = filter(None, self._reader)
        self._lines_seen = 0
        # The characters of the values that were taken last.
        self.characters = 0
        # Why there are no rows behind those that were taken.
        self.problem: JobError | None = None

    def take(self, count: int) -> Rows:
        """The next rows, fewer at the end of the file and where `problem` tells why."""
        taken: Rows = []
        if self.problem is not None:
            return taken
        try:
            # What comes before an error is kept.
            taken.extend(islice(self._rows, count))
        except csv.Error as error:
            self.problem = _unreadable(_problem(str(error)))
        except UnicodeDecodeError as error:
            self.problem = JobError(f"InvalidBatch : The data is not UTF-8: {error.reason}")
        lines = list(islice(self._lines, self._reader.line_num - self._lines_seen))
        self._lines_seen = self._reader.line_num
        values = "".join(chain.from_iterable(taken))
        self.characters = len(values)
        if '"' in values:
            self._check_quotes(taken, "".join(lines))
        return taken

    def _check_quotes(self, rows: Rows, text: str) -> None:
        """Leave out the first row with a quote in a value that is not quoted, and all behind."""
        if not text.endswith("\n"):
            text += "\n"
        found = _grammar(self._delimiter).match(text)
        proper = text[: found.end()] if found else ""
        found_rows = any_rows(io.StringIO(proper, newline=""), self._delimiter)
        whole = sum(1 for _ in found_rows) - (not proper.endswith("\n"))
        if proper != text and whole < len(rows):
            self.problem = _unreadable(_UNESCAPED)
            del rows[max(0, whole) :]


def any_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """The rows, whatever they are like; blank lines are none."""
    _allow_long_fields()
    return filter(None, csv.reader(lines, delimiter=delimiter))


def _allow_long_fields() -> None:
    # Python's limit is for the whole process; the API's own is checked elsewhere.
    if csv.field_size_limit() < sys.maxsize:
        csv.field_size_limit(sys.maxsize)


def _unreadable(reason: str) -> JobError:
    return JobError(f"InvalidBatch : Failed to parse CSV. {reason}")


def _problem(words: str) -> str:
    known = (said for part, said in _PROBLEMS.items() if part in words)
    return next(known, words)


def _grammar(delimiter: str) -> re.Pattern[str]:
    """What values in quotes and values without any make up; nothing is tried a second time."""
    mark = re.escape(delimiter)
    quoted = '"[^"]*+(?:""[^"]*+)*+"'
    return re.compile(rf'(?:(?:{quoted}|[^"\r\n{mark}]*+)(?:{mark}|\r?\n))*+')
