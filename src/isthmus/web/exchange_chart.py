"""Charts of unique profiles over time: the numbers that their SVG elements are drawn with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

LEFT: Final = 46.0
RIGHT: Final = 372.0
TOP: Final = 14.0
BASE: Final = 130.0
NUMBERS: Final = 12.0
"""Room at the right for the numbers of goals, where there are several."""

GRID: Final = 3
"""Lines above the base."""

MOST_LINES: Final = 5
"""Goals with a line of their own; more could not be told apart."""

_APART: Final = 10.0
"""Between the middles of two numbers of goals."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line: all there were at the ends of the chart's steps."""

    name: str
    totals: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A line of the grid, or a day below the axis, with its words."""

    at: str
    words: str
    text_at: str
    anchor: str = "end"


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A line of one goal."""

    number: int
    points: str
    y: str  # of its number


@dataclass(frozen=True, kw_only=True)
class Chart:
    """All that is drawn."""

    left: str
    right: str
    base: str
    area: str
    points: str
    end_y: str
    grid: Sequence[Tick]
    days: Sequence[Tick]
    lines: Sequence[Drawn]
    numbers_x: str


def draw(days: Sequence[date], whole: Series, parts: Sequence[Series]) -> Chart:
    """The chart of a whole, with the lines of its parts; `days` are the ends of the steps."""
    right = RIGHT - (NUMBERS if parts else 0)
    step = _step(max(whole.totals, default=0))
    xs = [LEFT + (right - LEFT) * place / max(len(days) - 1, 1) for place in range(len(days))]
    ys = [_y(each, step) for each in whole.totals]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    return Chart(
        left=f"{LEFT:.1f}",
        right=f"{right:.1f}",
        base=f"{BASE:.1f}",
        area=f"M{LEFT:.1f},{BASE:.1f} L{line.replace(' ', ' L')} L{right:.1f},{BASE:.1f}Z",
        points=line,
        end_y=f"{ys[-1]:.1f}",
        grid=[_grid(number * step, step) for number in range(1, GRID + 1)],
        days=_days(days, xs),
        lines=_lines(parts, xs, step),
        numbers_x=f"{right + 4:.1f}",
    )


_ROUND: Final = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)


def _step(most: int) -> int:
    """Between two lines of the grid: a round number, so that the highest has room."""
    for each in (1, 2, 3, 4, 5, 6, 8):
        if each * GRID >= most:
            return each
    size = 1
    while True:
        for each in _ROUND:
            if each * size * GRID >= most:
                return each * size
        size *= 10


def _y(number: int, step: int) -> float:
    return BASE - (BASE - TOP) * number / (step * GRID)


def _grid(number: int, step: int) -> Tick:
    y = _y(number, step)
    return Tick(at=f"{y:.1f}", words=short(number), text_at=f"{y + 4:.1f}")


def short(number: int) -> str:
    """A round number in few characters: `400`, `8,000`, `400 k`, `1.2 M`."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if number >= size:
            unit = 1_000 if letter == "k" else size
            return f"{number / unit:,.1f}".removesuffix(".0") + f" {letter}"
    return f"{number:,}"


def _days(days: Sequence[date], xs: Sequence[float]) -> list[Tick]:
    """The first day, the last, and two between them."""
    last = len(days) - 1
    places = sorted({0, round(last / 3), round(last * 2 / 3), last})
    anchors = {0: "start", last: "end"}
    return [
        Tick(
            at=f"{xs[place]:.1f}",
            words=f"{days[place].day} {days[place]:%b}",
            text_at=f"{xs[place]:.1f}",
            anchor=anchors.get(place, "middle"),
        )
        for place in places
    ]


def _lines(parts: Sequence[Series], xs: Sequence[float], step: int) -> list[Drawn]:
    ends = [_y(part.totals[-1], step) for part in parts]
    places = _spread(ends)
    return [
        Drawn(
            number=number,
            points=" ".join(
                f"{x:.1f},{_y(each, step):.1f}" for x, each in zip(xs, part.totals, strict=True)
            ),
            y=f"{place + 4:.1f}",
        )
        for number, (part, place) in enumerate(zip(parts, places, strict=True), 1)
    ]


def _spread(ends: Sequence[float]) -> list[float]:
    """Where the numbers of lines stand that end there: so far apart that each can be read."""
    order = sorted(range(len(ends)), key=lambda place: -ends[place])
    found = list(ends)
    lowest = BASE - 2
    for place in order:
        found[place] = lowest = min(found[place], lowest)
        lowest -= _APART
    return found
