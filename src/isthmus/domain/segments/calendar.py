"""What dates mean at a moment in a time zone: whole days, and lengths of time back and ahead."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from isthmus.domain.segments.conditions import Span
from isthmus.domain.segments.errors import SegmentError

Day = TypeVar("Day", date, datetime)

_MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The moment at which a segment is worked out, on the clock of its time zone."""

    now: datetime  # in `zone`
    zone: ZoneInfo

    @classmethod
    def at(cls, now: datetime, timezone: str) -> Self:
        """The calendar of `timezone` (IANA name) at `now`, which has an offset.

        Raises `SegmentError` for a time zone that is not known.
        """
        if now.utcoffset() is None:
            raise ValueError(f"{now!r} has no offset from UTC; pass datetime.now(UTC) or the like.")
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SegmentError(
                f"Time zone {timezone!r} is not known. Use a name of the IANA time zone "
                f"database, such as Europe/Amsterdam or UTC."
            ) from error
        return cls(now=now.astimezone(zone), zone=zone)

    @property
    def today(self) -> date:
        """The day in the zone."""
        return self.now.date()

    def first_moment(self, value: date) -> datetime:
        """When the day begins; a date and time stands for itself."""
        if isinstance(value, datetime):
            return self._moment(value)
        return datetime.combine(value, time.min, tzinfo=self.zone)

    def last_moment(self, value: date) -> datetime:
        """The day's last microsecond, which is the database's grain."""
        if isinstance(value, datetime):
            return self._moment(value)
        # The second fold is right for a day whose last hour comes twice, or not at all.
        return datetime.combine(value, time.max, tzinfo=self.zone).replace(fold=1)

    def _moment(self, value: datetime) -> datetime:
        return value if value.utcoffset() is not None else value.replace(tzinfo=self.zone)


def before(day: Day, span: Span) -> Day:
    """`span` earlier, by the calendar and the clock on the wall."""
    return _moved(day, -_months(span), -_days(span))


def after(day: Day, span: Span) -> Day:
    """`span` later, by the calendar and the clock on the wall."""
    return _moved(day, _months(span), _days(span))


def _months(span: Span) -> int:
    return span.years * _MONTHS + span.months


def _days(span: Span) -> timedelta:
    return timedelta(weeks=span.weeks, days=span.days)


def _moved(day: Day, months: int, rest: timedelta) -> Day:
    # Months first: a month that lacks the day gives its last, then the days are counted.
    years, month = divmod(day.month - 1 + months, _MONTHS)
    year = day.year + years
    last = monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last)) + rest
