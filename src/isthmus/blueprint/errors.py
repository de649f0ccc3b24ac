"""What can be wrong with a set-up document.

Final
└── BlueprintInvalid   the document has to be corrected; `problems` says where and how
"""

from collections.abc import Iterable
from dataclasses import dataclass

from isthmus.errors import Final


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
