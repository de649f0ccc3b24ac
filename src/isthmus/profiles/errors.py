"""Errors of looking for something in the store.

Final
├── NotThere        no such segment or profile
└── NotComparable   a property can't be looked up like that
"""

from isthmus.errors import Final


class NotThere(Final):
    """There is no such thing in the store."""


class NotComparable(Final):
    """Nothing can be looked up like that."""
