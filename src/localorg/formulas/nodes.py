"""The parts of a formula, each with the place where it stands."""

from dataclasses import dataclass
from typing import Union

Node = Union["Number", "Text", "Constant", "Reference", "Call", "Chain", "Opposite"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes."""

    value: str
    position: int


@dataclass(frozen=True, slots=True)
class Constant:
    """TRUE, FALSE or NULL."""

    word: str
    position: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A field, by the names of the ways to it: `Account.Owner.Name`."""

    names: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        """The path as it was written."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and what it is given."""

    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts with operators of one rank between them, worked out from the left."""

    first: Node
    # (operator, part, the operator's position)
    rest: tuple[tuple[str, Node, int], ...]
    position: int


@dataclass(frozen=True, slots=True)
class Opposite:
    """`-x`, `+x` or `!x`."""

    operator: str
    operand: Node
    position: int
