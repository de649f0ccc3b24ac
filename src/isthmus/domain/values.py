"""Values of properties as people type them, and as documents and journals keep them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from isthmus.domain.patterns import EMAIL, NUMBER, NUMBER_LENGTH
from isthmus.domain.properties import (
    IDENTIFIER_LENGTH,
    WHITESPACE,
    Normalise,
    PropertyDefinition,
    PropertyType,
)
from isthmus.errors import Final as FinalError

Single: TypeAlias = str | int | Decimal | bool | date
"""One value; a date with a time has an offset."""

Value: TypeAlias = Single | list[Single] | None
"""What a profile holds in one property; nothing where it is empty. A list is never empty."""

TEXT_LENGTH: Final = 131_072
"""Longest text in characters: as much as Salesforce's longest fields hold."""

LIST_LENGTH: Final = 1_000
"""Most values of a list that is typed."""

_INTEGERS = range(-(2**63), 2**63)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_WORDS = {"true": True, "yes": True, "false": False, "no": False}
_LONGEST_SHOWN = 60


class ValueRefused(FinalError):
    """What was typed is no value of the property."""


def read(definition: PropertyDefinition, text: str, zone: ZoneInfo) -> Value:
    """What the text says: one value, or of a list one on each line; None for nothing.

    A moment without an offset is on the clock of `zone`. Texts are trimmed where the property asks
    for it; lower case is the database's to make, which has its own rules. Raises `ValueRefused`.
    """
    text = text.replace("\r\n", "\n")
    _check_characters(text)
    if not definition.list:
        return _single(definition, text, zone)
    values: list[Single] = []
    for line in text.split("\n"):
        value = _single(definition, line, zone)
        if value is not None and value not in values:
            values.append(value)
        if len(values) > LIST_LENGTH:
            raise ValueRefused(
                f"These are more than {LIST_LENGTH:,} values, which is more than can be typed here."
            )
    return values or None


def _check_characters(text: str) -> None:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueRefused("There is a character in it that can't be kept. Type it again.")
    if len(text) > TEXT_LENGTH:
        raise ValueRefused(
            f"This has {len(text):,} characters; at most {TEXT_LENGTH:,} are kept. Shorten it."
        )


def _single(definition: PropertyDefinition, text: str, zone: ZoneInfo) -> Single | None:
    if definition.type is PropertyType.TEXT and definition.normalise is Normalise.NONE:
        return _bounded(definition, text) if text else None
    text = text.strip(WHITESPACE)
    if not text:
        return None
    if definition.type is PropertyType.TEXT:
        return _bounded(definition, text)
    if definition.type is PropertyType.DATETIME:
        return _moment(text, zone)
    return _READERS[definition.type](text)


def _bounded(definition: PropertyDefinition, text: str) -> str:
    if definition.identifier and len(text) > IDENTIFIER_LENGTH:
        raise ValueRefused(
            f"This has {len(text):,} characters; an identifier has at most {IDENTIFIER_LENGTH}."
        )
    return text


def _email(text: str) -> str:
    if len(text) > IDENTIFIER_LENGTH or not re.fullmatch(EMAIL, text):
        raise ValueRefused(f"{_shown(text)} is no e-mail address. Write it like name@example.com.")
    return text


def _decimal(text: str) -> Decimal:
    if len(text) > NUMBER_LENGTH or not re.fullmatch(NUMBER, text):
        raise ValueRefused(
            f"{_shown(text)} is no number. Write digits only, with a point before decimals: 1234.5."
        )
    return Decimal(text)


def _integer(text: str) -> int:
    number = _decimal(text) if re.fullmatch(NUMBER, text) else None
    if number is None or number != number.to_integral_value():
        raise ValueRefused(f"{_shown(text)} is no whole number. Write digits only: 1234.")
    if int(number) not in _INTEGERS:
        raise ValueRefused(f"{_shown(text)} is too large: whole numbers of 64 bits are kept.")
    return int(number)


def _boolean(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueRefused(f"{_shown(text)} is neither yes nor no. Write one of these.")
    return _WORDS[text.lower()]


def _date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueRefused(f"{_shown(text)} is no day of the calendar. Write it like 2026-05-31.")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueRefused(
        f"{_shown(text)} is no date and time. Write it like 2026-05-31 18:00 or "
        f"2026-05-31T18:00:22+02:00."
    )


_READERS: Mapping[PropertyType, Callable[[str], Single]] = {
    PropertyType.EMAIL: _email,
    PropertyType.INTEGER: _integer,
    PropertyType.DECIMAL: _decimal,
    PropertyType.BOOLEAN: _boolean,
    PropertyType.DATE: _date,
}


def _shown(text: str) -> str:
    return f"“{text}”" if len(text) <= _LONGEST_SHOWN else f"“{text[:_LONGEST_SHOWN]}…”"


def written(value: Value, zone: ZoneInfo) -> str:
    """The text by which `read` gives the value again; moments are on the clock of `zone`."""
    if isinstance(value, list):
        return "\n".join(written(each, zone) for each in value)
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return _local(value, zone)
    return str(value)


def _local(moment: datetime, zone: ZoneInfo) -> str:
    try:
        return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ")
    except OverflowError:
        return moment.isoformat(" ")


def plain(value: Value) -> Any:
    """The value as JSON holds it, the same for equal values."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    match value:
        case Decimal():
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case _:
            return value


def from_journal(definition: PropertyDefinition, kept: Any) -> Value:
    """A value as it was before it went through the database's JSON; unknown forms stay texts."""
    if isinstance(kept, list):
        return [_of_journal(definition, each) for each in kept] or None
    return None if kept is None else _of_journal(definition, kept)


def _of_journal(definition: PropertyDefinition, kept: Any) -> Single:
    try:
        match definition.type:
            case PropertyType.DATE if isinstance(kept, str):
                return date.fromisoformat(kept)
            case PropertyType.DATETIME if isinstance(kept, str):
                return datetime.fromisoformat(kept)
            case PropertyType.DECIMAL:
                return Decimal(kept)
    except (ValueError, ArithmeticError):
        pass
    return kept if isinstance(kept, str | int | Decimal) else str(kept)
