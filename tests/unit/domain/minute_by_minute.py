"""When schedules are due, found without any of the program: by looking at each minute.

A clock on the wall is read minute by minute through a stretch of time. What it shows for the first
time is due where the schedule says so. What it leaves out between two minutes is due at the later
of the two. `python tests/unit/domain/minute_by_minute.py` writes the expected times of a year into
`tests/cases/schedules`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

CASES = Path(__file__).parents[2] / "cases" / "schedules"
MINUTE = timedelta(minutes=1)
DAY_NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
YEAR = 2026
ZONES = ["Europe/Amsterdam", "America/Havana", "Australia/Lord_Howe", "Pacific/Auckland"]
"""In Havana midnight is skipped, on Lord Howe Island half an hour; Auckland has 13 hours ahead."""

SCHEDULES: list[dict[str, Any]] = [
    {"times_a_day": 1},
    {"times_a_day": 9},
    {"days": ["sat", "sun"], "at": ["00:30", "01:45", "02:15", "02:45"]},
    {"day": 31, "at": ["23:59"]},
    {"day": [1, 8, 30], "at": ["02:00", "00:00"]},
    {"weekday": "sun", "of_month": "last", "at": ["02:30"]},
    {"weekday": "sun", "of_month": "first", "at": ["02:10", "03:00"]},
    {"weekday": "sun", "of_month": "second", "at": ["00:15"]},
    {"cron": "*/20 1-3 * * sun"},
    {"cron": "5 0 L * *"},
    {"cron": "0 2 29 2,3 0"},
]

Says = Callable[[datetime], bool]


def says(plain: Mapping[str, Any]) -> Says:
    """Whether a schedule is due when the clock shows a minute."""
    if "times_a_day" in plain:
        number = plain["times_a_day"]
        minutes = {1440 * place // number for place in range(number)}
        return lambda wall: wall.hour * 60 + wall.minute in minutes
    if "cron" in plain:
        return cron(plain["cron"])
    at = {f"{int(each.split(':')[0]):02}:{each.split(':')[1]}" for each in plain["at"]}
    on = _on(plain)
    return lambda wall: f"{wall:%H:%M}" in at and on(wall)


def _on(plain: Mapping[str, Any]) -> Says:
    if "days" in plain:
        return lambda wall: DAY_NAMES[wall.weekday()] in plain["days"]
    if "day" in plain:
        days = plain["day"] if isinstance(plain["day"], list) else [plain["day"]]
        return lambda wall: any(wall.day == min(each, _length(wall)) for each in days)
    place = ["first", "second", "third", "fourth", "last"].index(plain["of_month"])

    def on(wall: datetime) -> bool:
        same = [
            day
            for day in range(1, _length(wall) + 1)
            if DAY_NAMES[wall.replace(day=day).weekday()] == plain["weekday"]
        ]
        return wall.day == (same[-1] if place == 4 else same[place])

    return on


def _length(wall: datetime) -> int:
    following = (wall.replace(day=28) + timedelta(days=4)).replace(day=1)
    return (following - timedelta(days=1)).day


def cron(text: str) -> Says:
    """Whether five fields of cron say so: stars, numbers, ranges, steps, lists, names and L."""
    minute, hour, day, month, week = text.split()

    def on(wall: datetime) -> bool:
        weekday = wall.isoweekday() % 7
        names = {name: str((place + 1) % 7) for place, name in enumerate(DAY_NAMES)}
        by_week = re.sub("|".join(DAY_NAMES), lambda found: names[found[0]], week.lower())
        on_day = wall.day == _length(wall) if day == "L" else _in(day, wall.day, 1, 31)
        on_week = _in(by_week, weekday, 0, 7) or (weekday == 0 and _in(by_week, 7, 0, 7))
        both = day.startswith("*") or week.startswith("*")
        return (on_day and on_week) if both else (on_day or on_week)

    return lambda wall: (
        _in(minute, wall.minute, 0, 59)
        and _in(hour, wall.hour, 0, 23)
        and _in(month, wall.month, 1, 12)
        and on(wall)
    )


def _in(field: str, value: int, low: int, high: int) -> bool:
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = int(first)
            end = int(last) if last else (high if step else start)
        if start <= value <= end and (value - start) % int(step or 1) == 0:
            return True
    return False


def due(plain: Mapping[str, Any], zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """The moments from `start` on and before `end` at which the schedule is due, in UTC."""
    is_due, place = says(plain), ZoneInfo(plain.get("timezone", zone))
    # What the clock showed before the stretch: where it goes back, it shows that again.
    now = start - timedelta(days=1)
    latest = now.astimezone(place).replace(tzinfo=None)
    while now + MINUTE < end:
        now += MINUTE
        wall = now.astimezone(place).replace(tzinfo=None)
        found = False
        while latest < wall:
            latest += MINUTE
            found = found or is_due(latest)
        if found and now >= start:
            yield now


def write() -> None:
    """Write the expected times."""
    start, end = (datetime(year, 1, 1, tzinfo=UTC) for year in (YEAR, YEAR + 1))
    for zone in ZONES:
        lines = [f"# When schedules in {zone} are due in {YEAR}, in UTC: each day with its times."]
        for plain in SCHEDULES:
            lines.append(f"schedule {json.dumps(plain)}")
            times = due(plain, zone, start, end)
            for day, of_day in groupby(times, key=lambda each: f"{each:%m-%d}"):
                lines.append(f"{day} {' '.join(f'{each:%H:%M}' for each in of_day)}")
        name = zone.replace("/", "-")
        (CASES / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
