"""Reading what control endpoints are told; mistakes are 400 INVALID_CONTROL with a sentence."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from types import NoneType
from typing import Any

from starlette.requests import Request

from localorg.clock import EARLIEST, LATEST
from localorg.errors import SalesforceError
from localorg.schema import ObjectType, Schema
from localorg.web import read_object

_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}


# A year: nothing that a test waits for takes longer.
_MOST_SECONDS = 366 * 86_400
OUT_OF_TIME = f"The org's time has to stay between {EARLIEST.year} and {LATEST.year}."


def bad(message: str) -> SalesforceError:
    """400 INVALID_CONTROL."""
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_CONTROL", message)


async def read_order(request: Request, allowed: Collection[str]) -> dict[str, Any]:
    """The JSON object that a request carries, or an empty one; it has no other keys."""
    body = await read_object(request) if await request.body() else {}
    refuse_unknown(body, allowed, "part of this request")
    return body


def refuse_unknown(given: Mapping[str, Any], allowed: Collection[str], what: str) -> None:
    """Raise where a key is not one of `allowed`."""
    for name in given:
        if name not in allowed:
            raise bad(f"{name!r} is no {what}. Allowed are: {', '.join(allowed)}.")


def value_of(body: Mapping[str, Any], name: str, *kinds: type, default: Any = None) -> Any:
    """The value of a key, which has to be of one of the `kinds`; whole numbers are numbers too."""
    if name not in body:
        return default
    value = body[name]
    if float in kinds and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) not in kinds:
        allowed = " or ".join(_NAMES[kind] for kind in kinds)
        raise bad(f"{name!r} has to be {allowed}; it is {value!r}.")
    return value


def whole(
    body: Mapping[str, Any], name: str, default: int, least: int = 0, most: int | None = None
) -> int:
    """A whole number that is not less than `least` and, where there is one, not above `most`."""
    number: int = value_of(body, name, int, default=default)
    if most is not None and not least <= number <= most:
        raise bad(f"{name!r} has to be {least} to {most}; it is {number}.")
    if number < least:
        raise bad(f"{name!r} has to be {least} or more; it is {number}.")
    return number


def seconds_of(body: Mapping[str, Any], name: str, default: float = 0.0) -> float:
    """A span of time in seconds, zero or more."""
    seconds: float = value_of(body, name, float, default=default)
    if not 0 <= seconds <= _MOST_SECONDS:
        raise bad(f"{name!r} has to be seconds, 0 to {_MOST_SECONDS}; it is {seconds}.")
    return seconds


def as_int(name: str, text: str) -> int:
    """A whole number in a query string."""
    try:
        return int(text)
    except ValueError:
        raise bad(f"{name!r} has to be a whole number; it is {text!r}.") from None


def as_moment(name: str, text: str) -> datetime:
    """A moment in ISO 8601; one without a time zone is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        example = "2026-01-31T12:00:00Z"
        raise bad(f"{name!r} has to be a moment like {example}; it is {text!r}.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment <= LATEST:
        raise bad(f"{OUT_OF_TIME} {name!r} is {text!r}.")
    return moment.astimezone(UTC)


def object_of(schema: Schema, body: Mapping[str, Any], name: str = "object") -> ObjectType:
    """The object that a key names."""
    given = value_of(body, name, str, default="")
    found = schema.objects.get(given.lower())
    if found is None:
        allowed = ", ".join(entry.name for entry in schema.objects.values() if entry.createable)
        raise bad(f"{name!r} has to be an object of the org; it is {given!r}. Some: {allowed}.")
    return found
