"""Lists of what uses something, with links."""

from collections.abc import Iterable
from dataclasses import dataclass

from isthmus.connections.uses import Use
from isthmus.profiles.models import Segment
from isthmus.web import addresses


@dataclass(frozen=True, kw_only=True)
class User:
    """Something that uses something."""

    name: str
    kind: str  # goal or segment
    icon: str
    address: str
    place: str = ""  # where it is
    ways: str = ""  # what for


def listed(goals: Iterable[Use], segments: Iterable[Segment] = ()) -> list[User]:
    """Goals first, then segments."""
    return [*map(_goal, goals), *map(_segment, segments)]


def _goal(use: Use) -> User:
    return User(
        name=use.goal,
        kind="goal",
        icon="outw" if use.exports else "in",
        address=addresses.of("connection", connection_key=use.connection_key),
        place=use.connection,
        ways=", ".join(use.ways),
    )


def _segment(segment: Segment) -> User:
    return User(
        name=segment.name,
        kind="segment",
        icon="segment",
        address=addresses.of("segment", segment_key=segment.key),
    )
