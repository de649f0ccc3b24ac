from datetime import UTC, datetime, timedelta, timezone

import pytest

from isthmus.cli import formatting


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (0.449, "0.4 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.7, "1 h 0 min"),
        (3 * 3600 + 610, "3 h 10 min"),
        (86_399.9, "1 d 0 h"),
        (2 * 86_400 + 4 * 3600 + 59, "2 d 4 h"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(seconds: float, words: str) -> None:
    assert formatting.span(seconds) == words


def test_a_moment_is_shown_on_the_clock_of_the_zone() -> None:
    when = datetime(2026, 3, 1, 23, 30, 59, tzinfo=UTC)

    assert formatting.moment(when, timezone(timedelta(hours=1))) == "2026-03-02 00:30"
    assert formatting.moment(None) == "-"


def test_a_span_that_clocks_disagree_on_is_never_negative() -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert formatting.between(start, start + timedelta(seconds=90)) == "1 min 30 s"
    assert formatting.between(start, start - timedelta(seconds=5)) == "0.0 s"


@pytest.mark.parametrize(
    ("records", "seconds", "words"), [(30_000, 1.5, "20,000/s"), (0, 3, ""), (5, 0, "")]
)
def test_a_rate_is_told_where_there_is_one(records: int, seconds: float, words: str) -> None:
    assert formatting.rate(records, seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1023, "1,023 bytes"),
        (1024, "1.0 KiB"),
        (1536 * 1024**2, "1.5 GiB"),
        (5000 * 1024**4, "5,000.0 TiB"),
    ],
)
def test_an_amount_of_bytes_has_the_unit_that_keeps_it_short(count: int, words: str) -> None:
    assert formatting.size(count) == words


def test_a_noun_follows_its_number() -> None:
    assert formatting.plural(1, "goal") == "1 goal"
    assert formatting.plural(0, "goal") == "0 goals"
    assert formatting.plural(2_000, "match", "matches") == "2,000 matches"
