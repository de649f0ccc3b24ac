"""The rows of a goal's form as they were typed, in the order in which they stand in the page.

A row's number names its controls, such as `r12.field`, and says nothing about its place: rows are
moved in the page, and their controls with them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import BadRequest

MOST_ROWS = 1_000
"""Most rows of one kind in a page. A goal of more is edited in its document."""

_NAME = re.compile(r"([a-z]+)([0-9]{1,9})\.([a-z_]+)")


@dataclass(kw_only=True)
class Row:
    """What was typed in a row; controls that were not sent are empty texts."""

    number: int
    values: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """The text of one control, without blanks at its ends."""
        return self.values.get(name, "").strip()

    @property
    def is_blank(self) -> bool:
        """Whether nothing was chosen in it yet."""
        return not any(self.get(name) for name in self.values if name not in _SETTLED)


_SETTLED = frozenset({"rule", "kind", "keep", "when_empty", "when_too_long"})
"""Controls that have a choice from the start."""


def read(posted: Mapping[str, Any], kind: str) -> list[Row]:
    """The rows of that kind, such as `r`. Raises `BadRequest` for more than a page has."""
    found: dict[int, Row] = {}
    for name, value in posted.items():
        parts = _NAME.fullmatch(name)
        if parts and parts[1] == kind:
            row = found.setdefault(int(parts[2]), Row(number=int(parts[2])))
            row.values[parts[3]] = str(value)
    if len(found) > MOST_ROWS:
        raise BadRequest
    return list(found.values())


def numbered(values: Sequence[Mapping[str, str]], start: int = 1) -> list[Row]:
    """Rows with these values."""
    return [Row(number=number, values=dict(each)) for number, each in enumerate(values, start)]


def next_number(rows: Sequence[Row]) -> int:
    """A number that no row has."""
    return max((row.number for row in rows), default=0) + 1


def act(rows: list[Row], what: str, chosen: int | None) -> int | None:
    """Add a row, or copy, remove or move the chosen one; the number of the row to go on with."""
    if what == "add":
        if len(rows) < MOST_ROWS:
            rows.append(Row(number=next_number(rows)))
        return rows[-1].number
    places = [row.number for row in rows]
    if chosen not in places:
        return None
    place = places.index(chosen)
    if what == "remove":
        del rows[place]
        return rows[min(place, len(rows) - 1)].number if rows else None
    if what == "copy" and len(rows) < MOST_ROWS:
        rows.insert(place + 1, Row(number=next_number(rows), values=dict(rows[place].values)))
        return rows[place + 1].number
    step = {"up": -1, "down": 1}.get(what, 0)
    if 0 <= place + step < len(rows):
        rows.insert(place + step, rows.pop(place))
    return chosen


def asked(act_name: str) -> tuple[str, str, int | None]:
    """What a button asks for: `remove:r:12` is the act, the kind of rows, and the row."""
    what, _, rest = act_name.partition(":")
    kind, _, number = rest.partition(":")
    return what, kind, int(number) if number.isascii() and number.isdigit() else None


def places(rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """The rows that say something, with their places in the goal."""
    yield from enumerate(row for row in rows if not row.is_blank)
