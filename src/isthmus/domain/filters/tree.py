"""The tree of a filter's conditions."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from isthmus.domain.segments import Operand, Operator
from isthmus.domain.segments.operators import RELATIVE


class FieldKind(StrEnum):
    """What a field is for filtering."""

    TEXT = "text"
    PICKLIST = "picklist"
    SEVERAL = "multi-select picklist"
    ID = "id"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    DATE = "date"
    DATETIME = "date and time"


@dataclass(frozen=True, kw_only=True)
class FieldTest:
    """One field compared in one way."""

    field: str  # name, or a path to a parent's
    kind: FieldKind
    operator: Operator
    operands: tuple[Operand, ...]  # two for between; one or more for equality and contents


@dataclass(frozen=True, kw_only=True)
class All:
    """All of the parts hold."""

    parts: "tuple[Filter, ...]"  # at least one


@dataclass(frozen=True, kw_only=True)
class AnyOf:
    """At least one of the parts holds."""

    parts: "tuple[Filter, ...]"  # at least one


@dataclass(frozen=True, kw_only=True)
class Not:
    """The part does not hold."""

    part: "Filter"


Filter: TypeAlias = All | AnyOf | Not | FieldTest


def moves_with_time(tree: Filter) -> bool:
    """Whether records can begin to match although they do not change."""
    match tree:
        case All() | AnyOf():
            return any(map(moves_with_time, tree.parts))
        case Not():
            return moves_with_time(tree.part)
        case FieldTest():
            return tree.operator in RELATIVE
