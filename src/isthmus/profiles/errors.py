"""Errors of looking for something in the store, and of setting it up.

Final
├── NotThere          no such segment or profile
├── NotComparable     a property can't be looked up like that
├── SegmentRefused    a segment can't be as asked, or can't go
├── TooSlow           a search took longer than it was given
├── ValueHeld         an identifier's value belongs to another profile
├── ProfileFull       a profile would no longer fit a database row
├── ChangedMeanwhile  the value is no longer the one that was shown
└── KeepingRefused    a number of days that nothing can be kept for

Retryable
└── WriterBusy        whoever writes many profiles at a time did not get out of the way
"""

from typing import Any
from uuid import UUID

from isthmus.errors import Final, Retryable


class NotThere(Final):
    """There is no such thing in the store."""


class NotComparable(Final):
    """Nothing can be looked up like that."""


class SegmentRefused(Final):
    """That can't be done to the segment."""

    def __init__(self, message: str, field: str = "") -> None:
        """Name the field that was given wrongly, for forms; empty where it is none."""
        super().__init__(message)
        self.field = field


class TooSlow(Final):
    """The search took longer than it was given."""


class ValueHeld(Final):
    """Another profile has that value."""

    def __init__(self, value: str, holder: UUID) -> None:
        """Name the value, and the profile that holds it."""
        super().__init__(f"“{value}” belongs to another profile, and an identifier to one only.")
        self.holder = holder


class ProfileFull(Final):
    """With that value the profile would no longer fit a database row. Shorten it."""


class ChangedMeanwhile(Final):
    """Somebody else changed the value meanwhile."""

    def __init__(self, now: Any) -> None:
        """Keep the value that is there now."""
        super().__init__()
        self.now = now


class WriterBusy(Retryable):
    """An import is writing profiles, and this couldn't be saved in between. Save it again."""


class KeepingRefused(Final):
    """A setting of how long things are kept can't be used."""
