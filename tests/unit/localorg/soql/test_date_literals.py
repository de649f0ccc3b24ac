from datetime import date

import pytest

from localorg.soql.date_literals import COUNTED, PLAIN, Span, span_of
from unit.localorg.soql.sample_org import load

TODAY = date(2026, 3, 18)  # a Wednesday
CASES = load("date_literals.yaml")


@pytest.mark.parametrize("literal", sorted(CASES))
def test_a_date_literal_stands_for_its_days(literal: str) -> None:
    word, _, count = literal.partition(":")
    first, last = CASES[literal]
    span = span_of(word, int(count) if count else None, TODAY)
    assert (span.start, date.fromordinal(span.end.toordinal() - 1)) == (first, last)


def test_every_date_literal_has_a_case() -> None:
    assert {literal.partition(":")[0] for literal in CASES} == PLAIN | COUNTED


def test_a_week_begins_on_sunday_also_when_today_is_one() -> None:
    sunday = date(2026, 3, 15)
    assert span_of("THIS_WEEK", None, sunday) == Span(sunday, date(2026, 3, 22))


def test_the_month_before_january_is_in_the_year_before() -> None:
    expected = Span(date(2025, 12, 1), date(2026, 1, 1))
    assert span_of("LAST_MONTH", None, date(2026, 1, 31)) == expected


@pytest.mark.parametrize("word", sorted(COUNTED))
def test_counts_beyond_the_calendar_end_at_its_edge(word: str) -> None:
    span = span_of(word, 10**17, TODAY)
    assert date.min <= span.start <= span.end <= date.max
