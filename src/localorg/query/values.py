"""How values look in the JSON of a REST answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from localorg.schema import Field
from localorg.soql import phrase

Row = Sequence[Any]
DOUBLES = frozenset({"double", "currency", "percent"})
ADDRESS_KEYS = (
    "city",
    "country",
    "countryCode",
    "geocodeAccuracy",
    "latitude",
    "longitude",
    "postalCode",
    "state",
    "stateCode",
    "street",
)


def as_json(found: Field, expression: str) -> str:
    """Return SQL for a value in JSON's form, apart from booleans, which SQLite does not have.

    Moments are `2026-01-31T23:59:59.000+0000`, doubles have a fraction.
    """
    if found.type == "datetime":
        return phrase("replace (", expression, ", 'Z', '+0000' )")
    if found.type in DOUBLES:
        return phrase("CAST (", expression, "AS REAL )")
    return expression


def address_key(part: Field, prefix: str) -> str:
    """Return what a part of an address is called inside it: BillingPostalCode -> postalCode."""
    name = part.name.removeprefix(prefix)
    return name[0].lower() + name[1:]


def address(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an address of its parts, which are given by their keys; None where all are empty."""
    if all(value is None for value in values.values()):
        return None
    return {key: values.get(key) for key in ADDRESS_KEYS}
