"""What is wrong with a goal and what is worth knowing of it, by the place that it is said at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from isthmus.connections.goal_troubles import Path, Trouble


@dataclass(kw_only=True)
class Problems:
    """Troubles and warnings; a page shows each where it belongs, and none is left out."""

    troubles: list[Trouble] = field(default_factory=list)
    warnings: list[Trouble] = field(default_factory=list)
    tried: bool = False  # whether somebody tried to save it: then also what was not begun is said

    def at(self, *path: str | int) -> list[str]:
        """What is wrong with what stands exactly there."""
        return [each.message for each in self.troubles if each.path == path]

    def under(self, *path: str | int) -> list[str]:
        """What is wrong with what stands there or within."""
        return [each.message for each in self.troubles if _within(each.path, path)]

    def warned(self, *path: str | int) -> list[str]:
        """What is worth knowing of what stands there or within."""
        return [each.message for each in self.warnings if _within(each.path, path)]

    def missing(self, part: str, *, begun: bool) -> list[str]:
        """What is wrong with a part as a whole; nothing before it was begun or saving was tried."""
        return self.at(part) if begun or self.tried else []

    def elsewhere(self, shown: Sequence[Path]) -> list[str]:
        """What is wrong with none of the parts that show what is theirs."""
        return [
            each.message
            for each in self.troubles
            if not any(_within(each.path, path) for path in shown)
        ]


def rows_of(troubles: Iterable[Trouble], part: str) -> set[int]:
    """Places of the rows of a part that something is wrong with."""
    return {
        each.path[1]
        for each in troubles
        if each.path[:1] == (part,) and len(each.path) > 1 and isinstance(each.path[1], int)
    }


def _within(path: Path, around: Path) -> bool:
    return path[: len(around)] == around
