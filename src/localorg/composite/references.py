"""References to the answers of earlier subrequests: `@{account.id}`, `@{found.records[0].Id}`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from localorg.errors import SalesforceError

_REFERENCE = re.compile(r"@\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_NOTHING = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What earlier subrequests answered, by their reference ids."""

    bodies: Mapping[str, Any]
    # Whether a reference to a field that is empty is an empty value, as it is from v52 on.
    nulls: bool

    def value(self, text: str) -> Any:
        """What the reference `text` stands for; raises PROCESSING_HALTED where that is nothing."""
        name = _NAME.match(text)
        found = self.bodies.get(name[0], _NOTHING) if name else _NOTHING
        if name is None or found is _NOTHING:
            raise _invalid(text)
        place = name.end()
        while place < len(text) and found is not _NOTHING:
            step = _STEP.match(text, place)
            found = _NOTHING if step is None else _inside(found, step)
            place = step.end() if step else place
        if found is _NOTHING or isinstance(found, dict | list):
            raise _invalid(text)
        if found is None and not self.nulls:
            raise _invalid(text)
        return found


def resolved_url(url: str, answers: Answers) -> str:
    """A URL with values, percent-encoded, in place of its references."""
    return _REFERENCE.sub(lambda match: quote(_text(answers.value(match[1])), safe=""), url)


def resolved(value: Any, answers: Answers) -> Any:
    """A body with values in place of its references; one that is all of a text keeps its type."""
    if isinstance(value, dict):
        return {key: resolved(entry, answers) for key, entry in value.items()}
    if isinstance(value, list):
        return [resolved(entry, answers) for entry in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return answers.value(whole[1])
    return _REFERENCE.sub(_replacing(answers), value)


def _replacing(answers: Answers) -> Callable[[re.Match[str]], str]:
    return lambda match: _text(answers.value(match[1]))


def _inside(value: Any, step: re.Match[str]) -> Any:
    name, place = step.groups()
    if name is not None:
        return value.get(name, _NOTHING) if isinstance(value, dict) else _NOTHING
    at = int(place)
    return value[at] if isinstance(value, list) and at < len(value) else _NOTHING


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _invalid(text: str) -> SalesforceError:
    name = _NAME.match(text)
    message = (
        f"Invalid reference specified. No value for {text} found in {name[0] if name else text}. "
        f"Provided referenceId ('{text}') must start with a letter or a number, and it can "
        "contain only letters, numbers and underscores ('_')."
    )
    return SalesforceError(HTTPStatus.BAD_REQUEST, "PROCESSING_HALTED", message)
