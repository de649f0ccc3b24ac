"""The condition tree, and the plain form in which documents keep it."""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from isthmus.domain.segments.operators import CONTENTS, EQUALITY, Operator, SystemValue


@dataclass(frozen=True, kw_only=True)
class Span:
    """A length of time on the calendar; the parts add up."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0

    def plain(self) -> dict[str, int]:
        """The parts that are not zero; `{days: 0}` where all are."""
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: amount for name, amount in parts.items() if amount} or {"days": 0}


Operand: TypeAlias = str | int | Decimal | date | UUID | Span
"""A value to compare with; booleans count as int, and dates with a time as date."""


@dataclass(frozen=True, kw_only=True)
class PropertyComparison:
    """One property compared in one way."""

    property: str  # key
    operator: Operator
    operands: tuple[Operand, ...]  # two for between; one or more for equality and list contents
    match_case: bool = False  # for text: upper and lower case differ


@dataclass(frozen=True, kw_only=True)
class SystemComparison:
    """One system value compared in one way."""

    system: SystemValue
    operator: Operator
    operands: tuple[Operand, ...]  # as for properties


@dataclass(frozen=True, kw_only=True)
class Conjunction:
    """All of the parts hold."""

    parts: "tuple[Condition, ...]"  # at least one


@dataclass(frozen=True, kw_only=True)
class Disjunction:
    """At least one of the parts holds."""

    parts: "tuple[Condition, ...]"  # at least one


@dataclass(frozen=True, kw_only=True)
class Negation:
    """The part does not hold."""

    part: "Condition"


Condition: TypeAlias = Conjunction | Disjunction | Negation | PropertyComparison | SystemComparison


def is_of_profile_alone(condition: Condition) -> bool:
    """Whether who meets it changes only with the profile's own row, and with time.

    What looks beyond that row, as at identifiers, can change although the profile does not.
    """
    match condition:
        case Conjunction() | Disjunction():
            return all(map(is_of_profile_alone, condition.parts))
        case Negation():
            return is_of_profile_alone(condition.part)
        case PropertyComparison():
            return True
        case SystemComparison():
            return condition.system is not SystemValue.KNOWN


def plain(condition: Condition) -> dict[str, Any]:
    """The condition as a document keeps it: mappings, lists, texts, numbers, booleans only.

    `parse` makes an equal condition of it.
    """
    match condition:
        case Conjunction():
            return {"all": [plain(part) for part in condition.parts]}
        case Disjunction():
            return {"any": [plain(part) for part in condition.parts]}
        case Negation():
            return {"not": plain(condition.part)}
        case PropertyComparison():
            case = {"match_case": True} if condition.match_case else {}
            return {"property": condition.property, **_comparison(condition), **case}
        case SystemComparison():
            return {"system": condition.system.value, **_comparison(condition)}


def _comparison(test: PropertyComparison | SystemComparison) -> dict[str, Any]:
    values = [_plain_operand(operand) for operand in test.operands]
    several = test.operator in (*CONTENTS, Operator.BETWEEN)
    if several or (test.operator in EQUALITY and len(values) > 1):
        return {test.operator.value: values}
    return {test.operator.value: values[0]}


def _plain_operand(operand: Operand) -> Any:
    match operand:
        case Span():
            return operand.plain()
        case Decimal():
            return _plain_decimal(operand)
        case date():
            return operand.isoformat()
        case UUID():
            return str(operand)
        case _:
            return operand


def _plain_decimal(value: Decimal) -> float | str:
    # A number where that says the same; JSON's numbers are binary and can't say every decimal.
    number = float(value)
    return number if Decimal(repr(number)) == value else format(value, "f")
