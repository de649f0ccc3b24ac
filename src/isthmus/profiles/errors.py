"""Errors of looking for something in the store, and of setting it up.

Final
├── NotThere        no such segment or profile
├── NotComparable   a property can't be looked up like that
└── KeepingRefused  a number of days that nothing can be kept for
"""

from isthmus.errors import Final


class NotThere(Final):
    """There is no such thing in the store."""


class NotComparable(Final):
    """Nothing can be looked up like that."""


class KeepingRefused(Final):
    """A setting of how long things are kept can't be used."""
