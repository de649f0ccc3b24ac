"""The store as dicts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.domain.properties import PropertyDefinition

Profile = dict[str, Any]
"""Values by property; a property that is empty is not there. A list holds each value once."""

ProfileNumber = int
GoalKey = str
RecordId = str


@dataclass(kw_only=True)
class Link:
    """What one goal knows about one record."""

    object: str
    profile: ProfileNumber | None = None
    version: int | None = None  # of the goal, when last applied
    content: Mapping[str, str | None] | None = None  # all that was read, when last applied
    stamp: str = ""  # of the record, when last applied or gone
    reason: str | None = None  # why it was not fully applied
    gone: str | None = None  # deleted, merged, converted: the link is a tombstone
    successor: str | None = None
    summed: dict[tuple[str, str], int | None] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)  # by field: the text last accepted


@dataclass(kw_only=True)
class Store:
    """Profiles, who holds which identifier value, and links."""

    properties: Mapping[str, PropertyDefinition]
    profiles: dict[ProfileNumber, Profile] = field(default_factory=dict)
    links: dict[tuple[RecordId, GoalKey], Link] = field(default_factory=dict)

    def new_profile(self, values: Mapping[str, Any] | None = None) -> ProfileNumber:
        """Make a profile; its number."""
        number = len(self.profiles) + 1
        self.profiles[number] = dict(values or {})
        return number

    def holder(self, key: str, value: Any) -> ProfileNumber | None:
        """The profile that holds an identifier value."""
        for number, profile in self.profiles.items():
            if value in elements(profile.get(key)):
                return number
        return None

    def identifiers(self) -> set[tuple[str, str, ProfileNumber]]:
        """Every identifier value with its property and profile."""
        return {
            (key, str(value), number)
            for number, profile in self.profiles.items()
            for key, definition in self.properties.items()
            if definition.identifier
            for value in elements(profile.get(key))
        }


def elements(value: Any) -> Iterable[Any]:
    """The values of a property: none, one, or those of a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
