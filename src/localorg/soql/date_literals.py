"""The spans of time that words such as TODAY and LAST_N_DAYS:7 stand for.

Days are those of UTC, weeks begin on Sunday, and fiscal years are calendar years, as in a new org
with the locale en_US. Salesforce: SOQL reference, "Date formats and date literals".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS_OF_YEAR = 12
MONTHS_OF_QUARTER = 3


@dataclass(frozen=True)
class Span:
    """Days from `start` up to but without `end`."""

    start: date
    end: date


Shift = Callable[[date, int], date]  # the first day of the period n periods after the day's own


def plus_days(day: date, count: int) -> date:
    """Return a day `count` days later, or the calendar's end where there is no such day."""
    try:
        return day + timedelta(days=count)
    except OverflowError:
        return date.max if count > 0 else date.min


def _week(day: date, count: int) -> date:
    since_sunday = day.isoweekday() % 7
    return plus_days(plus_days(day, -since_sunday), count * 7)


def _months(day: date, count: int, size: int) -> date:
    months = day.year * MONTHS_OF_YEAR + day.month - 1
    year, month = divmod((months // size + count) * size, MONTHS_OF_YEAR)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, month + 1, 1)


def _month(day: date, count: int) -> date:
    return _months(day, count, 1)


def _quarter(day: date, count: int) -> date:
    return _months(day, count, MONTHS_OF_QUARTER)


def _year(day: date, count: int) -> date:
    return _months(day, count, MONTHS_OF_YEAR)


PERIODS: dict[str, Shift] = {
    "WEEK": _week,
    "MONTH": _month,
    "QUARTER": _quarter,
    "YEAR": _year,
    "FISCAL_QUARTER": _quarter,
    "FISCAL_YEAR": _year,
}
PLAIN = frozenset(
    {"YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"}
    | {f"{side}_{period}" for side in ("LAST", "THIS", "NEXT") for period in PERIODS}
)
COUNTED = frozenset(
    form.format(period)
    for period in ("DAY", *PERIODS)
    for form in ("LAST_N_{}S", "NEXT_N_{}S", "N_{}S_AGO")
)


def span_of(word: str, count: int | None, today: date) -> Span:
    """Return the days of a date literal.

    Args:
        word: the literal in upper case, one of PLAIN or COUNTED.
        count: the n of LAST_N_DAYS:n, None for PLAIN ones.
        today: the day that the org's clock shows.

    """
    if word in PLAIN:
        return _plain(word, today)
    number = count or 0
    unit = word.removeprefix("LAST_N_").removeprefix("NEXT_N_").removeprefix("N_")
    period = unit.removesuffix("_AGO").removesuffix("S")
    side = "AGO" if word.endswith("_AGO") else word[:4]
    return _days(side, number, today) if period == "DAY" else _periods(side, period, number, today)


def _plain(word: str, today: date) -> Span:
    if word in {"LAST_90_DAYS", "NEXT_90_DAYS"}:
        return _days(word[:4], 90, today)
    days = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
    if word in days:
        return _day_span(today, days[word])
    side, period = word.split("_", 1)
    shift = PERIODS[period]
    number = {"LAST": -1, "THIS": 0, "NEXT": 1}[side]
    return Span(shift(today, number), shift(today, number + 1))


def _day_span(today: date, count: int) -> Span:
    return Span(plus_days(today, count), plus_days(today, count + 1))


def _days(side: str, number: int, today: date) -> Span:
    if side == "AGO":
        return _day_span(today, -number)
    if side == "LAST":  # today belongs to the last days
        return Span(plus_days(today, -number), plus_days(today, 1))
    return Span(plus_days(today, 1), plus_days(today, number + 1))


def _periods(side: str, period: str, number: int, today: date) -> Span:
    shift = PERIODS[period]
    if side == "AGO":
        return Span(shift(today, -number), shift(today, -number + 1))
    if side == "LAST":  # the period under way does not belong to the last ones
        return Span(shift(today, -number), shift(today, 0))
    return Span(shift(today, 1), shift(today, number + 1))
