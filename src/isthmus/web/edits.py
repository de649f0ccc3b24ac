"""Two people who edit one thing: nothing that one of them did is lost without a word.

A form carries what it showed, signed. Only what was typed differently is written. Where somebody
else has changed the same value meanwhile, nothing is written and the second one is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core import signing
from django.core.exceptions import BadRequest

NAME: Final = "seen"
"""The hidden field that carries what was shown."""

_SALT = "isthmus.web.edits"


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A value that both changed."""

    name: str
    seen: Any
    now: Any
    typed: Any


def seal(thing: str, shown: Mapping[str, Any]) -> str:
    """What a form of `thing` (such as `connection acme`) showed, for its hidden field."""
    return signing.dumps({"thing": thing, "shown": dict(shown)}, salt=_SALT, compress=True)


def unseal(thing: str, sealed: str) -> dict[str, Any]:
    """What the form showed. Raises `BadRequest` where the seal is not ours, or of another thing."""
    try:
        given = signing.loads(sealed, salt=_SALT)
    except signing.BadSignature as error:
        raise BadRequest from error
    if given["thing"] != thing:
        raise BadRequest
    shown: dict[str, Any] = given["shown"]
    return shown


def changed(seen: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed differently from what was shown."""
    return {name: value for name, value in typed.items() if seen.get(name) != value}


def conflicts(
    seen: Mapping[str, Any], now: Mapping[str, Any], typed: Mapping[str, Any]
) -> list[Conflict]:
    """What was typed differently although it is no longer what was shown, and not the same.

    `now` is what is stored, in the plain form (JSON) in which `seal` got it.
    """
    return [
        Conflict(name=name, seen=seen.get(name), now=now.get(name), typed=value)
        for name, value in changed(seen, typed).items()
        if now.get(name) not in (seen.get(name), value)
    ]


def merged(
    seen: Mapping[str, Any], now: Mapping[str, Any], typed: Mapping[str, Any]
) -> dict[str, Any]:
    """What is to be stored: what is there, with what was typed differently."""
    return {**now, **changed(seen, typed)}


def shown(conflicts: Sequence[Conflict], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """The conflicts as `kit/conflict.html` shows them; `labels` are the fields'."""
    return [{"label": labels.get(each.name, each.name), **vars(each)} for each in conflicts]
