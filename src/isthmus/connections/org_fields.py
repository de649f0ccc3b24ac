"""Fields of an org's objects, found by the names that goals use."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from isthmus.salesforce import Field, ObjectDescription

Describe = Callable[[str], ObjectDescription]
"""Gives an object's description by name. Raises `SalesforceError` where it can't."""

UNREADABLE = frozenset({"address", "location", "base64", "complexvalue", "anyType"})
"""Types that Bulk queries can't return (reference: Bulk API 2.0 query, "Not supported")."""

_MOST_NEAR = 3
_LIKE_ENOUGH = 0.7


@dataclass(frozen=True, kw_only=True)
class Found:
    """A field of an object, or of one of its parents."""

    field: Field
    parents: tuple[str, ...] = ()  # from the object on, as Salesforce's JSON names them

    @property
    def path(self) -> tuple[str, ...]:
        """The parents and the field."""
        return (*self.parents, self.field.name)


def once(describe: Describe) -> Describe:
    """The same, asking once about each object: a question costs an API call, whatever changed."""
    known: dict[str, ObjectDescription] = {}

    def remembering(name: str) -> ObjectDescription:
        key = name.lower()
        if key not in known:
            known[key] = describe(name)
        return known[key]

    return remembering


def find(describe: Describe, sobject: str, path: str) -> Found | None:
    """The field at `path` (`Title`, `Owner.Name`); None where there is none to be seen."""
    *parents, name = path.split(".")
    fields = describe(sobject).fields
    named: list[str] = []
    for parent in parents:
        lookup = _lookup(fields, parent)
        if lookup is None:
            return None
        named.append(lookup.relationship_name or parent)
        # A lookup to several objects (an owner is a user or a queue) reads what they share.
        to_user = "User" in lookup.reference_to
        fields = describe("User" if to_user else lookup.reference_to[0]).fields
    found = fields.get(name.lower())
    return None if found is None else Found(field=found, parents=tuple(named))


def near(name: str, fields: Iterable[Field], words: str = "Near names") -> str:
    """A sentence naming the fields that may have been meant, after a space; or nothing."""
    names = {each.name.lower(): each.name for each in fields}
    close = difflib.get_close_matches(name.lower(), names, _MOST_NEAR, _LIKE_ENOUGH)
    found = [names[key] for key in close]
    return f" {words}: {', '.join(found)}." if found else ""


def parts(description: ObjectDescription, compound: Field) -> list[str]:
    """The fields that a compound field such as an address is made of."""
    return [
        each.name
        for each in description.fields.values()
        if each.compound_field_name == compound.name and each.name != compound.name
        if each.type not in UNREADABLE
    ]


def _lookup(fields: Mapping[str, Field], relationship: str) -> Field | None:
    return next(
        (
            each
            for each in fields.values()
            if each.reference_to and (each.relationship_name or "").lower() == relationship.lower()
        ),
        None,
    )
