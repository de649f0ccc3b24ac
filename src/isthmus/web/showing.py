"""How values of properties and profiles themselves read on pages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from isthmus.domain import naming
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.values import Single

TYPES: Final = {
    PropertyType.TEXT: ("text", "text"),
    PropertyType.EMAIL: ("mail", "e-mail"),
    PropertyType.INTEGER: ("hash", "integer"),
    PropertyType.DECIMAL: ("decimal", "decimal"),
    PropertyType.BOOLEAN: ("bool", "yes or no"),
    PropertyType.DATE: ("calendar", "date"),
    PropertyType.DATETIME: ("clock", "date and time"),
}
"""Icon and word."""

SHORT: Final = 300
"""Characters of a text that stand there at once; the rest is folded away."""

Hides = Callable[[PropertyDefinition], bool]
"""Whether a property's values are hidden from whoever looks."""


def type_of(definition: PropertyDefinition) -> tuple[str, str]:
    """Icon and words for a property's type."""
    image, word = TYPES[definition.type]
    return ("list", f"list of {word}") if definition.list else (image, word)


def text(value: Single, *, grouped: bool = True) -> str:
    """One value as people read it; moments are in the viewer's time zone."""
    match value:
        case bool():
            return "Yes" if value else "No"
        case int() | Decimal():
            return f"{value:,}" if isinstance(value, int) and grouped else _number(value, grouped)
        case datetime():
            return _moment(value)
        case date():
            return f"{value.day} {value:%b} {value.year}"
        case _:
            return str(value)


def _number(value: int | Decimal, grouped: bool) -> str:  # noqa: FBT001 - of `text`
    return f"{value:,f}" if grouped and isinstance(value, Decimal) else f"{value}"


def _moment(value: datetime) -> str:
    try:
        local = timezone.localtime(value)
    except (OverflowError, ValueError):
        return value.isoformat(" ")
    return f"{local.day} {local:%b} {local.year}, {local:%H:%M:%S}"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a profile is called for whoever looks."""

    title: str
    initials: str  # empty: nothing that is shown has any
    named: bool  # by a name or an identifier


def identity(
    profile_id: UUID,
    values: Mapping[str, Any],
    identifiers: Sequence[tuple[str, str]],
    known: Mapping[str, PropertyDefinition],
    hides: Hides,
) -> Identity:
    """The profile's name where it has one that may be seen, else its best identifier."""
    keys = tuple(key for key in naming.name_properties(known) if not hides(known[key]))
    name = naming.name(keys, values)
    if name:
        return Identity(title=name, initials=naming.initials(name), named=True)
    shown = [(key, each) for key, each in identifiers if key in known and not hides(known[key])]
    if shown:
        best = _best(shown, known)
        return Identity(title=best, initials=naming.initials(best)[:1], named=True)
    if any(hides(each) for each in known.values()):
        # Whether it has a name is not for whoever looks.
        return Identity(title=f"Profile …{str(profile_id)[-8:]}", initials="", named=False)
    return Identity(title="Anonymous profile", initials="", named=False)


def _best(identifiers: Iterable[tuple[str, str]], known: Mapping[str, PropertyDefinition]) -> str:
    mails = [each for key, each in identifiers if known[key].type is PropertyType.EMAIL]
    return [*mails, *(each for _, each in identifiers)][0]
