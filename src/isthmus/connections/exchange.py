"""How many unique profiles came and went through a connection, by goal and day.

A profile counts once for each goal that brought it in or sent it, and once for the connection and
direction, on the day of the first time. It goes on counting when the goal is deleted.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Session

from isthmus.connections.goal_setting import in_order
from isthmus.connections.models import EXPORT, IMPORT, Connection
from isthmus.domain import wall_clock
from isthmus.profiles import database, statements

QUERIES = statements.load("isthmus.connections", "exchange.sql")

GONE_BEFORE = "deleted goals"
"""What those are called that were deleted before it was noted which goal exchanged a profile."""


@dataclass(frozen=True, kw_only=True)
class Unique:
    """How many profiles, each counted once however often and by however many goals it went."""

    imported: int
    exported: int


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A goal that exchanges profiles, or did before it was deleted."""

    id: int
    key: str  # empty: it stands for all that were deleted before this was noted
    name: str
    exported: bool
    deleted: bool = False

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.key or GONE_BEFORE.capitalize()


@dataclass(frozen=True, kw_only=True)
class Line:
    """New profiles by day, of a goal or of a connection in one direction."""

    new: Mapping[date, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All there are."""
        return sum(self.new.values())

    def until(self, day: date) -> int:
        """All there were at the end of the day."""
        return sum(number for each, number in self.new.items() if each <= day)

    def between(self, first: date, last: date) -> int:
        """New ones from the beginning of one day to the end of another."""
        return sum(number for each, number in self.new.items() if first <= each <= last)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What went through a connection."""

    today: date  # in the connection's time zone, as all days
    goals: Sequence[Goal]  # in their order, deleted ones last
    lines: Mapping[int, Line]  # by goal id
    imported: Line
    exported: Line

    def line(self, exported: bool, goal: Goal | None = None) -> Line:  # noqa: FBT001 - a direction
        """Of a goal, or of all of the direction together."""
        if goal is not None:
            return self.lines[goal.id]
        return self.exported if exported else self.imported


@dataclass(frozen=True, kw_only=True)
class Exchanged:
    """A profile that went through, and when it did for the first time."""

    profile_id: UUID
    day: date
    goal: int


def today(zone: str) -> date:
    """The day that it is in a time zone; by UTC in one that this machine doesn't know."""
    return datetime.now(wall_clock.zone_to_show(zone)).date()


def unique(connection: Connection) -> Unique:
    """How many unique profiles came and went through the connection."""
    with database.connected(application="isthmus exchange") as session:
        rows = session.execute(QUERIES["totals"], {"connection": connection.id}).fetchall()
    found = {exported: int(number) for exported, number in rows}
    return Unique(imported=found.get(False, 0), exported=found.get(True, 0))


def over_time(connection: Connection) -> Exchange:
    """The same by goal and day."""
    names = {"connection": connection.id}
    with database.connected(application="isthmus exchange") as session:
        sums = session.execute(QUERIES["sums"], names).fetchall()
        gone = session.execute(QUERIES["gone_goals"], names).fetchall()
    goals = [*_living(connection), *map(_gone, gone)]
    lines: dict[int, dict[date, int]] = {goal.id: {} for goal in goals}
    all_of: dict[bool, dict[date, int]] = {False: {}, True: {}}
    for exported, goal, day, profiles, firsts in sums:
        if profiles:
            lines.setdefault(goal, {})[day] = int(profiles)
        if firsts:
            all_of[exported][day] = all_of[exported].get(day, 0) + int(firsts)
    return Exchange(
        today=today(connection.timezone),
        goals=goals,
        lines={goal: Line(new=new) for goal, new in lines.items()},
        imported=Line(new=all_of[False]),
        exported=Line(new=all_of[True]),
    )


def _living(connection: Connection) -> Iterable[Goal]:
    for goal in in_order(connection):
        name = str(goal.document.get("name") or "")
        exported = goal.direction == EXPORT
        yield Goal(id=goal.id, key=goal.key, name=name, exported=exported)


def _gone(row: tuple[Any, ...]) -> Goal:
    goal, exported, key, name = row
    return Goal(id=goal, key=key, name=name, exported=exported, deleted=True)


FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)
HIGHEST = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which of the profiles: of one goal or, each once, of all those given; and of which days."""

    goals: Sequence[int]
    one_goal: bool
    since: date = FIRST
    until: date = LAST


def profiles(
    session: Session[Any], wanted: Wanted, after: tuple[date, UUID] | None, most: int
) -> list[Exchanged]:
    """The profiles behind a number, the latest day first; so many behind `after`."""
    day, profile = min(after or (LAST, HIGHEST), (wanted.until, HIGHEST))
    # Of one goal also those that another one had exchanged before.
    more = list(wanted.goals) if wanted.one_goal else []
    names = {
        "goals": [*wanted.goals, *more],
        "again": [0] * len(wanted.goals) + more,
        "since": wanted.since,
        "day": day,
        "profile": profile,
        "most": most,
    }
    return [
        Exchanged(profile_id=profile_id, day=found, goal=goal)
        for profile_id, found, goal in session.execute(QUERIES["profiles"], names)
    ]


def keep_house(session: Session[Any]) -> None:
    """Put sums together, of which every chunk of an import adds one. Safe to repeat."""
    session.execute(QUERIES["make_one"])


HEADER = ("day", "direction", "goal", "goal name", "goal deleted", "new", "total")


def csv_lines(
    found: Exchange, *, since: date | None = None, neutral: bool = False
) -> Iterator[str]:
    """New profiles and all so far, by day, of the connection (no goal) and of each goal.

    A day without new profiles has no line. `neutral`: no cell is taken for a formula.
    """
    yield _csv(HEADER, neutral=False)
    for entry in entries(found, since=since):
        yield _csv(entry.values(), neutral=neutral)


def entries(found: Exchange, *, since: date | None = None) -> Iterator[dict[str, Any]]:
    """The same as the lines of the CSV, each by the names in its header."""
    parts: list[tuple[Goal | None, bool, Line]] = [
        (None, False, found.imported),
        (None, True, found.exported),
        *((goal, goal.exported, found.lines[goal.id]) for goal in found.goals),
    ]
    for goal, exported, line in parts:
        total = 0
        for day, new in sorted(line.new.items()):
            total += new
            if since is None or day >= since:
                direction = EXPORT if exported else IMPORT
                told = (goal.key, goal.title, goal.deleted) if goal else ("", "", False)
                values = (day.isoformat(), direction, *told, new, total)
                yield dict(zip(HEADER, values, strict=True))


def _csv(cells: Iterable[Any], *, neutral: bool) -> str:
    texts = [("yes" if cell else "") if isinstance(cell, bool) else str(cell) for cell in cells]
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerow(
        [f"'{text}" if neutral and text.startswith(FORMULAS) else text for text in texts]
    )
    return held.getvalue()


FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, or leaves out before one."""
