"""When a connection runs by itself.

A schedule says what the clocks of its time zone show when it is time: that is right across daylight
saving. A time that the clocks skip is due at the moment after the gap, a time that they show twice
is due at the first of the two, and times that fall together are one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from isthmus.domain import schedule_reading, schedule_words, wall_clock
from isthmus.domain.schedule_reading import DAYS, LAST, WEEKS, ScheduleInvalid

__all__ = [
    "BY_HAND",
    "ByHand",
    "Cron",
    "DaysOfMonth",
    "DaysOfWeek",
    "Schedule",
    "ScheduleInvalid",
    "TimesADay",
    "WeekdayOfMonth",
    "read",
]

_MINUTES_A_DAY: Final = 1440


@dataclass(frozen=True, kw_only=True)
class Schedule(ABC):
    """When it is time, again and again; each kind is a class of its own."""

    timezone: str = ""  # IANA name; empty: the connection's

    def next_times(self, after: datetime, zone: str, count: int) -> list[datetime]:
        """The next `count` times after the moment `after`, in UTC, each later than the one before.

        `zone` is the connection's time zone. Fewer where there are no more. Raises
        `ScheduleInvalid` where this machine knows no such time zone.
        """
        place = self._place(zone)
        walls = self._walls(wall_clock.shown(after, place))
        return list(islice(wall_clock.moments(walls, place, after), count))

    def next_time(self, after: datetime, zone: str) -> datetime | None:
        """The first of them; None where there is none."""
        return next(iter(self.next_times(after, zone, 1)), None)

    def words(self, zone: str) -> str:
        """The schedule in words, such as `Monday to Friday at 06:00, Europe/Amsterdam`."""
        return f"{self._said()}, {self.timezone or zone}"

    def as_plain(self) -> dict[str, Any]:
        """The schedule as documents and rows have it; `read` makes the same one of it."""
        return {**self._plain(), **({"timezone": self.timezone} if self.timezone else {})}

    @property
    def is_by_hand(self) -> bool:
        """Whether it never is time."""
        return False

    def _place(self, zone: str) -> ZoneInfo:
        name = self.timezone or zone
        found = wall_clock.zone(name)
        if found is None:
            raise ScheduleInvalid([(("timezone",), wall_clock.trouble(name))])
        return found

    @abstractmethod
    def _walls(self, after: datetime) -> Iterator[datetime]:
        """What the clocks show when it is time, in order: all that comes after `after`."""

    @abstractmethod
    def _said(self) -> str: ...

    @abstractmethod
    def _plain(self) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class _OnDays(Schedule):
    """Days that a rule chooses, at times."""

    at: tuple[str, ...]  # such as 06:00, in order

    def _walls(self, after: datetime) -> Iterator[datetime]:
        return _on_days(after.date(), self._is_on, self.at)

    @abstractmethod
    def _is_on(self, day: date) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class TimesADay(Schedule):
    """So many times each day, spread evenly from midnight, to the minute."""

    count: int

    @property
    def at(self) -> tuple[str, ...]:
        """The times, in order."""
        minutes = (place * _MINUTES_A_DAY // self.count for place in range(self.count))
        return tuple(f"{each // 60:02}:{each % 60:02}" for each in minutes)

    def _walls(self, after: datetime) -> Iterator[datetime]:
        return _on_days(after.date(), lambda _: True, self.at)

    def _said(self) -> str:
        return schedule_words.times_a_day(self.at)

    def _plain(self) -> dict[str, Any]:
        return {"times_a_day": self.count}


@dataclass(frozen=True, kw_only=True)
class DaysOfWeek(_OnDays):
    """Some days of each week, at times."""

    days: tuple[str, ...]  # of `DAYS`, in their order

    def _is_on(self, day: date) -> bool:
        return DAYS[day.weekday()] in self.days

    def _said(self) -> str:
        return schedule_words.days_of_week(self.days, self.at)

    def _plain(self) -> dict[str, Any]:
        return {"days": list(self.days), "at": list(self.at)}


@dataclass(frozen=True, kw_only=True)
class DaysOfMonth(_OnDays):
    """Some days of each month, at times. A day that a month lacks is its last."""

    days: tuple[int, ...]  # 1 to 31, in order

    def _is_on(self, day: date) -> bool:
        return day.day in self.days or (_is_last(day) and day.day < self.days[-1])

    def _said(self) -> str:
        return schedule_words.days_of_month(self.days, self.at)

    def _plain(self) -> dict[str, Any]:
        days = self.days[0] if len(self.days) == 1 else list(self.days)
        return {"day": days, "at": list(self.at)}


@dataclass(frozen=True, kw_only=True)
class WeekdayOfMonth(_OnDays):
    """One weekday of each month, such as the last Friday, at times."""

    weekday: str  # of `DAYS`
    week: str  # of `WEEKS`

    def _is_on(self, day: date) -> bool:
        if DAYS[day.weekday()] != self.weekday:
            return False
        if self.week == LAST:
            return (day + timedelta(weeks=1)).month != day.month
        return (day.day - 1) // 7 == WEEKS.index(self.week)

    def _said(self) -> str:
        return schedule_words.weekday_of_month(self.weekday, self.week, self.at)

    def _plain(self) -> dict[str, Any]:
        return {"weekday": self.weekday, "of_month": self.week, "at": list(self.at)}


@dataclass(frozen=True, kw_only=True)
class Cron(Schedule):
    """Five fields of cron: minute, hour, day of the month, month, day of the week."""

    expression: str

    def _walls(self, after: datetime) -> Iterator[datetime]:
        # Without a time zone it counts what the clocks show: the rule for hours that are skipped
        # or doubled is ours, and the same for all kinds.
        return CronSim(self.expression, after)

    def _said(self) -> str:
        return schedule_words.cron(self.expression)

    def _plain(self) -> dict[str, Any]:
        return {"cron": self.expression}


@dataclass(frozen=True, kw_only=True)
class ByHand(Schedule):
    """Never by itself."""

    @property
    def is_by_hand(self) -> bool:
        """Always."""
        return True

    def next_times(self, after: datetime, zone: str, count: int) -> list[datetime]:  # noqa: ARG002
        """None."""
        return []

    def words(self, zone: str) -> str:  # noqa: ARG002
        """That it is so: no time zone matters."""
        return self._said()

    def _walls(self, after: datetime) -> Iterator[datetime]:  # noqa: ARG002
        return iter(())

    def _said(self) -> str:
        return "By hand only"

    def _plain(self) -> dict[str, Any]:
        return {"by_hand": True}


BY_HAND: Final = ByHand()


def read(plain: Mapping[str, Any]) -> Schedule:
    """The schedule that a document or a row says.

    Raises `ScheduleInvalid` with all that is wrong, each at its place.
    """
    found = schedule_reading.read(plain)
    timezone = found.timezone
    match found.kind:
        case "times_a_day":
            return TimesADay(count=found.number, timezone=timezone)
        case "days":
            return DaysOfWeek(days=found.names, at=found.at, timezone=timezone)
        case "day":
            return DaysOfMonth(days=found.numbers, at=found.at, timezone=timezone)
        case "weekday":
            day, week = found.names
            return WeekdayOfMonth(weekday=day, week=week, at=found.at, timezone=timezone)
        case "cron":
            return Cron(expression=found.text, timezone=timezone)
    return BY_HAND


def _on_days(first: date, is_on: Callable[[date], bool], at: Sequence[str]) -> Iterator[datetime]:
    times = [time.fromisoformat(each) for each in at]
    for number in range(first.toordinal(), date.max.toordinal()):
        day = date.fromordinal(number)
        if is_on(day):
            yield from (datetime.combine(day, each) for each in times)


def _is_last(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1
