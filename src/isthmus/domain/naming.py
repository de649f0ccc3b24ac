"""What a profile is called by people: the name in its properties, where one plainly is a name."""

from collections.abc import Mapping
from typing import Any, Final

from isthmus.domain.properties import PropertyDefinition, PropertyType

_WHOLE: Final = ("full_name", "fullname", "name", "display_name")
_PARTS: Final = (
    ("first_name", "last_name"),
    ("firstname", "lastname"),
    ("given_name", "family_name"),
)
LONGEST: Final = 200
"""Characters of a name that are shown."""


def name_properties(known: Mapping[str, PropertyDefinition]) -> tuple[str, ...]:
    """Keys of the properties that make up a name: one, or first and last; empty: there are none."""
    fitting = {
        key.lower(): key
        for key, each in known.items()
        if each.type is PropertyType.TEXT and not each.list and not each.identifier
    }
    for whole in _WHOLE:
        if whole in fitting:
            return (fitting[whole],)
    for parts in _PARTS:
        there = tuple(fitting[part] for part in parts if part in fitting)
        if there:
            return there
    return ()


def name(keys: tuple[str, ...], values: Mapping[str, Any]) -> str:
    """The name that the values of these properties make; empty where they are."""
    parts = (" ".join(str(values.get(key) or "").split()) for key in keys)
    return " ".join(filter(None, parts))[:LONGEST]


def initials(of: str) -> str:
    """Two letters at most: of the first word and the last."""
    words = [word for word in of.split() if word[0].isalnum()]
    chosen = words[:1] + words[1:][-1:]
    return "".join(word[0] for word in chosen).upper()
