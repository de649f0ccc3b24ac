"""The functions that compiled formulas call in SQLite, installed on every connection."""

import math
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    InvalidOperation,
)
from functools import lru_cache, wraps
from typing import Any

from localorg.clock import stored_datetime

Number = int | float
Function = Callable[..., str | int | float | None]
_DECIMAL_DIGITS = 15
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_DATE_LENGTH = 10
# From here on a double has no digits behind the point.
_NO_FRACTION = 1e15
_LONGEST_PADDED = 32_000
# Milliseconds.
_DAY = 24 * 3600 * 1000
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)


def install(connection: sqlite3.Connection, now: Callable[[], datetime]) -> None:
    """Let a connection run compiled formulas; `now` is the org's clock."""
    connection.create_function("localorg_now", 0, lambda: stored_datetime(now()))
    for name, count, function in _FUNCTIONS:
        connection.create_function(name, count, _guarded(function), deterministic=True)


def _guarded(function: Function) -> Function:
    """The function, blank where it has no value: Salesforce shows #Error! and answers null."""

    @wraps(function)
    def value_or_blank(*arguments: Any) -> str | int | float | None:
        try:
            return function(*arguments)
        except (ArithmeticError, ValueError, TypeError):
            return None

    return value_or_blank


def number_text(value: Number | None) -> str:
    """A number as formulas write it: without a fraction that says nothing, no exponent."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return ""
    exact = _exactly(value)
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_number(text: str) -> float | None:
    """The number that a text says, or None where it says none."""
    try:
        value = float(Decimal(text.strip().replace(",", "")))
    except InvalidOperation:
        return None
    return value if math.isfinite(value) else None


def rounded(value: Number | None, places: Number | None) -> float | None:
    """A number rounded half away from zero, as decimals are and not as their binary forms."""
    if value is None or places is None or not math.isfinite(value):
        return None
    if abs(value) >= _NO_FRACTION and places >= 0:
        return float(value)
    # Beyond these no double has digits to lose.
    places = max(-_DECIMAL_DIGITS, min(_DECIMAL_DIGITS, int(places)))
    exact = _exactly(value)
    return float(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def day(year: Number | None, month: Number | None, number: Number | None) -> str | None:
    """A stored date, or None where there is no such day."""
    if year is None or month is None or number is None:
        return None
    try:
        found = date(int(year), int(month), int(number))
    except (ValueError, OverflowError):
        return None
    return found.isoformat() if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def text_day(text: str) -> str | None:
    """The stored date that a text such as `2026-01-31` says, or None."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return None


def text_moment(text: str) -> str | None:
    """The stored moment that a text such as `2026-01-31 10:00:00` says in UTC, or None."""
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "T"))
    except ValueError:
        return None
    if len(text.strip()) <= _DATE_LENGTH:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def months_later(stored: str | None, months: Number | None) -> str | None:
    """A stored date or moment, months later; the last day of a month stays the last."""
    if stored is None or months is None:
        return None
    start = date.fromisoformat(stored[:_DATE_LENGTH])
    year, month = divmod(start.year * 12 + start.month - 1 + int(months), 12)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    last = _last_day(year, month + 1)
    number = last if start.day == _last_day(start.year, start.month) else min(start.day, last)
    return f"{year:04}-{month + 1:02}-{number:02}{stored[_DATE_LENGTH:]}"


def matches(text: str, pattern: str) -> int | None:
    """Whether a regular expression describes all of a text; None where it is none."""
    compiled = _pattern(pattern)
    return None if compiled is None else int(compiled.fullmatch(text) is not None)


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _last_day(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - date.resolution).day


def _power(base: Number | None, exponent: Number | None) -> float | None:
    if base is None or exponent is None:
        return None
    try:
        value = float(base) ** float(exponent)
    except (OverflowError, ZeroDivisionError):
        return None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _exactly(value: Number) -> Decimal:
    return Decimal(format(value, f".{_DECIMAL_DIGITS}g"))


def _whole(rounding: str) -> Callable[[Number | None], float | None]:
    """Whole numbers by one of the ways of rounding of `decimal`."""

    def cut(value: Number | None) -> float | None:
        if value is None or not math.isfinite(value):
            return None
        return float(_exactly(value).to_integral_value(rounding))

    return cut


