"""From Salesforce's texts to typed values."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from isthmus.domain.properties import (
    IDENTIFIER_LENGTH,
    WHITESPACE,
    Normalise,
    PropertyDefinition,
    PropertyType,
)

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_LONGEST_NUMBER = 100
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:\.([0-9]{1,6}))?"
    r"(?:Z|([+-])(0[0-9]|1[0-4]):?([0-5][0-9]))"
)
SMALLEST, LARGEST = -(2**63), 2**63 - 1


class Unfit(Exception):
    """The text is no value of the property's type."""


def typed(
    text: str | None, field_type: str, target: PropertyDefinition, timezone: str = "UTC"
) -> Any:
    """What a field brings to a property: a value, a list where it is one, None where empty."""
    if not target.list:
        return _one(text or "", target, timezone)
    several = (text or "").split(";") if field_type == "multipicklist" else [text or ""]
    values = (_one(each, target, timezone) for each in several)
    return list(dict.fromkeys(value for value in values if value is not None)) or None


def _one(text: str, target: PropertyDefinition, timezone: str) -> Any:
    if target.type is PropertyType.TEXT:
        return _bounded(normalised(text, target.normalise), target)
    trimmed = text.strip(WHITESPACE)
    if not trimmed:
        return None
    if target.type is PropertyType.EMAIL:
        return _email(trimmed, target)
    return _BY_TYPE[target.type](trimmed, ZoneInfo(timezone))


def normalised(text: str, how: Normalise) -> str | None:
    """The text as the property keeps it; None where nothing is left."""
    if how is Normalise.NONE:
        return text or None
    trimmed = text.strip(WHITESPACE)
    return (lower(trimmed) if how is Normalise.LOWERCASE else trimmed) or None


def lower(text: str) -> str:
    """Lower case letter by letter, without regard to what stands around it."""
    return "".join("i" if letter == "İ" else letter.lower() for letter in text)


def _bounded(text: str | None, target: PropertyDefinition) -> str | None:
    if text is not None and target.identifier and len(text) > IDENTIFIER_LENGTH:
        raise Unfit
    return text


def _email(trimmed: str, target: PropertyDefinition) -> str:
    text = lower(trimmed) if target.normalise is Normalise.LOWERCASE else trimmed
    name, _, domain = text.partition("@")
    inner = [letter for letter in text if letter in WHITESPACE]
    if inner or not name or "@" in domain or len(text) > IDENTIFIER_LENGTH:
        raise Unfit
    if not any(domain[:dot] and domain[dot + 1 :] for dot in _dots(domain)):
        raise Unfit
    return text


def _dots(text: str) -> list[int]:
    return [place for place, letter in enumerate(text) if letter == "."]


def _decimal(text: str, _zone: ZoneInfo) -> Decimal:
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise Unfit
    return Decimal(text)


def _integer(text: str, zone: ZoneInfo) -> int:
    number = _decimal(text, zone)
    if number != number.to_integral_value() or not SMALLEST <= number <= LARGEST:
        raise Unfit
    return int(number)


def _boolean(text: str, _zone: ZoneInfo) -> bool:
    known = {"true": True, "false": False}
    if text.lower() not in known:
        raise Unfit
    return known[text.lower()]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        raise Unfit from None


def _instant(text: str) -> datetime:
    match = _MOMENT.fullmatch(text)
    if not match:
        raise Unfit
    clock, fraction, sign, hours, minutes = match.groups()
    offset = f"{sign}{hours}:{minutes}" if sign else "+00:00"
    try:
        return datetime.fromisoformat(f"{clock}.{(fraction or '0').ljust(6, '0')}{offset}")
    except ValueError:
        raise Unfit from None


def _date(text: str, zone: ZoneInfo) -> date:
    return _day(text) or _instant(text).astimezone(zone).date()


def _datetime(text: str, zone: ZoneInfo) -> datetime:
    day = _day(text)
    moment = datetime.combine(day, time(), zone) if day else _instant(text)
    return moment.astimezone(UTC)


_BY_TYPE: Mapping[PropertyType, Callable[[str, ZoneInfo], Any]] = {
    PropertyType.DECIMAL: _decimal,
    PropertyType.INTEGER: _integer,
    PropertyType.BOOLEAN: _boolean,
    PropertyType.DATE: _date,
    PropertyType.DATETIME: _datetime,
}
