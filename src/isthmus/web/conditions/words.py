"""How kinds, operators and units read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.segments import Kind, Operator, SystemValue
from isthmus.domain.segments.operators import SYSTEM_KINDS, fitting, kind_of_property

IS_NOT_EMPTY = "is_not_empty"
"""Beside the operators: `is_empty: false` in a document."""

ICONS = {
    PropertyType.TEXT: "text",
    PropertyType.EMAIL: "mail",
    PropertyType.INTEGER: "hash",
    PropertyType.DECIMAL: "decimal",
    PropertyType.BOOLEAN: "bool",
    PropertyType.DATE: "calendar",
    PropertyType.DATETIME: "clock",
}
TYPES = {
    PropertyType.TEXT: "text",
    PropertyType.EMAIL: "e-mail",
    PropertyType.INTEGER: "whole number",
    PropertyType.DECIMAL: "decimal number",
    PropertyType.BOOLEAN: "yes or no",
    PropertyType.DATE: "date",
    PropertyType.DATETIME: "date and time",
}
SYSTEM_LABELS = {
    SystemValue.CREATED: "Created here",
    SystemValue.CHANGED: "Changed here",
    SystemValue.PROFILE_ID: "Profile id",
    SystemValue.KNOWN: "Known by an identifier",
}
_SYSTEM_ICONS = {
    Kind.DATETIME: ("clock", "date and time"),
    Kind.PROFILE_ID: ("id", "profile id"),
    Kind.BOOLEAN: ("bool", "yes or no"),
}
UNITS = ("days", "weeks", "months", "years")

_SINGLE = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.IS_EMPTY: "is empty",
    IS_NOT_EMPTY: "has a value",
    Operator.LESS_THAN: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.MORE_THAN: "is more than",
    Operator.AT_LEAST: "is at least",
    Operator.BETWEEN: "is between",
}
_DATES = {
    Operator.LESS_THAN: "is before",
    Operator.AT_MOST: "is on or before",
    Operator.MORE_THAN: "is after",
    Operator.AT_LEAST: "is on or after",
    Operator.WITHIN_LAST: "is within the last",
    Operator.WITHIN_NEXT: "is within the next",
    Operator.BEFORE_LAST: "is longer ago than",
}
_LISTS = {
    Operator.IS: "has",
    Operator.IS_NOT: "doesn't have",
    Operator.CONTAINS: "has one that contains",
    Operator.STARTS_WITH: "has one that starts with",
    Operator.ANY_OF: "has any of",
    Operator.ALL_OF: "has all of",
    Operator.NONE_OF: "has none of",
}
_DATE_KINDS = (Kind.DATE, Kind.DATETIME)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a condition asks for: a property, what every profile has, or a Salesforce field."""

    value: str  # as the form has it: property:KEY, system:NAME or field:NAME
    label: str
    code: str  # the key
    icon: str
    type: str
    kind: Kind
    many: bool = False  # a list
    definition: PropertyDefinition | None = None  # None for what is no property
    choices: Sequence[tuple[str, str]] = ()  # the values that are offered, each with its label
    cased: bool = True  # whether upper and lower case of its texts can be told apart

    @property
    def operators(self) -> list[str]:
        """What can be asked of it, in the words of the form."""
        optional = self.definition is not None
        return in_form(fitting(self.kind, many=self.many, optional=optional))

    def says(self, operator: str) -> str:
        """The operator in words."""
        if self.many and operator in _LISTS:
            return _LISTS[Operator(operator)]
        word = _DATES.get(Operator(operator)) if _is_of_dates(operator, self.kind) else None
        word = word or _SINGLE.get(operator, operator)
        return f"has one that {word}" if self.many and not _is_empty(operator) else word


def in_form(operators: Iterable[Operator]) -> list[str]:
    """The operators as a form has them: to be empty and not to be are two of them."""
    found: list[str] = []
    for each in operators:
        found.append(each.value)
        if each is Operator.IS_EMPTY:
            found.append(IS_NOT_EMPTY)
    return found


def _is_of_dates(operator: str, kind: Kind) -> bool:
    return kind in _DATE_KINDS and operator != IS_NOT_EMPTY


def _is_empty(operator: str) -> bool:
    return operator in (Operator.IS_EMPTY, IS_NOT_EMPTY)


def subjects(properties: Mapping[str, PropertyDefinition]) -> dict[str, Subject]:
    """Everything that a condition can ask for, by the form's value, in the order of labels."""
    own = sorted(properties.values(), key=lambda each: (each.label.casefold(), each.key))
    found = [of_property(each) for each in own] + [of_system(each) for each in SystemValue]
    return {each.value: each for each in found}


def of_property(definition: PropertyDefinition) -> Subject:
    """The property as a subject."""
    type_ = TYPES[definition.type]
    return Subject(
        value=f"property:{definition.key}",
        label=definition.label,
        code=definition.key,
        icon="list" if definition.list else ICONS[definition.type],
        type=f"list of {type_}" if definition.list else type_,
        kind=kind_of_property(definition.type),
        many=definition.list,
        definition=definition,
    )


def of_system(system: SystemValue) -> Subject:
    """The system value as a subject."""
    kind = SYSTEM_KINDS[system]
    image, type_ = _SYSTEM_ICONS[kind]
    return Subject(
        value=f"system:{system.value}",
        label=SYSTEM_LABELS[system],
        code=system.value,
        icon=image,
        type=type_,
        kind=kind,
    )