def _truncated(value: Number | None, places: Number | None) -> float | None:
    if value is None or places is None or not math.isfinite(value):
        return None
    step = Decimal(1).scaleb(-max(-_DECIMAL_DIGITS, min(_DECIMAL_DIGITS, int(places))))
    return float(_exactly(value).quantize(step, ROUND_DOWN))


def _remainder(value: Number | None, divisor: Number | None) -> float | None:
    if value is None or not divisor:
        return None
    try:
        return float(_exactly(value) % _exactly(divisor))
    except InvalidOperation:
        return None


def _function(of: Callable[[float], float]) -> Callable[[Number | None], float | None]:
    """A function of mathematics that gives nothing where it has no value."""

    def value_at(value: Number | None) -> float | None:
        try:
            return None if value is None else of(value)
        except (ValueError, OverflowError):
            return None

    return value_at


def _found(searched: str, text: str, start: Number | None) -> int:
    if start is None or start < 1 or not searched:
        return 0
    return text.find(searched, int(start) - 1) + 1


def _right(text: str, count: Number | None) -> str:
    count = int(count or 0)
    return text[-count:] if count > 0 else ""


def _padded(text: str, length: Number | None, fill: str, *, left: bool) -> str:
    width = max(0, min(_LONGEST_PADDED, int(length or 0)))
    missing = width - len(text)
    if missing <= 0 or not fill:
        return text[:width]
    added = (fill * (missing // len(fill) + 1))[:missing]
    return added + text if left else text + added


def _left_padded(text: str, length: Number | None, fill: str) -> str:
    return _padded(text, length, fill, left=True)


def _right_padded(text: str, length: Number | None, fill: str) -> str:
    return _padded(text, length, fill, left=False)


def _text_time(text: str) -> str | None:
    try:
        found = time.fromisoformat(text.strip())
    except ValueError:
        return None
    return f"{found:%H:%M:%S}.{found.microsecond // 1000:03}Z"


def _milliseconds(stored: str | None) -> int | None:
    """The milliseconds of a day up to a stored time."""
    if stored is None:
        return None
    found = time.fromisoformat(stored)
    seconds = (found.hour * 60 + found.minute) * 60 + found.second
    return seconds * 1000 + found.microsecond // 1000


def _time_of(milliseconds: Number | None) -> str | None:
    """The stored time so many milliseconds after midnight; a day begins again after its end."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return None
    moment = _MIDNIGHT + timedelta(milliseconds=round(milliseconds) % _DAY)
    return moment.time().isoformat("milliseconds") + "Z"


_FUNCTIONS: tuple[tuple[str, int, Function], ...] = (
    ("localorg_text", 1, number_text),
    ("localorg_value", 1, text_number),
    ("localorg_round", 2, rounded),
    ("localorg_date", 3, day),
    ("localorg_text_date", 1, text_day),
    ("localorg_text_moment", 1, text_moment),
    ("localorg_months", 2, months_later),
    ("localorg_regex", 2, matches),
    ("localorg_power", 2, _power),
    ("localorg_text_time", 1, _text_time),
    ("localorg_milliseconds", 1, _milliseconds),
    ("localorg_time", 1, _time_of),
    ("localorg_floor", 1, _whole(ROUND_DOWN)),
    ("localorg_ceiling", 1, _whole(ROUND_UP)),
    ("localorg_mfloor", 1, _whole(ROUND_FLOOR)),
    ("localorg_mceiling", 1, _whole(ROUND_CEILING)),
    ("localorg_trunc", 2, _truncated),
    ("localorg_mod", 2, _remainder),
    ("localorg_sqrt", 1, _function(math.sqrt)),
    ("localorg_exp", 1, _function(math.exp)),
    ("localorg_ln", 1, _function(math.log)),
    ("localorg_log", 1, _function(math.log10)),
    ("localorg_find", 3, _found),
    ("localorg_right", 2, _right),
    ("localorg_lpad", 3, _left_padded),
    ("localorg_rpad", 3, _right_padded),
    # SQLite's own change ASCII letters alone.
    ("localorg_upper", 1, str.upper),
    ("localorg_lower", 1, str.lower),
)
