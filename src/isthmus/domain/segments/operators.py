"""What can be asked of which kind of value."""

from enum import StrEnum

from isthmus.domain.properties import PropertyType


class Operator(StrEnum):
    """How a value is compared; the word that stands in the document."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IS_EMPTY = "is_empty"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    AT_LEAST = "at_least"
    BETWEEN = "between"
    WITHIN_LAST = "within_last"
    WITHIN_NEXT = "within_next"
    BEFORE_LAST = "before_last"
    ANY_OF = "any_of"
    ALL_OF = "all_of"
    NONE_OF = "none_of"


class SystemValue(StrEnum):
    """What every profile has beside its properties."""

    CREATED = "created"
    CHANGED = "changed"
    PROFILE_ID = "profile_id"
    KNOWN = "known"


class Kind(StrEnum):
    """What a value is for comparing; reads as a word in messages."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    PROFILE_ID = "profile id"


def kind_of_property(type_: PropertyType) -> Kind:
    """The kind of a property's values; an e-mail address is compared as text."""
    return Kind.TEXT if type_.is_text else Kind(type_.value)


SYSTEM_KINDS = {
    SystemValue.CREATED: Kind.DATETIME,
    SystemValue.CHANGED: Kind.DATETIME,
    SystemValue.PROFILE_ID: Kind.PROFILE_ID,
    SystemValue.KNOWN: Kind.BOOLEAN,
}

EQUALITY = (Operator.IS, Operator.IS_NOT)
SUBSTRINGS = (Operator.CONTAINS, Operator.STARTS_WITH)
BOUNDS = (Operator.LESS_THAN, Operator.AT_MOST, Operator.MORE_THAN, Operator.AT_LEAST)
RELATIVE = (Operator.WITHIN_LAST, Operator.WITHIN_NEXT, Operator.BEFORE_LAST)
CONTENTS = (Operator.ANY_OF, Operator.ALL_OF, Operator.NONE_OF)

_BY_KIND: dict[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: (*EQUALITY, *SUBSTRINGS),
    Kind.INTEGER: (*EQUALITY, *BOUNDS, Operator.BETWEEN),
    Kind.DECIMAL: (*EQUALITY, *BOUNDS, Operator.BETWEEN),
    Kind.BOOLEAN: EQUALITY,
    Kind.DATE: (*EQUALITY, *BOUNDS, Operator.BETWEEN, *RELATIVE),
    Kind.DATETIME: (*EQUALITY, *BOUNDS, Operator.BETWEEN, *RELATIVE),
    Kind.PROFILE_ID: EQUALITY,
}


def fitting(kind: Kind, *, many: bool = False, optional: bool = False) -> tuple[Operator, ...]:
    """The operators for a value of `kind`: `many` for a list, `optional` where it can be empty."""
    empty = (Operator.IS_EMPTY,) if optional else ()
    return _BY_KIND[kind] + empty + (CONTENTS if many else ())
