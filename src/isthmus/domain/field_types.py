"""Whether values of a Salesforce field fit a property: always, perhaps, or never."""

from collections.abc import Mapping
from enum import StrEnum

from isthmus.domain.properties import PropertyType


class Fit(StrEnum):
    """How values of a field's type fit a property's."""

    ALWAYS = "always"
    PERHAPS = "perhaps"  # it depends on the value
    NEVER = "never"


_WHOLE = frozenset({"int", "long"})
_NUMBERS = frozenset({"double", "currency", "percent"})
_DATES = frozenset({"date", "datetime"})
_TYPED = _WHOLE | _NUMBERS | _DATES | {"boolean", "time"}
"""Types whose values look alike; those of all others are texts that may look like anything."""

_ALWAYS: Mapping[PropertyType, frozenset[str]] = {
    PropertyType.EMAIL: frozenset({"email"}),
    PropertyType.INTEGER: _WHOLE,
    PropertyType.DECIMAL: _WHOLE | _NUMBERS,
    PropertyType.BOOLEAN: frozenset({"boolean"}),
    PropertyType.DATE: _DATES,
    PropertyType.DATETIME: _DATES,
}


def fit(field_type: str, scale: int, target: PropertyType) -> Fit:
    """How values of a field fit; `scale` is the number of its digits after the point."""
    if target is PropertyType.TEXT or field_type in _ALWAYS[target]:
        return Fit.ALWAYS
    if target is PropertyType.INTEGER and field_type in _NUMBERS:
        return Fit.PERHAPS if scale else Fit.ALWAYS
    return Fit.NEVER if field_type in _TYPED else Fit.PERHAPS


def proposed(field_type: str, scale: int) -> tuple[PropertyType, bool]:
    """The type of a property for the field's values, and whether it is a list."""
    if field_type in _NUMBERS:
        return (PropertyType.DECIMAL if scale else PropertyType.INTEGER), False
    if field_type in _WHOLE:
        return PropertyType.INTEGER, False
    types = {
        "email": PropertyType.EMAIL,
        "boolean": PropertyType.BOOLEAN,
        "date": PropertyType.DATE,
        "datetime": PropertyType.DATETIME,
    }
    return types.get(field_type, PropertyType.TEXT), field_type == "multipicklist"
