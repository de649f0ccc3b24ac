"""What can be wrong with a segment's conditions.

Final
└── SegmentError   the conditions can't be read, or no longer fit the properties
"""

from collections.abc import Iterable
from difflib import get_close_matches

from isthmus.errors import Final

Path = tuple[str | int, ...]
"""Keys and indices that lead from the whole condition to a place in it; empty for the whole."""

MOST_NAMES = 20
"""Most names that a message lists: a store may have hundreds of properties."""


class SegmentError(Final):
    """The segment's conditions can't be read."""

    def __init__(self, message: str | None = None, *, path: Path = ()) -> None:
        """Keep the message and the `path` to the offending place."""
        super().__init__(message)
        self.path = path


def step(key: object) -> str | int:
    """`key` of a document as a step of a path."""
    return key if isinstance(key, str | int) else str(key)


def alternatives(name: str, allowed: Iterable[str]) -> str:
    """A sentence on which names there are instead of `name`: those near to it, or the first."""
    by_lower = {each.lower(): each for each in sorted(allowed)}
    near = get_close_matches(name.lower(), by_lower, n=3)
    if near:
        return f"Did you mean {' or '.join(repr(str(by_lower[each])) for each in near)}?"
    names = list(by_lower.values())
    if not names:
        return "There are none yet."
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"There are: {', '.join(names[:MOST_NAMES])}{more}."
