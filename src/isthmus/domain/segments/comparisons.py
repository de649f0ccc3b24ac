"""One test of one property or system value, read from a document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.segments.conditions import Operand, PropertyComparison, Span, SystemComparison
from isthmus.domain.segments.errors import Path, SegmentError, alternatives, step
from isthmus.domain.segments.operands import Values, described, read_operand, read_span
from isthmus.domain.segments.operators import (
    CONTENTS,
    EQUALITY,
    RELATIVE,
    SUBSTRINGS,
    SYSTEM_KINDS,
    Kind,
    Operator,
    SystemValue,
    fitting,
    kind_of_property,
)

MATCH_CASE = "match_case"
_PAIR = 2


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is compared."""

    words: str  # in messages, at the start of a sentence
    kind: Kind
    many: bool = False  # a list
    optional: bool = False  # can be empty

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What can be asked of it."""
        return fitting(self.kind, many=self.many, optional=self.optional)


def read_property_comparison(
    where: Mapping[Any, object], properties: Mapping[str, PropertyDefinition], path: Path
) -> PropertyComparison:
    """The test that `{property: KEY, OPERATOR: VALUE, match_case: true}` says."""
    definition = _definition(where["property"], properties, (*path, "property"))
    subject = _property_subject(definition)
    operator = read_operator(where, {"property", MATCH_CASE}, subject, path)
    return PropertyComparison(
        property=definition.key,
        operator=operator,
        operands=read_operands(operator, where[operator], subject, (*path, operator.value)),
        match_case=_match_case(where, operator, subject, path),
    )


def read_system_comparison(where: Mapping[Any, object], path: Path) -> SystemComparison:
    """The test that `{system: NAME, OPERATOR: VALUE}` says."""
    name = where["system"]
    names = [each.value for each in SystemValue]
    if not isinstance(name, str) or name not in names:
        raise SegmentError(
            f"{name!r} is no system value. {alternatives(str(name), names)}", path=(*path, "system")
        )
    system = SystemValue(name)
    subject = Subject(words=f"System value {name!r}", kind=SYSTEM_KINDS[system])
    operator = read_operator(where, {"system"}, subject, path)
    operands = read_operands(operator, where[operator], subject, (*path, operator.value))
    return SystemComparison(system=system, operator=operator, operands=operands)


def _definition(
    key: object, properties: Mapping[str, PropertyDefinition], path: Path
) -> PropertyDefinition:
    if isinstance(key, str) and key in properties:
        return properties[key]
    raise SegmentError(
        f"There is no property {key!r}. {alternatives(str(key), properties)}", path=path
    )


def _property_subject(definition: PropertyDefinition) -> Subject:
    kind = f"a list of {definition.type}" if definition.list else f"{definition.type}"
    return Subject(
        words=f"Property {definition.key!r} ({kind})",
        kind=kind_of_property(definition.type),
        many=definition.list,
        optional=True,
    )


def read_operator(
    where: Mapping[Any, object], beside: set[str], subject: Subject, path: Path
) -> Operator:
    """The operator that stands beside these keys, where it fits the subject."""
    keys = [key for key in where if key not in beside]
    for key in keys:
        _check_operator(key, subject, (*path, step(key)))
    if len(keys) == 1:
        return Operator(keys[0])
    came = f"{' and '.join(map(repr, keys))} came" if keys else "none came"
    raise SegmentError(
        f"{subject.words} takes one operator at a time; {came}. "
        f"Choose one of {_listed(subject)}, and join several tests with all: [...].",
        path=path,
    )


def _check_operator(key: object, subject: Subject, path: Path) -> None:
    if key in subject.operators:
        return
    known = isinstance(key, str) and key in list(Operator)
    came = f"Operator {key!r} does not fit." if known else f"{key!r} is not known here."
    if key == MATCH_CASE:
        came = f"{MATCH_CASE!r} is for text properties."
    near = "" if known else f" {alternatives(str(key), subject.operators)}"
    raise SegmentError(f"{came}{near} {subject.words} takes {_listed(subject)}.", path=path)


def _listed(subject: Subject) -> str:
    return ", ".join(subject.operators)


def _match_case(
    where: Mapping[Any, object], operator: Operator, subject: Subject, path: Path
) -> bool:
    if MATCH_CASE not in where:
        return False
    place = (*path, MATCH_CASE)
    if subject.kind is not Kind.TEXT or operator not in (*EQUALITY, *SUBSTRINGS, *CONTENTS):
        raise SegmentError(
            f"{MATCH_CASE!r} is for comparing text, and {subject.words} with {operator} has no "
            f"case. Leave it out.",
            path=place,
        )
    return bool(read_operand(where[MATCH_CASE], Kind.BOOLEAN, whose=f"{MATCH_CASE!r}", path=place))


def read_operands(
    operator: Operator, value: object, subject: Subject, path: Path
) -> tuple[Operand, ...]:
    """The values that an operator compares the subject with."""
    if operator in RELATIVE:
        return (_span(value, subject, path),)
    if operator is Operator.IS_EMPTY:
        return (read_operand(value, Kind.BOOLEAN, whose=operator.value, path=path),)
    if operator is Operator.BETWEEN:
        return _pair(value, subject, path)
    if operator in CONTENTS or (operator in EQUALITY and isinstance(value, list | tuple)):
        return _several(value, subject, path)
    return (read_operand(value, subject.kind, whose=subject.words, path=path),)


def _span(value: object, subject: Subject, path: Path) -> Span:
    span = read_span(value, whose=subject.words, path=path)
    if subject.kind is Kind.DATETIME and span == Span():
        raise SegmentError(
            f"{subject.words} is compared with a length of time, and zero is none. "
            f"Use days: 1 or more; for a whole day use is with a date.",
            path=path,
        )
    return span


def _pair(value: object, subject: Subject, path: Path) -> tuple[Operand, ...]:
    if not isinstance(value, list | tuple) or len(value) != _PAIR:
        raise SegmentError(
            f"between takes a list of two values, [lowest, highest]; {described(value)} came. "
            f"With one bound only use at_least or at_most.",
            path=path,
        )
    low, high = _each(value, subject, path)
    if _reversed(low, high):
        raise SegmentError(
            f"between takes the lower value first, and {described(low)} is above "
            f"{described(high)}. Swap them.",
            path=path,
        )
    return (low, high)


def _reversed(low: Any, high: Any) -> bool:
    try:
        return bool(low > high)
    except TypeError:  # a date beside a time, or only one with an offset: the zone decides
        return False


def _several(value: object, subject: Subject, path: Path) -> tuple[Operand, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise SegmentError(
            f"{subject.words} is compared with a list of at least one value here; "
            f"{described(value)} came. To ask for empty values, use is_empty: true.",
            path=path,
        )
    return _each(value, subject, path)


def _each(values: Values, subject: Subject, path: Path) -> tuple[Operand, ...]:
    return tuple(
        read_operand(value, subject.kind, whose=subject.words, path=(*path, index))
        for index, value in enumerate(values)
    )
