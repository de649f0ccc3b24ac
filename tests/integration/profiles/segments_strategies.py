"""Random conditions, as documents have them, and random profiles."""

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.segments import Kind, Operator, SystemValue
from isthmus.domain.segments.operators import (
    CONTENTS,
    EQUALITY,
    RELATIVE,
    SUBSTRINGS,
    SYSTEM_KINDS,
    fitting,
    kind_of_property,
)
from unit.domain.segments_rules import NOW, Profile, properties

Document = dict[str, Any]

ODD = (
    "aAbB%_\\'\"{},. \n\tİiIΣςßẞÉéNULl😀"
    "\N{LATIN SMALL LETTER DOTLESS I}\N{GREEK SMALL LETTER SIGMA}\N{KELVIN SIGN}"
    "\N{COMBINING ACUTE ACCENT}\N{NO-BREAK SPACE}"
)
TEXTS = st.text(
    st.sampled_from(ODD) | st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"),
    min_size=1,
    max_size=4,
)
IDS = [uuid.UUID(int=number) for number in range(6)]
DAYS = st.dates(date(2024, 3, 20), date(2024, 4, 10)) | st.dates(date(1990, 1, 1), date(2050, 1, 1))
HOURS_NEAR_NOW = st.integers(-300, 300).map(lambda hours: NOW + timedelta(hours=hours))
MOMENTS = HOURS_NEAR_NOW | st.timedeltas(timedelta(days=-12_000), timedelta(days=9_000)).map(
    lambda distance: NOW + distance
)
NUMBERS = st.decimals(-3, 3, places=1) | st.decimals(-(10**20), 10**20, places=5)

VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: TEXTS,
    Kind.INTEGER: st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1),
    Kind.DECIMAL: NUMBERS,
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: DAYS,
    Kind.DATETIME: MOMENTS,
    Kind.PROFILE_ID: st.sampled_from(IDS),
}
"""What profiles have."""

OPERANDS = {
    **VALUES,
    Kind.DECIMAL: NUMBERS.map(lambda number: format(number, "f")),
    Kind.DATETIME: MOMENTS | DAYS | MOMENTS.map(lambda moment: moment.replace(tzinfo=None)),
    Kind.PROFILE_ID: VALUES[Kind.PROFILE_ID].map(str),
}
"""What conditions ask for."""

SPANS = st.dictionaries(
    st.sampled_from(["days", "weeks", "months", "years"]), st.integers(1, 20), min_size=1
)


def _operand(operator: Operator, kind: Kind) -> st.SearchStrategy[Any]:
    one = OPERANDS[kind]
    if operator in RELATIVE:
        return SPANS
    if operator is Operator.IS_EMPTY:
        return st.booleans()
    if operator is Operator.BETWEEN:
        return st.lists(one, min_size=2, max_size=2).map(_in_order)
    several = st.lists(one, min_size=1, max_size=3)
    if operator in CONTENTS:
        return several
    return one | several if operator in EQUALITY else one


def _in_order(pair: list[Any]) -> list[Any]:
    return sorted(pair, key=lambda each: Decimal(each) if isinstance(each, str) else _moment(each))


def _moment(value: Any) -> Any:
    if not isinstance(value, date):
        return value
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC)


@st.composite
def property_documents(draw: st.DrawFn) -> Document:
    """A test of a property."""
    definition = draw(st.sampled_from(sorted(properties().values(), key=lambda each: each.key)))
    kind = kind_of_property(definition.type)
    operator = draw(st.sampled_from(fitting(kind, many=definition.list, optional=True)))
    document = {"property": definition.key, operator.value: draw(_operand(operator, kind))}
    if (
        kind is Kind.TEXT
        and operator in (*EQUALITY, *SUBSTRINGS, *CONTENTS)
        and draw(st.booleans())
    ):
        document["match_case"] = True
    return document


@st.composite
def system_documents(draw: st.DrawFn) -> Document:
    """A test of a system value."""
    system = draw(st.sampled_from(SystemValue))
    operator = draw(st.sampled_from(fitting(SYSTEM_KINDS[system])))
    return {
        "system": system.value,
        operator.value: draw(_operand(operator, SYSTEM_KINDS[system])),
    }


DOCUMENTS: st.SearchStrategy[Document] = st.recursive(
    property_documents() | property_documents() | system_documents(),
    lambda parts: (
        st.fixed_dictionaries({"not": parts})
        | st.fixed_dictionaries({"all": st.lists(parts, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"any": st.lists(parts, min_size=1, max_size=3)})
    ),
    max_leaves=6,
)


def _value(definition: PropertyDefinition) -> st.SearchStrategy[Any]:
    kind = kind_of_property(definition.type)
    blank = st.just("") if kind is Kind.TEXT else st.none()
    one = VALUES[kind] | st.none() | blank
    return st.none() | st.lists(one, max_size=3) if definition.list else one


@st.composite
def profiles(draw: st.DrawFn, document: Document) -> list[Profile]:
    """A few profiles, whose values are often those that the condition asks for."""
    ids = draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True))
    values = {key: _value(each) | _asked(document, each) for key, each in properties().items()}
    return [
        Profile(
            id=profile_id,
            values=draw(st.fixed_dictionaries(values)),
            created=draw(MOMENTS),
            changed=draw(MOMENTS),
            known=draw(st.booleans()),
        )
        for profile_id in ids
    ]


def _asked(document: Document, definition: PropertyDefinition) -> st.SearchStrategy[Any]:
    texts = [text for text in _texts_asked(document) if text]
    if not definition.type.is_text or not texts:
        return st.nothing()
    near = st.sampled_from([*texts, *(text.upper() for text in texts), *map(str.swapcase, texts)])
    around = st.tuples(st.sampled_from(["", "a", "%"]), near).map("".join)
    return st.lists(around, max_size=3) if definition.list else around


def _texts_asked(value: Any) -> list[str]:
    if isinstance(value, dict):
        parts = [part for key, part in value.items() if key not in ("property", "system")]
        return [text for part in parts for text in _texts_asked(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts_asked(part)]
    return [value] if isinstance(value, str) else []
