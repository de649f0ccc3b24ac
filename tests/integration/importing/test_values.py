"""Salesforce's texts become the values that the rules say, by the quick way and by the slow one."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection, sql

from isthmus.domain.properties import Normalise, PropertyDefinition, PropertyType
from isthmus.importing import values
from model.values import Unfit, typed

EXAMPLES = int(os.environ.get("ISTHMUS_TEST_EXAMPLES", "40"))
TIMEZONE = "Europe/Brussels"
"""Of one mind in all editions of the time zone database, also about years long ago."""

_USUAL = {
    PropertyType.TEXT: ["Boss", " Boss ", "a;b"],
    PropertyType.EMAIL: ["A.b@x.co", "a+b%c@x-y.example", "é@ü.co", "a@b.c@d", " a@b.co "],
    PropertyType.INTEGER: ["12", "-12.0", "9223372036854775807", "1e3", "+.0", "1" * 18],
    PropertyType.DECIMAL: ["12.50", "-0.1", ".5", "5.", "1E-9", "1" * 99, "1" * 101],
    PropertyType.BOOLEAN: ["true", "false", "TRUE", "yes"],
    PropertyType.DATE: ["2024-02-29", "2023-02-29", "2024-12-31", "2024-03-31T23:30:00.000Z"],
    PropertyType.DATETIME: [
        "2024-02-29T10:00:00.000Z", "2024-02-29T23:59:59.999Z", "2024-02-29T10:00:00+02:00",
        "2024-10-27T10:00:00.123456-0930", "2024-03-31", "2024-02-30T10:00:00.000Z",
    ],
}  # fmt: skip
_LETTERS = "0123456789-+.:TZtz@%eE ;,'\"\\\n\u00a0\u2028İΣßé_x"


@st.composite
def _texts(draw: st.DrawFn, kind: PropertyType) -> str:
    """A usual text, with up to two letters put in, taken out or replaced."""
    text = draw(st.sampled_from(_USUAL[kind]))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        letter = draw(st.sampled_from(_LETTERS) | st.just(""))
        text = text[:place] + letter + text[place + draw(st.integers(0, 1)) :]
    return text


def _expected(text: str, field_type: str, target: PropertyDefinition) -> tuple[Any, bool]:
    try:
        return typed(text, field_type, target, TIMEZONE), True
    except Unfit:
        return None, False


def _found(
    connection: Connection[Any], texts: list[str], field_type: str, target: PropertyDefinition
) -> list[tuple[Any, bool]]:
    value = values.typed(sql.Identifier("text"), field_type, target, TIMEZONE)
    statement = sql.SQL(
        "SELECT {}, {} FROM unnest(%s::text[]) WITH ORDINALITY AS u (text, n) ORDER BY n"
    ).format(value.value, value.fits or sql.SQL("true"))
    return connection.execute(statement, [texts]).fetchall()


@pytest.mark.parametrize("kind", PropertyType)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_text_has_the_value_that_the_rules_say(
    world: Connection[Any], kind: PropertyType, data: st.DataObject
) -> None:
    identifier = kind in (PropertyType.TEXT, PropertyType.INTEGER) and data.draw(st.booleans())
    target = PropertyDefinition(
        key="value",
        label="Value",
        type=kind,
        list=data.draw(st.booleans()),
        identifier=identifier,
        normalise=data.draw(st.sampled_from(Normalise)) if kind.is_text else Normalise.NONE,
    )
    field_type = data.draw(st.sampled_from(["string", "multipicklist"]))
    texts = data.draw(st.lists(_texts(kind).filter(bool), min_size=1, max_size=60))
    found = _found(world, texts, field_type, target)
    wanted = [_expected(text, field_type, target) for text in texts]
    assert list(zip(texts, found, strict=True)) == list(zip(texts, wanted, strict=True))
