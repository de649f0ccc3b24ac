"""What pages say of the profiles that came and went through a connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404

from isthmus.connections import exchange
from isthmus.connections.exchange import Exchange, Goal, Line
from isthmus.connections.models import EXPORT, IMPORT, Connection
from isthmus.web import connection_words, exchange_chart
from isthmus.web.exchange_chart import MOST_LINES, Chart, Series
from isthmus.web.words import plural

WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Period:
    """A length of time that is looked at, in steps that are points of the chart and table rows."""

    key: str
    words: str
    steps: int
    days: int  # of a step

    def steps_until(self, today: date) -> list[tuple[date, date]]:
        """First and last day of each step, oldest first; the last one ends today."""
        lasts = [today - timedelta(days=self.days * back) for back in range(self.steps)]
        return [(last - timedelta(days=self.days - 1), last) for last in reversed(lasts)]


PERIODS: Final = (
    Period(key="4w", words="4 weeks", steps=28, days=1),
    Period(key="12w", words="12 weeks", steps=12, days=7),
    Period(key="1y", words="1 year", steps=52, days=7),
)
USUAL: Final = PERIODS[1]


def period_of(asked: str) -> Period:
    """The period of that name; the usual one where none is asked for."""
    if not asked:
        return USUAL
    for each in PERIODS:
        if each.key == asked:
            return each
    raise Http404


@dataclass(frozen=True, kw_only=True)
class GoalLine:
    """A goal beside the chart of its direction."""

    goal: Goal
    number: int | None  # of its line in the chart; None: it has none
    total: int
    new: int  # within the period
    address: str  # of its own table
    profiles: str  # address of the profiles themselves
    new_profiles: str


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two directions."""

    kind: str  # in or out: the class
    word: str
    total: int
    since_a_week: str
    address: str  # of the profiles
    chart: Chart
    said: str  # the chart in words
    goals: Sequence[GoalLine]

    @property
    def more(self) -> int:
        """Goals that have no line."""
        return sum(line.number is None for line in self.goals) if len(self.goals) > 1 else 0


def sides(row: Connection, found: Exchange, period: Period) -> list[Side]:
    """Both directions."""
    return [_side(row, found, period, exported=exported) for exported in (False, True)]


def _side(row: Connection, found: Exchange, period: Period, *, exported: bool) -> Side:
    line = found.line(exported)
    steps = period.steps_until(found.today)
    # Where the first step begins is the first point.
    days = [steps[0][0] - timedelta(days=1), *(last for _, last in steps)]
    goals = _goal_lines(row, found, period, exported=exported)
    drawn = [each for each in goals if each.number is not None]
    whole = Series(name="", totals=_totals(line, days))
    parts = [
        Series(name=each.goal.title, totals=_totals(found.lines[each.goal.id], days))
        for each in drawn
    ]
    word = "Exported" if exported else "Imported"
    return Side(
        kind="out" if exported else "in",
        word=word,
        total=line.total,
        since_a_week=_since_a_week(line, found.today),
        address=profiles_address(row, exported=exported),
        chart=exchange_chart.draw(days, whole, parts),
        said=f"{word} unique profiles: {plural(whole.totals[0], 'profile')} at the end of "
        f"{in_words(days[0])}, {plural(whole.totals[-1], 'profile')} on {in_words(days[-1])}",
        goals=goals,
    )


def _totals(line: Line, days: Sequence[date]) -> list[int]:
    """All there were at the end of each day; the days are in order."""
    news = sorted(line.new.items())
    totals, so_far, place = [], 0, 0
    for day in days:
        while place < len(news) and news[place][0] <= day:
            so_far += news[place][1]
            place += 1
        totals.append(so_far)
    return totals


def _since_a_week(line: Line, today: date) -> str:
    new = line.between(today - WEEK + timedelta(days=1), today)
    return f"{new:,} more than a week ago" if new else "as many as a week ago"


