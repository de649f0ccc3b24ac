"""Errors of looking for something in the store, and of setting it up.

Final
├── NotThere        no such segment or profile
├── NotComparable   a property can't be looked up like that
├── SegmentRefused  a segment can't be as asked, or can't go
└── KeepingRefused  a number of days that nothing can be kept for
"""

from isthmus.errors import Final


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


class KeepingRefused(Final):
    """A setting of how long things are kept can't be used."""
