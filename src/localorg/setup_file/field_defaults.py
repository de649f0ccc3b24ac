"""Defaults of fields that are values, checked and as the store keeps them."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from localorg.clock import stored_datetime
from localorg.schema import Field
from localorg.setup_file.values import Value

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z?")
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_EXAMPLES = {
    "date": "2026-01-31. Allowed years: 1700 to 4000",
    "datetime": "2026-01-31T10:00:00Z. Allowed years: 1700 to 4000",
    "time": "10:00:00Z",
}


def stored_default(value: Value, read: Field) -> str | float | None:
    """What the store keeps of a default; None where it is none of the field, which is reported."""
    if read.type == "boolean":
        return int(value.flag())
    if read.is_number:
        return _number(value, read)
    text = value.text()
    if read.is_text:
        if len(text) > read.length:
            value.report(f"The text has {len(text)} characters. Allowed: {read.length}.")
        return text
    return _moment(value, read.type, text)


def _number(value: Value, read: Field) -> float | None:
    data = value.data
    if not isinstance(data, int | float) or isinstance(data, bool):
        value.report(f"{value.shown} stands here. Write a number.")
        return None
    whole = read.type in {"int", "long"}
    scale = 0 if whole else read.scale
    digits = read.digits if whole else read.precision - scale
    if abs(data) >= 10**digits:
        kind = "digits" if whole else "digits before the point"
        value.report(f"{data} is out of range. Allowed: {digits} {kind}.")
        return None
    if Decimal(str(data)) != round(Decimal(str(data)), scale):
        value.report(f"{data} has more digits behind the point than the {scale} that are kept.")
        return None
    return data if scale else int(data)


def _moment(value: Value, kind: str, text: str) -> str | None:
    try:
        stored = _stored(kind, text)
    except (ValueError, OverflowError):
        stored = None
    if stored is None:
        value.report(f"{text!r} is no {kind}. Write such as {_EXAMPLES.get(kind, '')}.")
    return stored


def _stored(kind: str, text: str) -> str | None:
    """A moment as the store keeps it; None or an error of Python's where the text is none."""
    if kind == "time":
        if _TIME.fullmatch(text) is None:
            return None
        return f"{text[:8]}.{(text[9:].rstrip('Z') or '0'):0<3}Z"
    moment = date.fromisoformat(text) if kind == "date" else datetime.fromisoformat(text)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return stored_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
