"""The functions that compiled queries call and SQLite does not have."""

import sqlite3
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from localorg.soql.texts import FOLD, fold

LOCAL = "localorg_local"
FORMATTED = "localorg_formatted"
TO_SECONDS = 19  # characters of a stored moment up to its seconds
HALF_DAY = 12


def install_functions(connection: sqlite3.Connection) -> None:
    """Teach a connection the functions that compiled queries call, unless it knows them."""
    try:
        connection.execute("SELECT localorg_local(NULL, 'UTC')")
    except sqlite3.OperationalError:
        connection.create_function(FOLD, 1, fold, deterministic=True)
        connection.create_function(LOCAL, 2, local, deterministic=True)
        connection.create_function(FORMATTED, 4, formatted, deterministic=True)


def local(stored: str | None, zone: str) -> str | None:
    """Return a stored moment as a clock in the time zone shows it."""
    if stored is None:
        return None
    return _moment(stored, zone).replace(tzinfo=None).isoformat()


def formatted(value: str | float | None, kind: str, scale: int, zone: str) -> str | None:
    """Return a value as the locale en_US writes it: `3/18/2026`, `$1,234.50`, `12%`."""
    if value is None:
        return None
    if isinstance(value, str):
        return _formatted_moment(value, kind, zone)
    if kind == "currency":
        sign = "-" if value < 0 else ""
        return f"{sign}${abs(value):,.{scale}f}"
    number = f"{value:,.{scale}f}"
    return f"{number}%" if kind == "percent" else number


def _formatted_moment(value: str, kind: str, zone: str) -> str:
    if kind == "date":
        return _american(date.fromisoformat(value))
    if kind == "time":
        return _clock(time.fromisoformat(value[:8]))
    moment = _moment(value, zone)
    return f"{_american(moment.date())}, {_clock(moment.time())}"


def _american(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def _clock(moment: time) -> str:
    hour = moment.hour % HALF_DAY or HALF_DAY
    return f"{hour}:{moment.minute:02} {'AM' if moment.hour < HALF_DAY else 'PM'}"


@lru_cache(maxsize=100_000)
def _moment(stored: str, zone: str) -> datetime:
    utc = datetime.fromisoformat(stored[:TO_SECONDS]).replace(tzinfo=UTC)
    try:
        return utc.astimezone(ZoneInfo(zone))
    except OverflowError:  # on the calendar's first or last day
        return utc
