"""The counts of one goal in one run, which have to add up."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from isthmus.errors import Final


class CountsDoNotAddUp(Final):
    """Some records were lost or counted twice: the run can't be trusted."""


@dataclass(kw_only=True)
class GoalCounts:
    """received = created + updated + unchanged + removed + skipped + failed, in records."""

    received: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # by reason
    failed: Counter[str] = field(default_factory=Counter)  # by reason
    problems: int = 0  # of single fields, counted apart

    @property
    def accounted(self) -> int:
        """How many records have an outcome."""
        whole = self.created + self.updated + self.unchanged + self.removed
        return whole + self.skipped.total() + self.failed.total()

    def check(self, what: str) -> None:
        """Raise `CountsDoNotAddUp` when a record has no outcome, or two."""
        if self.received != self.accounted:
            raise CountsDoNotAddUp(
                f"{what}: {self.received:,} records were received and {self.accounted:,} are "
                f"accounted for. The run is marked as failed; run it again, and report it if it "
                f"happens twice."
            )

    def note(self, outcome: str, reason: str | None, records: int) -> None:
        """Count `records` more with this outcome (and reason, where it has one)."""
        if outcome in ("skipped", "failed"):
            getattr(self, outcome)[reason or "unknown"] += records
        else:
            setattr(self, outcome, getattr(self, outcome) + records)

    def plain(self) -> dict[str, Any]:
        """The counts as JSON shows them."""
        return {
            "received": self.received,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "skipped": dict(sorted(self.skipped.items())),
            "failed": dict(sorted(self.failed.items())),
            "problems": self.problems,
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """The counts that `plain()` wrote down."""
        reasons = {name: Counter(plain.get(name, {})) for name in ("skipped", "failed")}
        return cls(**{**plain, **reasons})
