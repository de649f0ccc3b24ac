"""Dates and times in WHERE clauses, in the form in which the store keeps them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from localorg.soql import errors
from localorg.soql.date_literals import Span, span_of
from localorg.soql.nodes import Literal


def stored_date(statement: str, literal: Literal) -> str:
    """Return `2026-01-31` for a date literal that is in the calendar."""
    try:
        return date.fromisoformat(literal.text).isoformat()
    except ValueError:
        raise _invalid(statement, literal, "date") from None


def stored_moment(statement: str, literal: Literal) -> str:
    """Return `2026-01-31T10:00:00.000Z`, in UTC and to the millisecond, for a dateTime literal."""
    try:
        moment = datetime.fromisoformat(literal.text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid(statement, literal, "datetime") from None
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def stored_time(statement: str, literal: Literal) -> str:
    """Return `10:30:00.000Z` for a time of the day."""
    try:
        moment = time.fromisoformat(literal.text.upper().removesuffix("Z"))
    except ValueError:
        raise _invalid(statement, literal, "time") from None
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def span(literal: Literal, now: datetime, zone: str) -> Span:
    """Return the days that a literal such as LAST_N_DAYS:7 stands for in a time zone."""
    return span_of(literal.text.upper(), literal.count, now.astimezone(ZoneInfo(zone)).date())


def bounds(days: Span, zone: str | None) -> tuple[str, str]:
    """Return the first value in the days and the first one after them, as stored.

    Args:
        days: the days.
        zone: the time zone in which the days begin and end, for moments; None for values that are
            days themselves.

    """
    if zone is None:
        return f"{days.start}", f"{days.end}"
    return _midnight(days.start, zone), _midnight(days.end, zone)


def _midnight(day: date, zone: str) -> str:
    local = datetime.combine(day, time(), ZoneInfo(zone))
    try:
        utc = local.astimezone(UTC)
    except OverflowError:  # the calendar's first day begins before the calendar
        utc = local
    return f"{utc.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def last_day(days: Span) -> date:
    """Return the last day of a span."""
    return max(days.start, days.end - timedelta(days=1)) if days.end > date.min else days.start


def _invalid(statement: str, literal: Literal, kind: str) -> Exception:
    return errors.malformed(statement, literal.position, f"Invalid {kind}: {literal.text}")
