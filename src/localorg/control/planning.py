"""Reads a fault as data; whatever is wrong with it is said with what is allowed."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from localorg.control.fault_kinds import KINDS, FaultKind
from localorg.control.faults import MATCHES, Fault
from localorg.control.inputs import bad, refuse_unknown, seconds_of, value_of, whole

FRAMINGS = ("content_length", "chunked", "close")
_SAID_OF_ALL = ("kind", "method", "path", "match", "skip", "count", "probability", "seed")
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD")
_LEAST_STATUS, _MOST_STATUS = 200, 599
_WITHOUT_BODY = (204, 304)
_HEADER = re.compile(r"[A-Za-z0-9_-]+:[ -~]*")


def read_fault(body: Mapping[str, Any]) -> Fault:
    """The fault that `body` describes; raises SalesforceError INVALID_CONTROL."""
    name = value_of(body, "kind", str, default="")
    kind = KINDS.get(name)
    if kind is None:
        raise bad(f"The fault {name!r} is unknown. Known are: {', '.join(KINDS)}.")
    of_object = ("object",) if kind.of_objects else ()
    allowed = (*_SAID_OF_ALL, *of_object, *kind.parameters)
    refuse_unknown(body, allowed, f"part of the fault {name}")
    fault = Fault(**(_where(body) | _how_often(body) | _parameters(body, kind)), kind=name)
    _check_pattern(fault)
    return fault


def _where(body: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        "method": value_of(body, "method", str, default="").upper(),
        "path": value_of(body, "path", str, default=""),
        "match": value_of(body, "match", str, default="substring"),
    }
    if "object" in body:
        given |= {"path": value_of(body, "object", str), "match": "exact"}
    _one_of("match", given["match"], MATCHES)
    if given["method"]:
        _one_of("method", given["method"], _METHODS)
    return given


def _how_often(body: Mapping[str, Any]) -> dict[str, Any]:
    probability = value_of(body, "probability", float, default=1.0)
    if not 0 < probability <= 1:
        raise bad(f"'probability' has to be more than 0 and at most 1; it is {probability}.")
    # A share of all requests goes on for ever, unless a number is said as well.
    count = value_of(body, "count", int, type(None), default=1 if probability == 1 else None)
    if count is not None and count < 0:
        raise bad(f"'count' has to be 1 or more, or 0 for ever; it is {count}.")
    return {
        "skip": whole(body, "skip", 0),
        "count": count or None,
        "probability": probability,
        "seed": value_of(body, "seed", int, default=1),
    }


def _parameters(body: Mapping[str, Any], kind: FaultKind) -> dict[str, Any]:
    found = {name: _read(name, body, kind) for name in kind.parameters}
    if "status" in found:
        _check_answer(found)
    if "framing" in found:
        _one_of("framing", found["framing"], FRAMINGS)
    return found


def _check_answer(found: Mapping[str, Any]) -> None:
    status, kind = found["status"], found["content_type"]
    if not _LEAST_STATUS <= status <= _MOST_STATUS:
        raise bad(f"'status' has to be {_LEAST_STATUS} to {_MOST_STATUS}; it is {status}.")
    if status in _WITHOUT_BODY and found["body"]:
        raise bad(f"An answer with the status {status} has no 'body'. Leave it out.")
    if not (kind.isascii() and kind.isprintable()):
        raise bad(f"'content_type' has to be a media type such as text/html; it is {kind!r}.")


def _read(name: str, body: Mapping[str, Any], kind: FaultKind) -> Any:
    default = kind.defaults.get(name, _DEFAULTS[name])
    if name == "seconds":
        return seconds_of(body, name, default)
    if name == "headers":
        return _headers(value_of(body, name, dict, default=default))
    if isinstance(default, int):
        return whole(body, name, default, least=1 if name == "rows" else 0)
    return value_of(body, name, str, default=default)


def _headers(headers: dict[str, Any]) -> dict[str, str]:
    for name, text in headers.items():
        if not (isinstance(text, str) and _HEADER.fullmatch(f"{name}:{text}")):
            raise bad(f"'headers' has to be an object of names and texts; {name!r} is {text!r}.")
    return headers


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise bad(f"{name!r} has to be one of {', '.join(allowed)}; it is {value!r}.")


def _check_pattern(fault: Fault) -> None:
    if fault.match != "regex":
        return
    try:
        re.compile(fault.path)
    except re.error as error:
        raise bad(f"'path' is no regular expression: {error}. It is {fault.path!r}.") from None


_DEFAULTS: Mapping[str, Any] = {
    entry.name: entry.default if entry.default is not MISSING else {}
    for entry in fields(Fault)
    if entry.name != "kind"
}
