"""How many profiles there are, and how many of them were made when.

Only profiles that still exist are counted. One that was merged into another is not there any more,
and the one it went into counts where it was made; an edit changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection

from isthmus.profiles import looking, statements
from isthmus.profiles.errors import TooSlow

QUERIES = statements.load("isthmus.profiles", "growth.sql")

PATIENT_MS: Final = 5_000
"""How long one number may take to count, once the page is there."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A length of time that begins with one day and ends before another."""

    begins: date
    ends: date


@dataclass(frozen=True, kw_only=True)
class Made:
    """Profiles that were made in it and still exist."""

    span: Span
    profiles: int


@dataclass(frozen=True, kw_only=True)
class Whole:
    """How many profiles there are; None: counting took too long."""

    profiles: int | None
    known: int | None  # with an identifier


def days(last: date, many: int) -> list[Span]:
    """So many days up to the last, oldest first."""
    begins = [last - timedelta(days=number) for number in range(many - 1, -1, -1)]
    return [Span(begins=day, ends=day + timedelta(days=1)) for day in begins]


def weeks(last: date, many: int) -> list[Span]:
    """So many weeks from Monday on, up to the one that the day is in, oldest first."""
    monday = last - timedelta(days=last.weekday())
    begins = [monday - timedelta(weeks=number) for number in range(many - 1, -1, -1)]
    return [Span(begins=day, ends=day + timedelta(weeks=1)) for day in begins]


def months(last: date, many: int) -> list[Span]:
    """So many months up to the one that the day is in, oldest first."""
    begins = [_month(last, -number) for number in range(many - 1, -1, -1)]
    return [Span(begins=day, ends=_month(day, 1)) for day in begins]


def _month(day: date, later: int) -> date:
    number = day.year * 12 + day.month - 1 + later
    return date(number // 12, number % 12 + 1, 1)


def first_id(day: date, zone: ZoneInfo) -> UUID:
    """The lowest id that a profile can have that is made on the day or later."""
    moment = datetime.combine(day, time(), zone)
    # A version 7 id begins with 48 bits of milliseconds (RFC 9562, 5.7).
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (0b10 << 62))


def made(spans: Sequence[Span], zone: ZoneInfo, *, patience_ms: int) -> list[Made]:
    """How many profiles were made in each of them. Raises `TooSlow`."""
    names = {
        "begins": [first_id(each.begins, zone) for each in spans],
        "ends": [first_id(each.ends, zone) for each in spans],
    }
    with looking.session(patience_ms) as session:
        rows = session.execute(QUERIES["made"], names).fetchall()
    return [Made(span=spans[place - 1], profiles=number) for place, number in rows]


def whole() -> Whole:
    """How many profiles there are, counted, each number within its time."""
    return Whole(profiles=_patiently("all"), known=_patiently("known"))


def _patiently(block: str) -> int | None:
    try:
        with looking.session(PATIENT_MS) as session:
            return _number(session, block)
    except TooSlow:
        return None


def _number(session: Connection[Any], block: str) -> int:
    row = session.execute(QUERIES[block]).fetchone()
    return int(row[0]) if row else 0
