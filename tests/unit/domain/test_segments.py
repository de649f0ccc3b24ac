"""Conditions read, written, refused and understood."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from isthmus.domain import segments
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.segments import (
    Conjunction,
    Negation,
    Operator,
    PropertyComparison,
    SegmentError,
    Span,
    parse,
    plain,
)
from isthmus.domain.segments.calendar import Calendar, after, before
from isthmus.domain.segments.errors import alternatives
from isthmus.domain.segments.reading import MOST_LEVELS
from isthmus.errors import Final
from unit.domain.segments_rules import NOW, Case, Evaluator, cases, load, properties

REFUSED = load("errors.yaml")["cases"]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.rule)
def test_a_rule_has_the_members_that_its_case_says(case: Case) -> None:
    evaluator = Evaluator(now=case.now, timezone=case.timezone)
    condition = parse(case.where, properties())
    found = {name for name, each in case.profiles.items() if evaluator.holds(condition, each)}
    assert found == case.members


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.rule)
def test_a_condition_written_plainly_and_read_again_is_the_same(case: Case) -> None:
    condition = parse(case.where, properties())
    through_json = json.loads(json.dumps(plain(condition)))
    assert parse(through_json, properties()) == condition


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: str(case["where"]))
def test_what_is_wrong_is_refused_at_its_place_with_what_is_allowed(case: dict[str, Any]) -> None:
    with pytest.raises(SegmentError) as caught:
        parse(case["where"], properties())
    assert list(caught.value.path) == case["path"]
    for words in case["says"]:
        assert words in str(caught.value)


def test_the_example_of_the_blueprint_is_read_as_it_stands() -> None:
    where = {
        "all": [
            {"property": "country", "is": ["NL"]},
            {"not": {"property": "email", "is_empty": True}},
        ]
    }
    assert parse(where, properties()) == Conjunction(
        parts=(
            PropertyComparison(property="country", operator=Operator.IS, operands=("NL",)),
            Negation(
                part=PropertyComparison(
                    property="email", operator=Operator.IS_EMPTY, operands=(True,)
                )
            ),
        )
    )


def test_a_refused_segment_is_final() -> None:
    assert issubclass(SegmentError, Final)


def test_public_names_are_those_that_are_listed() -> None:
    assert sorted(segments.__all__) == segments.__all__
    assert all(hasattr(segments, name) for name in segments.__all__)


def test_every_operator_stands_in_the_table_of_meanings() -> None:
    for operator in Operator:
        assert f"\n{operator}: " in (segments.__doc__ or "") or f", {operator}: " in (
            segments.__doc__ or ""
        )


def test_nesting_has_a_limit_below_the_one_of_the_interpreter() -> None:
    where: dict[str, Any] = {"property": "country", "is": "NL"}
    for _ in range(MOST_LEVELS - 1):
        where = {"not": where}
    parse(where, properties())
    with pytest.raises(SegmentError, match="nested"):
        parse({"not": where}, properties())


def test_a_document_that_holds_itself_is_refused() -> None:
    where: dict[str, Any] = {}
    where["all"] = [where]
    with pytest.raises(SegmentError, match="nested"):
        parse(where, properties())


def test_a_store_without_properties_says_so() -> None:
    with pytest.raises(SegmentError, match="There are none yet"):
        parse({"property": "country", "is": "NL"}, {})


def test_a_store_with_many_properties_names_only_some() -> None:
    many = {f"p{number}": PropertyDefinition(key=f"p{number}", label="x") for number in range(300)}
    with pytest.raises(SegmentError, match="and 280 more") as caught:
        parse({"property": "country", "is": "NL"}, many)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["\ud800", "a\0", "x" * 5 + "\udfff"])
def test_text_that_the_database_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(SegmentError):
        parse({"property": "country", "is": text}, properties())


@pytest.mark.parametrize(
    "number",
    [10**5000, -(10**5000), Decimal("1E+100000"), float("inf")],
    ids=["large", "small", "exponent", "infinite"],
)
@pytest.mark.parametrize("key", ["employees", "revenue"])
def test_numbers_beyond_all_measure_are_refused_in_words(key: str, number: Any) -> None:
    with pytest.raises(SegmentError, match="came") as caught:
        parse({"property": key, "is": number}, properties())
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("written", "number"),
    [(12, 12), (12.5, 12.5), (0.1, 0.1), ("12.50", 12.5), (1e300, int(1e300))],
)
def test_a_decimal_is_written_as_a_number_where_that_is_exact(written: Any, number: Any) -> None:
    where = {"property": "revenue", "is": written}
    assert plain(parse(where, properties()))["is"] == pytest.approx(number)


@pytest.mark.parametrize(
    "written", ["0.1234567890123456789", "-9007199254740993.5", "1" + 400 * "0"]
)
def test_a_decimal_that_no_binary_number_is_keeps_every_digit(written: str) -> None:
    condition = parse({"property": "revenue", "is": written}, properties())
    assert plain(condition)["is"] == written
    assert parse(plain(condition), properties()) == condition


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert plain(parse({"property": "employees", "is": 12.0}, properties()))["is"] == 12


def test_dates_may_come_as_dates_or_as_text() -> None:
    as_text = parse(
        {"property": "seen", "between": ["2024-05-01", "2024-05-02T10:00Z"]}, properties()
    )
    as_dates = {
        "property": "seen",
        "between": [date(2024, 5, 1), datetime(2024, 5, 2, 10, tzinfo=UTC)],
    }
    assert parse(as_dates, properties()) == as_text


def test_a_span_is_written_without_its_zeroes() -> None:
    where = {"property": "birthday", "within_last": {"months": 1, "days": 0}}
    assert plain(parse(where, properties()))["within_last"] == {"months": 1}


def test_today_survives_being_written() -> None:
    where = {"property": "birthday", "within_last": {"days": 0}}
    assert plain(parse(where, properties())) == where


@pytest.mark.parametrize("kind", PropertyType)
@pytest.mark.parametrize("many", [False, True])
def test_every_property_type_can_be_asked_whether_it_is_empty(
    kind: PropertyType, *, many: bool
) -> None:
    one = PropertyDefinition(key="one", label="One", type=kind, list=many)
    where = {"property": "one", "is_empty": False}
    assert plain(parse(where, {"one": one})) == where


def test_a_clock_without_an_offset_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no offset"):
        Calendar.at(datetime(2024, 1, 1), "UTC")  # noqa: DTZ001 - that is what is refused


@pytest.mark.parametrize("name", ["Europe/Amsterdm", "", "../etc/passwd", "/etc/passwd", "Europe"])
def test_an_unknown_time_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(SegmentError, match="Europe/Amsterdam"):
        Calendar.at(NOW, name)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Amsterdam", date(2024, 3, 31), 23),
        ("Europe/Amsterdam", date(2024, 10, 27), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # the clock went forward at midnight
        ("America/Sao_Paulo", date(2018, 2, 17), 25),  # and back at midnight
        ("America/Havana", date(2024, 11, 3), 25),  # back from one to midnight
        ("Pacific/Apia", date(2011, 12, 30), 0),  # the day that was skipped
    ],
)
def test_a_day_is_as_long_as_the_zone_makes_it(zone: str, day: date, hours: int) -> None:
    calendar = Calendar.at(NOW, zone)
    first, last = calendar.first_moment(day), calendar.last_moment(day)
    length = last.astimezone(UTC) - first.astimezone(UTC) + timedelta(microseconds=1)
    assert length == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "span", "earlier"),
    [
        (date(2024, 3, 31), Span(months=1), date(2024, 2, 29)),
        (date(2024, 2, 29), Span(years=1), date(2023, 2, 28)),
        (date(2024, 1, 1), Span(days=1), date(2023, 12, 31)),
        (date(2024, 1, 15), Span(months=13), date(2022, 12, 15)),
        (date(2024, 3, 31), Span(months=1, days=1), date(2024, 2, 28)),
        (date(2024, 3, 31), Span(weeks=1), date(2024, 3, 24)),
    ],
)
def test_spans_are_counted_back_on_the_calendar(day: date, span: Span, earlier: date) -> None:
    assert before(day, span) == earlier


@pytest.mark.parametrize(
    ("day", "span", "later"),
    [
        (date(2024, 1, 31), Span(months=1), date(2024, 2, 29)),
        (date(2023, 12, 31), Span(days=1), date(2024, 1, 1)),
        (date(2023, 11, 30), Span(years=1, months=3), date(2025, 2, 28)),
    ],
)
def test_spans_are_counted_ahead_on_the_calendar(day: date, span: Span, later: date) -> None:
    assert after(day, span) == later


def test_a_day_back_over_a_changed_hour_is_the_same_time_of_the_clock() -> None:
    now = datetime(2024, 3, 31, 14, tzinfo=ZoneInfo("Europe/Amsterdam"))
    yesterday = before(now, Span(days=1)).astimezone(UTC)
    assert yesterday == datetime(2024, 3, 30, 13, tzinfo=UTC)


def test_an_offset_that_is_written_is_kept() -> None:
    written = datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=2)))
    where = {"property": "seen", "is": written}
    assert plain(parse(where, properties()))["is"] == "2024-05-01T10:00:00+02:00"


def test_what_is_near_is_named_as_documents_write_it() -> None:
    assert alternatives("before", Operator) == "Did you mean 'before_last'?"
