"""Schedules in words."""

import re
from collections.abc import Sequence
from datetime import datetime

from cronsim import CronSim

from isthmus.domain.schedule_reading import DAYS, LAST_DAY

NAMES = dict(
    zip(
        DAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)

_MOST_TIMES = 8
"""More times than these are not told one by one."""

_MOST_SPREAD = 6
_ROW = 3
"""So many days after each other are told as a row, such as Monday to Wednesday."""

_LATE_DAYS = 28
_ANY_MOMENT = datetime(2026, 1, 1)  # noqa: DTZ001 - what cron says in words depends on none


def times_a_day(times: Sequence[str]) -> str:
    """So many times a day."""
    number = len(times)
    if number == 1:
        return f"Once a day at {times[0]}"
    if number <= _MOST_SPREAD:
        return f"{number} times a day, at {listed(times)}"
    minutes, rest = divmod(1440, number)
    about = "about every" if rest else "every"
    return f"{number} times a day, {about} {_span(minutes)} from {times[0]}"


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not rest:
        return "hour" if hours == 1 else f"{hours} hours"
    return f"{hours} h {rest} min" if hours else f"{rest} minutes"


def days_of_week(days: Sequence[str], times: Sequence[str]) -> str:
    """Days of the week at times."""
    if len(days) == len(DAYS):
        return f"Every day at {_at(times)}"
    return f"{listed(_rows(days))} at {_at(times)}"


def _rows(days: Sequence[str]) -> list[str]:
    """The names of the days; those after each other as one."""
    rows: list[list[str]] = []
    for day in days:
        if rows and DAYS.index(day) == DAYS.index(rows[-1][-1]) + 1:
            rows[-1].append(day)
        else:
            rows.append([day])
    said = []
    for row in rows:
        if len(row) >= _ROW:
            said.append(f"{NAMES[row[0]]} to {NAMES[row[-1]]}")
        else:
            said.extend(NAMES[day] for day in row)
    return said


def days_of_month(days: Sequence[int], times: Sequence[str]) -> str:
    """Days of the month at times."""
    names = ["last day" if day == LAST_DAY else f"{day}{ordinal(day)}" for day in days]
    shorter = any(_LATE_DAYS < day < LAST_DAY for day in days) and LAST_DAY not in days
    note = ", or the last day of a shorter month," if shorter else ""
    return f"On the {listed(names)} of the month{note} at {_at(times)}"


def ordinal(number: int) -> str:
    """The end of an ordinal number, such as `st` of 21st."""
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def weekday_of_month(weekday: str, week: str, times: Sequence[str]) -> str:
    """A weekday of the month at times."""
    return f"On the {week} {NAMES[weekday]} of the month at {_at(times)}"


def cron(expression: str) -> str:
    """What five fields of cron mean."""
    said = CronSim(expression, _ANY_MOMENT).explain()
    said = re.sub(r"very (\d+)th (minute|hour)", r"very \1 \2s", said)
    said = re.sub(r"\b(\d+)th\b", lambda found: f"{found[1]}{ordinal(int(found[1]))}", said)
    return f"Cron {expression}: {said[:1].lower()}{said[1:]}"


def _at(times: Sequence[str]) -> str:
    if len(times) <= _MOST_TIMES:
        return listed(times)
    return f"{len(times)} times from {times[0]} to {times[-1]}"


def listed(names: Sequence[str]) -> str:
    """The names as a sentence has them: `a, b and c`."""
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
