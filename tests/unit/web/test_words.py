from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from isthmus.web import words

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-29T06:00Z", "today 08:00"),
        ("2026-03-28T22:59Z", "yesterday 23:59"),
        ("2026-03-28T23:00Z", "today 00:00"),  # midnight of the viewer, not of UTC
        ("2026-03-30T06:00Z", "tomorrow 08:00"),
        ("2026-02-01T06:00Z", "1 Feb 07:00"),  # winter time
        ("2025-12-31T23:30Z", "1 Jan 00:30"),
        ("2025-12-31T22:30Z", "31 Dec 2025 23:30"),
    ],
)
def test_a_moment_is_said_in_the_time_zone_of_whoever_looks(at: str, said: str) -> None:
    with timezone.override("Europe/Amsterdam"):
        assert words.moment(datetime.fromisoformat(at), NOW) == said


def test_the_exact_moment_names_the_zone() -> None:
    with timezone.override("Asia/Tokyo"):
        assert words.exact(NOW) == "Sunday 29 March 2026, 21:00:00 Asia/Tokyo"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "\N{EN DASH}"),
        (0.04, "under 0.1 s"),
        (0.06, "0.1 s"),
        (9.94, "9.9 s"),
        (41.4, "41 s"),
        (59.6, "1 min"),
        (94, "1 min 34 s"),
        (3600, "1 h"),
        (11_520, "3 h 12 min"),
        (90_000, "1 d 1 h"),
        (timedelta(minutes=2), "2 min"),
    ],
)
def test_a_length_of_time_has_at_most_two_units(
    seconds: float | timedelta | None, said: str
) -> None:
    assert words.span(seconds) == said


def test_one_thing_is_not_several() -> None:
    assert words.plural(1, "profile") == "1 profile"
    assert words.plural(1_200, "profile") == "1,200 profiles"
    assert words.plural(2, "property", "properties") == "2 properties"
