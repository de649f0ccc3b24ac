"""The plain model with look-ups by key, for as many records as the demo has."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.importing import Importing, Record, Result
from model.store import Link, ProfileNumber, Store, elements


class IndexedProfile(dict[str, Any]):
    """A profile that tells an index of each value that it ever held."""

    def __init__(
        self, number: ProfileNumber, seen: Mapping[tuple[str, Any], set[ProfileNumber]]
    ) -> None:
        super().__init__()
        self.number, self.seen = number, seen

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        for each in elements(value):
            self.seen[key, each].add(self.number)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return {
            key: list(value) if isinstance(value, list) else value for key, value in self.items()
        }


@dataclass(kw_only=True)
class IndexedStore(Store):
    """A store that finds the holder of a value without looking at every profile."""

    seen: dict[tuple[str, Any], set[ProfileNumber]] = field(
        default_factory=lambda: defaultdict(set)
    )

    def new_profile(self, values: Mapping[str, Any] | None = None) -> ProfileNumber:
        """Make a profile; its number."""
        number = len(self.profiles) + 1
        self.profiles[number] = IndexedProfile(number, self.seen)
        for key, value in (values or {}).items():
            self.profiles[number][key] = value
        return number

    def holder(self, key: str, value: Any) -> ProfileNumber | None:
        """The profile that holds an identifier value."""
        for number in self.seen.get((key, value), ()):
            if value in elements(self.profiles[number].get(key)):
                return number
        return None


@dataclass(kw_only=True)
class IndexedImporting(Importing):
    """An import goal that finds links by record."""

    goals: tuple[str, ...]

    def _linked_profile(self, record_id: str, link: Link | None) -> ProfileNumber | None:
        if link and link.profile is not None:
            return link.profile
        for goal in self.goals:
            other = self.store.links.get((record_id, goal))
            if other and other.profile is not None and other.gone is None:
                return other.profile
        return None

    def _former_profile(self, record_id: str) -> ProfileNumber | None:  # noqa: ARG002 - overrides
        # Looking through all links for each record takes too long, and none of them is gone.
        return None

    def _note_heir(self, record_id: str, number: ProfileNumber) -> None:
        """Find none, for the same reason."""

    def _bury(self, record: Record, record_id: str, link: Link | None, gone: str) -> Result:
        result = super()._bury(record, record_id, link, gone)
        # A first import buries nothing that it has linked before, so there are no heirs to find.
        assert result.outcome != "removed"
        return result
