"""Bars and strips: the numbers that SVG elements are drawn with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PARTS: Final = ("created", "updated", "unchanged", "removed", "skipped", "failed")
"""Outcomes in the order in which they stand everywhere."""

WIDTH: Final = 1000.0
GAP: Final = 2.0
LEAST: Final = 5.0
"""So narrow a part can still be seen, and pointed at."""

STRIP_HEIGHT: Final = 18.0
STRIP_BASE: Final = 21.0
STRIP_STEP: Final = 10.5


@dataclass(frozen=True, kw_only=True)
class Part:
    """One outcome's piece of the bar."""

    name: str
    number: int
    address: str  # of the rows behind it; empty: none
    x: str
    width: str


def split(counts: Mapping[str, int], addresses: Mapping[str, str]) -> list[Part]:
    """The pieces of a bar `WIDTH` wide: in proportion, but each wide enough to be seen."""
    there = [(name, counts.get(name) or 0) for name in PARTS if counts.get(name)]
    room = WIDTH - GAP * max(len(there) - 1, 0)
    widths = _shared(room, [number for _, number in there])
    parts, x = [], 0.0
    for (name, number), width in zip(there, widths, strict=True):
        parts.append(
            Part(
                name=name,
                number=number,
                address=addresses.get(name, ""),
                x=f"{x:.1f}",
                width=f"{width:.1f}",
            )
        )
        x += width + GAP
    return parts


def _shared(room: float, numbers: Sequence[int]) -> list[float]:
    """The room by number, where the wide ones give the narrow ones what those lack."""
    total = sum(numbers) or 1
    narrow = {place for place, each in enumerate(numbers) if each / total * room < LEAST}
    left = room - LEAST * len(narrow)
    wide = sum(each for place, each in enumerate(numbers) if place not in narrow) or 1
    return [LEAST if place in narrow else each / wide * left for place, each in enumerate(numbers)]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One run in a strip."""

    kind: str  # ok, warn, bad, run or none
    records: int
    title: str  # says in words what is drawn
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One run as it is drawn."""

    mark: Mark
    x: str
    y: str
    height: str
    middle: str


def strip(marks: Sequence[Mark]) -> list[Bar]:
    """The bars of a strip, oldest first; the run of most records is as high as the strip."""
    most = max((mark.records for mark in marks), default=0) or 1
    bars = []
    for place, mark in enumerate(marks):
        height = max(2.0, mark.records / most * STRIP_HEIGHT)
        x = place * STRIP_STEP
        bars.append(
            Bar(
                mark=mark,
                x=f"{x:.1f}",
                y=f"{STRIP_BASE - height:.1f}",
                height=f"{height:.1f}",
                middle=f"{x + 3.5:.1f}",
            )
        )
    return bars
