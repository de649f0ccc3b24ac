"""Values as clients send them, turned into values as the store keeps them."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal

from localorg.clock import stored_datetime
from localorg.errors import RowError
from localorg.ids import normalised_id
from localorg.schema import Field, Schema

Stored = str | int | float | None
# Answers the stored value, or what is wrong with the text.
Converter = Callable[[str], Stored | RowError]

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z0-9-]{2,}",
)
_WHOLE = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)
_FALSE_AND_TRUE = {"false": 0, "0": 0, "no": 0, "true": 1, "1": 1, "yes": 1}
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_DATE_LENGTH = 10
_STORED_LENGTH = len("2026-01-31T10:00:00.000Z")


def converter(field: Field, schema: Schema) -> Converter:
    """What turns a text into the field's stored value; texts are never empty."""
    if field.type == "reference":
        return _reference(field, schema)
    return _CONVERTERS.get(field.type, _plain_text)(field)


def is_plain_text(field: Field) -> bool:
    """Whether every text that is not too long is stored as it came."""
    if field.type == "picklist":
        return not field.restricted_picklist
    return field.type != "reference" and field.type not in _CONVERTERS


def wrong_type(field: Field, text: str) -> RowError:
    """The value is none of the field's type."""
    return RowError(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{field.label}: value not of required type: {text}",
        (field.name,),
    )


def _plain_text(field: Field) -> Converter:
    length = field.length

    def convert(text: str) -> Stored | RowError:
        return text if len(text) <= length else _too_long(field, text)

    return convert


def _too_long(field: Field, text: str) -> RowError:
    message = f"{field.label}: data value too large: {text} (max length={field.length})"
    return RowError("STRING_TOO_LONG", message, (field.name,))


def _email(field: Field) -> Converter:
    plain = _plain_text(field)
    matches = _EMAIL.fullmatch

    def convert(text: str) -> Stored | RowError:
        if matches(text) is None:
            message = f"{field.label}: invalid email address: {text}"
            return RowError("INVALID_EMAIL_ADDRESS", message, (field.name,))
        return plain(text)

    return convert


def _picklist(field: Field) -> Converter:
    if not field.restricted_picklist:
        return _plain_text(field)
    values = _active_values(field)

    def convert(text: str) -> Stored | RowError:
        found = values.get(text.lower())
        return _bad_value(field, text) if found is None else found

    return convert


def _active_values(field: Field) -> dict[str, str]:
    """The values that may be chosen, by their lower-case text."""
    return {entry.value.lower(): entry.value for entry in field.picklist_values if entry.active}


def _bad_value(field: Field, text: str) -> RowError:
    message = f"{field.label}: bad value for restricted picklist field: {text}"
    return RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))


def _multipicklist(field: Field) -> Converter:
    plain = _plain_text(field)
    values = _active_values(field)

    def convert(text: str) -> Stored | RowError:
        parts = [part for part in map(str.strip, text.split(";")) if part]
        for part in parts:
            if field.restricted_picklist and part.lower() not in values:
                return _bad_value(field, part)
        return plain(";".join(values.get(part.lower(), part) for part in parts)) or None

    return convert


def _boolean(field: Field) -> Converter:
    def convert(text: str) -> Stored | RowError:
        value = _FALSE_AND_TRUE.get(text.lower())
        return wrong_type(field, text) if value is None else value

    return convert


def _out_of_range(field: Field, text: str) -> RowError:
    message = f"{field.label}: value outside of valid range on numeric field: {text}"
    return RowError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))


def _whole_number(field: Field) -> Converter:
    most = 10**field.digits

    def convert(text: str) -> Stored | RowError:
        if _WHOLE.fullmatch(text) is None:
            return wrong_type(field, text)
        value = int(text.partition(".")[0])
        return value if -most < value < most else _out_of_range(field, text)

    return convert


def _number(field: Field) -> Converter:
    most = 10 ** (field.precision - field.scale)
    step = Decimal(1).scaleb(-field.scale)
    whole = field.scale == 0
    # Nothing has to be cut off a number that is written like this.
    decimals = rf"(\.\d{{1,{field.scale}}})?" if field.scale else ""
    fits = re.compile(rf"[+-]?\d{{1,15}}{decimals}", re.ASCII).fullmatch

    def convert(text: str) -> Stored | RowError:
        if fits(text) is not None:
            fitting = int(text) if whole else float(text)
            return fitting if -most < fitting < most else _out_of_range(field, text)
        try:
            value = float(text)
        except ValueError:
            return wrong_type(field, text)
        if not math.isfinite(value) or "_" in text or not text.isascii():
            return wrong_type(field, text)
        if not -most < value < most:
            return _out_of_range(field, text)
        return _cut(text, step, whole=whole)

    return convert


def _cut(text: str, step: Decimal, *, whole: bool) -> int | float:
    """The number without the decimals that the field has no room for."""
    value = Decimal(text.strip()).quantize(step, ROUND_DOWN)
    return int(value) if whole else float(value)


def _date(field: Field) -> Converter:
    def convert(text: str) -> Stored | RowError:
        try:
            day = date.fromisoformat(text[:_DATE_LENGTH])
        except ValueError:
            return wrong_type(field, text)
        # A date may come with a time behind it, which is left out.
        proper = text[4:5] == "-" and text[_DATE_LENGTH : _DATE_LENGTH + 1] in {"", "T"}
        if not proper or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            return wrong_type(field, text)
        return text[:_DATE_LENGTH]

    return convert


def _datetime(field: Field) -> Converter:
    def convert(text: str) -> Stored | RowError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return wrong_type(field, text)
        proper = text[4:5] == "-" and text[_DATE_LENGTH : _DATE_LENGTH + 1] in {"", "T"}
        if not proper or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            return wrong_type(field, text)
        if len(text) == _STORED_LENGTH and text.endswith(".000Z"):
            return text
        return stored_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))

    return convert


def _time(field: Field) -> Converter:
    def convert(text: str) -> Stored | RowError:
        try:
            moment = time.fromisoformat(text)
        except ValueError:
            return wrong_type(field, text)
        if text[2:3] != ":" or (moment.tzinfo is not None and moment.utcoffset() != timedelta()):
            return wrong_type(field, text)
        return moment.replace(tzinfo=None).isoformat("milliseconds") + "Z"

    return convert


def _reference(field: Field, schema: Schema) -> Converter:
    parents = [schema.objects.get(name.lower()) for name in field.reference_to]
    prefixes = {parent.key_prefix for parent in parents if parent is not None}
    # Ids of objects that the user does not see are refused later, with another text.
    strict = None not in parents

    def convert(text: str) -> Stored | RowError:
        found = normalised_id(text)
        if found is None or (strict and found[:3] not in prefixes):
            return wrong_id(field.label, field.name, text)
        return found

    return convert


def wrong_id(label: str, name: str, text: str) -> RowError:
    """The text is no id, or one of another object."""
    return RowError("MALFORMED_ID", f"{label}: id value of incorrect type: {text}", (name,))


_CONVERTERS: dict[str, Callable[[Field], Converter]] = {
    "boolean": _boolean,
    "currency": _number,
    "date": _date,
    "datetime": _datetime,
    "double": _number,
    "email": _email,
    "int": _whole_number,
    "long": _whole_number,
    "multipicklist": _multipicklist,
    "percent": _number,
    "picklist": _picklist,
    "time": _time,
}
