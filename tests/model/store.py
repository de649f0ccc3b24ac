"""The store as dicts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.domain.properties import OnMerge, PropertyDefinition
from model.values import LARGEST, SMALLEST

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
    due: str | None = None  # what a tombstone is still to do to profiles: gone, heir, object type
    refused: frozenset[int] = frozenset()  # mapping rows whose identifier another profile held
    sent: dict[str, str] = field(default_factory=dict)  # by field: the text last accepted
    holds: dict[str, str | None] = field(default_factory=dict)
    """Of an export, by field: what Salesforce is known to hold, by writing or by reading it."""

    taken: dict[str, Any] = field(default_factory=dict)
    """Of an export, by field: the value that an import read there; None where it was empty."""


@dataclass(kw_only=True)
class Store:
    """Profiles, who holds which identifier value, and links."""

    properties: Mapping[str, PropertyDefinition]
    profiles: dict[ProfileNumber, Profile] = field(default_factory=dict)
    links: dict[tuple[RecordId, GoalKey], Link] = field(default_factory=dict)
    summed: dict[tuple[RecordId, str, str], int] = field(default_factory=dict)
    """By record, field in lower case and property: the value last added."""

    merged: dict[ProfileNumber, ProfileNumber] = field(default_factory=dict)
    """Profiles that became part of another, with the one that stands for them now."""

    def new_profile(self, values: Mapping[str, Any] | None = None) -> ProfileNumber:
        """Make a profile; its number."""
        number = max((*self.profiles, *self.merged), default=0) + 1
        self.profiles[number] = dict(values or {})
        return number

    def holder(self, key: str, value: Any) -> ProfileNumber | None:
        """The profile that holds an identifier value."""
        for number, profile in self.profiles.items():
            if value in elements(profile.get(key)):
                return number
        return None

    def merge(
        self, survivor: ProfileNumber, loser: ProfileNumber, both: Iterable[str] = ()
    ) -> None:
        """Make one profile of two; the survivor is the newer one. `both`: lists kept whole."""
        stays, goes = self.profiles[survivor], self.profiles.pop(loser)
        for key in goes:
            how = self.properties[key].on_merge
            if key in both or (self.properties[key].identifier and self.properties[key].list):
                how = OnMerge.BOTH
            stays[key] = _merged(how, stays[key], goes[key]) if key in stays else goes[key]
        for link in self.links.values():
            link.profile = survivor if link.profile == loser else link.profile
        self.merged = {
            gone: survivor if now == loser else now for gone, now in self.merged.items()
        } | {loser: survivor}

    def identifiers(self) -> set[tuple[str, str, ProfileNumber]]:
        """Every identifier value with its property and profile."""
        return {
            (key, str(value), number)
            for number, profile in self.profiles.items()
            for key, definition in self.properties.items()
            if definition.identifier
            for value in elements(profile.get(key))
        }


def _merged(how: OnMerge, newer: Any, older: Any) -> Any:
    match how:
        case OnMerge.NEWER:
            return newer
        case OnMerge.OLDER:
            return older
        case OnMerge.BOTH:
            return [*newer, *(each for each in older if each not in newer)]
        case OnMerge.SUM:
            total = newer + older
            whole = isinstance(newer, int)
            return newer if whole and not SMALLEST <= total <= LARGEST else total
        case OnMerge.HIGHEST:
            return max(newer, older)
        case OnMerge.LOWEST:
            return min(newer, older)


def elements(value: Any) -> Iterable[Any]:
    """The values of a property: none, one, or those of a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
