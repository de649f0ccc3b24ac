"""What can be wrong with a set-up document.

Final
└── BlueprintInvalid   the document has to be corrected; `problems` says where and how
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isthmus.errors import Final

_MOST_LISTED = 14
_LIKE_ENOUGH = 0.6


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong, and where. Line and column count from 1."""

    file: str
    line: int
    column: int
    message: str  # what came, what is allowed, what to do next

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class BlueprintInvalid(Final):
    """The set-up document has problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order of the file."""
        self.problems: list[Problem] = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def suggestion(came: str, allowed: Iterable[str]) -> str:
    """What is allowed, and which of it is nearest to `came`, as the end of a message."""
    names = list(allowed)
    if not names:
        return "There are none yet."
    return f"Allowed: {_listed(names)}.{did_you_mean(came, names)}"


def did_you_mean(came: str, allowed: Iterable[str]) -> str:
    """A question with the allowed names nearest to `came`, starting with a space; or nothing."""
    by_folded = {name.casefold(): name for name in allowed}
    found = difflib.get_close_matches(came.casefold(), by_folded, n=2, cutoff=_LIKE_ENOUGH)
    nearest = " or ".join(repr(by_folded[name]) for name in found)
    return f" Did you mean {nearest}?" if nearest else ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_LISTED])
    left = len(names) - _MOST_LISTED
    return f"{shown} and {left} more" if left > 0 else shown