def _goal_lines(
    row: Connection, found: Exchange, period: Period, *, exported: bool
) -> list[GoalLine]:
    """The goals of a direction, those with most profiles first: they have the chart's lines."""
    first = period.steps_until(found.today)[0][0]
    goals = [goal for goal in found.goals if goal.exported is exported]
    goals.sort(key=lambda goal: -found.lines[goal.id].total)
    lines = []
    for place, goal in enumerate(goals, 1):
        line = found.lines[goal.id]
        lines.append(
            GoalLine(
                goal=goal,
                number=place if len(goals) > 1 and place <= MOST_LINES and line.total else None,
                total=line.total,
                new=line.between(first, found.today),
                address=page_address(row, period, goal),
                profiles=profiles_address(row, exported=exported, goal=goal),
                new_profiles=profiles_address(
                    row, exported=exported, goal=goal, days=(first, found.today)
                ),
            )
        )
    return lines


def in_words(day: date) -> str:
    """A day as pages say it."""
    return f"{day.day} {day:%b %Y}"


def page_address(row: Connection, period: Period, goal: Goal | None = None) -> str:
    """Of the table behind the chart, of one goal or of all."""
    asked = {} if period is USUAL else {"period": period.key}
    if goal is not None:
        asked["goal"] = str(goal.id)
    return connection_words.address("connection-exchange", row.key, None, **asked)


def profiles_address(
    row: Connection,
    *,
    exported: bool,
    goal: Goal | None = None,
    days: tuple[date, date] | None = None,
) -> str:
    """Of the profiles behind a number."""
    base = connection_words.address("exchange-profiles", row.key)
    asked = {"direction": EXPORT if exported else IMPORT}
    if goal is not None:
        asked["goal"] = str(goal.id)
    if days is not None:
        asked |= {"since": days[0].isoformat(), "until": days[1].isoformat()}
    return f"{base}?{urlencode(asked)}"


def card(row: Connection, asked: str) -> dict[str, Any]:
    """What the card on the connection's first page shows."""
    period = period_of(asked)
    found = exchange.over_time(row)
    here = connection_words.address("connection", row.key)
    return {
        "exchange": found,
        "exchange_period": period,
        "exchange_periods": [(each, f"{here}?exchange={each.key}") for each in PERIODS],
        "exchange_sides": sides(row, found, period),
        "exchange_page": page_address(row, period),
    }


@dataclass(frozen=True, kw_only=True)
class Cell:
    """New profiles of one direction in a step, and all at its end."""

    word: str
    new: int
    new_address: str
    total: int
    total_address: str


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A step of the period."""

    words: str
    cells: Sequence[Cell]


def table(row: Connection, found: Exchange, period: Period, goal: Goal | None) -> list[TableRow]:
    """The numbers of the chart, newest first: of both directions, or of one goal."""
    directions = (False, True) if goal is None else (goal.exported,)
    steps = period.steps_until(found.today)
    totals = {
        exported: _totals(found.line(exported, goal), [last for _, last in steps])
        for exported in directions
    }
    rows = []
    for place, (first, last) in enumerate(steps):
        cells = [
            Cell(
                word="Exported" if exported else "Imported",
                new=found.line(exported, goal).between(first, last),
                new_address=profiles_address(row, exported=exported, goal=goal, days=(first, last)),
                total=totals[exported][place],
                total_address=profiles_address(
                    row, exported=exported, goal=goal, days=(exchange.FIRST, last)
                ),
            )
            for exported in directions
        ]
        rows.append(TableRow(words=_step_words(first, last), cells=cells))
    return rows[::-1]


def _step_words(first: date, last: date) -> str:
    if first == last:
        return in_words(last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\u2013{in_words(last)}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} \u2013 {in_words(last)}"


def goal_of(found: Exchange, asked: str) -> Goal | None:
    """The goal of that id; None where none is asked for."""
    if not asked:
        return None
    by_id: Mapping[str, Goal] = {str(goal.id): goal for goal in found.goals}
    if asked not in by_id:
        raise Http404
    return by_id[asked]
