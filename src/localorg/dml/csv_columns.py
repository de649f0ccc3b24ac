"""The values of many CSV rows at once, column by column: much faster than cell by cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from localorg.dml.conversion import Converter, Stored, is_plain_text, wrong_type
from localorg.errors import RowError
from localorg.schema import Field

NULL_IN_CSV = "#N/A"


class _Nothing:
    """What stands in a cell that gives its field no value: it is empty, or wrong."""


_NOTHING = _Nothing()
_Cell = Stored | _Nothing
_Cells = Sequence[_Cell]
_Errors = dict[int, list[RowError]]


@dataclass(frozen=True, slots=True)
class CsvColumn:
    """One column whose texts are values of one field."""

    position: int
    field: Field
    convert: Converter

    def read(self, texts: Sequence[str], errors: _Errors) -> tuple[_Cells, bool]:
        """What each text stands for, and whether all stand for values.

        Each different text is looked at once. Adds to `errors` by the number of the row.
        """
        distinct = set(texts)
        special = "" in distinct or NULL_IN_CSV in distinct
        if not special and self._are_plain(distinct):
            return texts, True
        meanings: dict[str, _Cell] = {"": _NOTHING}
        wrong: dict[str, RowError] = {}
        for text in distinct:
            if text:
                value = self._meaning(text)
                if isinstance(value, RowError):
                    wrong[text] = value
                    meanings[text] = _NOTHING
                else:
                    meanings[text] = value
        for number, text in enumerate(texts if wrong else ()):
            if text in wrong:
                errors.setdefault(number, []).append(wrong[text])
        return [meanings[text] for text in texts], not wrong and "" not in distinct

    def _are_plain(self, texts: set[str]) -> bool:
        return is_plain_text(self.field) and max(map(len, texts)) <= self.field.length

    def _meaning(self, text: str) -> Stored | RowError:
        if text != NULL_IN_CSV:
            return self.convert(text)
        return wrong_type(self.field, text) if self.field.type == "boolean" else None


@dataclass(frozen=True, slots=True)
class RowValues:
    """The values of rows by field name, and what is wrong with some of them by row number."""

    values: list[dict[str, Stored]]
    errors: _Errors


def read_columns(columns: Sequence[CsvColumn], rows: Sequence[Sequence[str]]) -> RowValues:
    """The values of rows that all have the same columns; what a row leaves out is not there."""
    if not columns:
        return RowValues([{} for _ in rows], {})
    texts = list(zip(*rows, strict=True))
    errors: _Errors = {}
    read = [column.read(texts[column.position], errors) for column in columns]
    names = [column.field.name for column in columns]
    cells = zip(*(column for column, _ in read), strict=True)
    if all(whole for _, whole in read):
        return RowValues([dict(zip(names, row, strict=True)) for row in cells], errors)
    return RowValues([_kept(names, row) for row in cells], errors)


def _kept(names: Sequence[str], row: Sequence[Any]) -> dict[str, Stored]:
    return {name: cell for name, cell in zip(names, row, strict=True) if cell is not _NOTHING}
