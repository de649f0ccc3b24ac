"""Values to compare with, read from a document."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from isthmus.domain.segments.conditions import Operand, Span
from isthmus.domain.segments.errors import Path, SegmentError, alternatives, step
from isthmus.domain.segments.operators import Kind

Values: TypeAlias = list[object] | tuple[object, ...]

MOST_OF_A_UNIT = {"years": 100, "months": 1_200, "weeks": 5_200, "days": 36_500}
"""Longest spans: a century of each, so that counting back never leaves the calendar."""

WIDEST_OFFSET = timedelta(hours=15)
"""PostgreSQL takes no wider offset from UTC."""

_INTEGERS = range(-(2**63), 2**63)
_DECIMAL_PLACES = 1_000  # on either side of the point; far below what PostgreSQL's numeric takes
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,1000}(\.[0-9]{1,1000})?")
_LONGEST_SHOWN = 60

_EXPECTED = {
    Kind.TEXT: "a text, such as 'NL' (in quotes where it looks like a number or a date)",
    Kind.INTEGER: "a whole number of at most 64 bits, such as 12",
    Kind.DECIMAL: "a number, such as 12.5",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a date, such as 2024-05-31",
    Kind.DATETIME: "a date and time, such as 2024-05-31T08:00+02:00, or a date for the whole day",
    Kind.PROFILE_ID: "a profile id, such as '01890a5d-ac96-774b-bcce-b302099a8057'",
}


def described(value: object) -> str:
    """What came, in words that fit into a message."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if isinstance(value, Mapping):
        return f"a mapping with {', '.join(map(repr, value))}" if value else "an empty mapping"
    shown = str(value).lower() if isinstance(value, bool) else _shown(value)
    return f"the text {shown}" if isinstance(value, str) else shown


def _shown(value: object) -> str:
    if isinstance(value, int) and value not in _INTEGERS:
        return "a number of more than 64 bits"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def read_operand(value: object, kind: Kind, *, whose: str, path: Path) -> Operand:
    """The value as `kind` has it; `whose` says in messages what it is compared with.

    Raises `SegmentError` where it is of another kind: nothing is turned into something else.
    """
    operand = _READERS[kind](value)
    if operand is None:
        raise SegmentError(
            f"{whose} is compared with {_EXPECTED[kind]}; {described(value)} came. {_hint(value)}",
            path=path,
        )
    return operand


def _hint(value: object) -> str:
    if value is None or value == "":
        return "To ask for empty values, use is_empty: true."
    if isinstance(value, list | tuple):
        return "Give one value; join several conditions with any: [...]."
    return "Give a value of that kind."


def _text(value: object) -> str | None:
    # The database can hold neither byte 0 nor half a surrogate pair, so no profile can match.
    if not isinstance(value, str) or not value or "\0" in value:
        return None
    return None if any("\ud800" <= char <= "\udfff" for char in value) else str(value)


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        whole = int(value)
    except (ValueError, OverflowError):  # not a number, or infinite
        return None
    return whole if whole == value and whole in _INTEGERS else None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int) and value.bit_length() > _DECIMAL_PLACES:
        return None
    # A float is meant as it is written, 0.1, and not as the binary fraction beside it.
    number = Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)
    fits = number.is_finite() and abs(number.adjusted()) <= _DECIMAL_PLACES
    return number if fits else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: object) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _datetime(value: object) -> date | None:
    day = _date(value)
    if day is not None:
        return day
    moment = _moment(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        return None
    offset = moment.utcoffset()
    if offset is not None and abs(offset) > WIDEST_OFFSET:
        return None
    # A plain datetime, also of a subclass that a YAML reader makes.
    return datetime.combine(moment.date(), moment.timetz())


def _moment(text: str) -> datetime | None:
    if not _DATE.match(text) or text[10:11] not in ("T", " "):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _profile_id(value: object) -> UUID | None:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


_READERS: Mapping[Kind, Callable[[object], Operand | None]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.PROFILE_ID: _profile_id,
}


def read_span(value: object, *, whose: str, path: Path) -> Span:
    """The length of time that a mapping such as `{months: 1, days: 15}` says."""
    if not isinstance(value, Mapping) or not value:
        raise SegmentError(
            f"{whose} is compared with a length of time, such as {{days: 30}}; "
            f"{described(value)} came. Use days, weeks, months or years.",
            path=path,
        )
    return Span(**{_unit(unit, path): _amount(unit, value[unit], path) for unit in value})


def _unit(unit: object, path: Path) -> str:
    units = [part.name for part in fields(Span)]
    if isinstance(unit, str) and unit in units:
        return str(unit)
    raise SegmentError(
        f"{unit!r} is no unit of a length of time. {alternatives(str(unit), units)}",
        path=(*path, step(unit)),
    )


def _amount(unit: str, value: object, path: Path) -> int:
    amount = _integer(value)
    most = MOST_OF_A_UNIT[unit]
    if amount is None or not 0 <= amount <= most:
        raise SegmentError(
            f"{unit} takes a whole number from 0 to {most:,}; {described(value)} came. "
            f"For the opposite direction use another operator.",
            path=(*path, unit),
        )
    return amount
