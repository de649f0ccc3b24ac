"""What can be wrong with a filter.

Final
└── FilterError   the filter can't be read, or doesn't fit the fields
"""

from isthmus.errors import Final

Path = tuple[str | int, ...]
"""Keys and indices that lead from the whole filter to a place in it; empty for the whole."""


class FilterError(Final):
    """The filter can't be read."""

    def __init__(self, message: str | None = None, *, path: Path = ()) -> None:
        """Keep the message and the `path` to the offending place."""
        super().__init__(message)
        self.path = path
