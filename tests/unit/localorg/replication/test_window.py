from datetime import UTC, datetime, timedelta

import pytest

from localorg.errors import SalesforceError
from localorg.replication.window import covered, window_of

NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
ONE_MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T10:30:15Z",
        "2026-01-31T10:30:59.999Z",
        "2026-01-31T10:30:15+00:00",
        "2026-01-31T10:30:15+0000",
        "2026-01-31T10:30:15 00:00",
        "2026-01-31T11:30:15+01:00",
        "2026-01-31T10:30:15",
        "2026-01-31T10:30:15.000 0000",
    ],
)
def test_times_are_read_to_the_minute(text: str) -> None:
    window = window_of(text, "2026-01-31T11:00:00Z")
    assert window.start == datetime(2026, 1, 31, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("2026-01-31T11:00:01Z", "2026-01-31T11:00:59Z", "has to be before"),
        ("2026-01-31T11:00:00Z", "2026-01-31T10:00:00Z", "has to be before"),
        ("2026-01-31T11:00:00Z", "2026-01-31T11:01:00Z", "more than one minute"),
        ("2026-01-16T11:59:00Z", "2026-01-31T11:01:00Z", "more than 15 days ago"),
        ("soon", "2026-01-31T11:01:00Z", "start is no time"),
        ("2026-01-31T11:01:00Z", "later", "end is no time"),
        ("0001-01-01T00:00:00+14:00", "2026-01-31T11:01:00Z", "start is no time"),
        ("2026-01-31T11:01:00Z", "9999-12-31T23:59:59-14:00", "end is no time"),
    ],
)
def test_a_window_that_can_not_be_is_refused(start: str, end: str, says: str) -> None:
    with pytest.raises(SalesforceError) as refused:
        window_of(start, end).check(NOW, most_days=15, shortest=ONE_MINUTE)
    assert refused.value.code == "INVALID_REPLICATION_DATE"
    assert says in refused.value.message


def test_the_longest_and_the_shortest_window_are_allowed() -> None:
    window_of("2026-01-16T12:00:00Z", "2026-01-31T12:00:00Z").check(
        NOW, most_days=15, shortest=ONE_MINUTE
    )
    window_of("2026-01-31T11:58:00Z", "2026-01-31T12:00:00Z").check(
        NOW, most_days=15, shortest=ONE_MINUTE
    )


@pytest.mark.parametrize(
    ("end", "open_since", "expected"),
    [
        ("2026-01-31T11:00:00Z", None, "2026-01-31T11:00:00.000+0000"),
        ("2026-01-31T13:00:00Z", None, "2026-01-31T12:00:30.000+0000"),
        ("2026-01-31T13:00:00Z", NOW - timedelta(hours=3), "2026-01-31T09:00:30.000+0000"),
        ("2026-01-31T11:00:00Z", NOW, "2026-01-31T11:00:00.000+0000"),
    ],
)
def test_what_is_covered_ends_with_the_window_the_present_or_an_open_transaction(
    end: str, open_since: datetime | None, expected: str
) -> None:
    assert covered(window_of("2026-01-31T10:00:00Z", end), NOW, open_since) == expected
