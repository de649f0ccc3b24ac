"""Values as people type them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from isthmus.domain.properties import Normalise, PropertyDefinition, PropertyType
from isthmus.domain.values import (
    LIST_LENGTH,
    TEXT_LENGTH,
    ValueRefused,
    from_journal,
    plain,
    read,
    written,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TRIM, LOWER = Normalise.TRIM, Normalise.LOWERCASE


def definition(kind: str, **given: Any) -> PropertyDefinition:
    return PropertyDefinition(key="it", label="It", type=PropertyType(kind), **given)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " as typed ", " as typed "),
        ("text", "two\r\nlines", "two\nlines"),
        ("text", "", None),
        ("email", " Jane@Example.com ", "Jane@Example.com"),
        ("email", "  ", None),
        ("integer", "12", 12),
        ("integer", "-12.0", -12),
        ("integer", str(2**63 - 1), 2**63 - 1),
        ("decimal", "48250.00", Decimal("48250.00")),
        ("decimal", ".5", Decimal("0.5")),
        ("boolean", "Yes", True),
        ("boolean", "false", False),
        ("boolean", "", None),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("datetime", "2026-11-30 18:00", datetime(2026, 11, 30, 17, tzinfo=UTC)),
        ("datetime", "2026-05-31", datetime(2026, 5, 30, 22, tzinfo=UTC)),
        (
            "datetime",
            "2026-11-30T18:00:22.5+05:30",
            datetime(2026, 11, 30, 12, 30, 22, 500_000, UTC),
        ),
        ("datetime", "2026-11-30T18:00Z", datetime(2026, 11, 30, 18, tzinfo=UTC)),
    ],
)
def test_a_text_becomes_a_value_of_the_property_s_type(kind: str, text: str, value: Any) -> None:
    assert read(definition(kind), text, AMSTERDAM) == value


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("email", "jane@example", "no e-mail address"),
        ("email", "jane doe@example.com", "no e-mail address"),
        ("email", f"{'a' * 495}@b.com", "no e-mail address"),
        ("integer", "1,234", "no whole number"),
        ("integer", "1.5", "no whole number"),
        ("integer", "one", "no whole number"),
        ("integer", "٣", "no whole number"),
        ("integer", str(2**63), "too large"),
        ("integer", "1e90", "too large"),
        ("decimal", "1,234.5", "no number"),
        ("decimal", "NaN", "no number"),
        ("decimal", "Infinity", "no number"),
        ("decimal", "1" * 101, "no number"),
        ("boolean", "maybe", "neither yes nor no"),
        ("date", "2023-02-29", "no day of the calendar"),
        ("date", "31-05-2026", "no day of the calendar"),
        ("date", "0000-01-01", "no day of the calendar"),
        ("datetime", "2026-13-01 10:00", "no date and time"),
        ("datetime", "0001-01-01 00:00", "no date and time"),
        ("datetime", "2026-11-30T18:00+99:00", "no date and time"),
        ("text", "a\0b", "can't be kept"),
        ("text", "a\ud800b", "can't be kept"),
        ("text", "x" * (TEXT_LENGTH + 1), "Shorten it"),
    ],
)
def test_a_text_that_is_no_value_of_the_type_is_refused_in_words(
    kind: str, text: str, words: str
) -> None:
    with pytest.raises(ValueRefused, match=words):
        read(definition(kind), text, AMSTERDAM)


def test_texts_are_trimmed_where_the_property_says_so() -> None:
    assert read(definition("text", normalise=TRIM), "\u00a0 a b\u2003", AMSTERDAM) == "a b"
    assert read(definition("text", normalise=LOWER), " A ", AMSTERDAM) == "A"
    assert read(definition("text", normalise=TRIM), "\u3000", AMSTERDAM) is None


def test_an_identifier_is_at_most_as_long_as_its_index_takes() -> None:
    assert read(definition("text", identifier=True), "x" * 500, AMSTERDAM) == "x" * 500
    with pytest.raises(ValueRefused, match="at most 500"):
        read(definition("text", identifier=True), "x" * 501, AMSTERDAM)


def test_a_list_has_a_value_on_each_line_each_once() -> None:
    numbers = definition("integer", list=True)
    assert read(numbers, "3\r\n\n1\n3\n", AMSTERDAM) == [3, 1]
    assert read(numbers, "\n \n", AMSTERDAM) is None
    with pytest.raises(ValueRefused, match="“x” is no whole number"):
        read(numbers, "1\nx", AMSTERDAM)
    with pytest.raises(ValueRefused, match="more than"):
        read(numbers, "\n".join(map(str, range(LIST_LENGTH + 1))), AMSTERDAM)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "a\nb"),
        ("integer", -5),
        ("decimal", Decimal("1E+3")),
        ("decimal", Decimal("0.000000000000000000000000000000000000001")),
        ("boolean", False),
        ("date", date(1984, 5, 31)),
        ("datetime", datetime(2026, 7, 1, 12, 30, 15, 250_000, UTC)),
    ],
)
def test_what_is_written_into_a_field_is_read_as_the_same_value(kind: str, value: Any) -> None:
    assert read(definition(kind), written(value, AMSTERDAM), AMSTERDAM) == value


def test_equal_values_have_the_same_plain_form() -> None:
    assert plain(Decimal("1.50")) == plain(Decimal("1.5")) == "1.5"
    assert plain(Decimal(100)) == "100"
    assert plain(Decimal("9" * 60)) == "9" * 60
    moment = datetime(2026, 7, 1, 12, tzinfo=AMSTERDAM)
    assert plain(moment) == plain(moment.astimezone(UTC))


@pytest.mark.parametrize(
    ("kind", "kept", "value"),
    [
        ("date", "1984-05-31", date(1984, 5, 31)),
        ("datetime", "2026-07-01T12:00:00+00:00", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("datetime", "10000-01-01T00:00:00+00:00", "10000-01-01T00:00:00+00:00"),
        ("decimal", Decimal("1.10"), Decimal("1.10")),
        ("decimal", 3, Decimal(3)),
        ("boolean", True, True),
        ("text", "x", "x"),
        ("text", None, None),
    ],
)
def test_what_the_journal_keeps_becomes_a_value_again(kind: str, kept: Any, value: Any) -> None:
    assert from_journal(definition(kind), kept) == value
    if kept is not None:
        assert from_journal(definition(kind, list=True), [kept]) == [value]


def test_a_moment_at_the_end_of_time_is_written_without_a_time_zone_of_its_own() -> None:
    assert written(datetime(9999, 12, 31, 23, 30, tzinfo=UTC), AMSTERDAM).startswith("9999-12-31")
