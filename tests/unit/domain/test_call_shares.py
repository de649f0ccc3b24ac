"""Our share of an org's API calls, over any times at which calls are taken, sent and lost."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.domain import call_shares
from isthmus.domain.call_shares import FRESH, HOUR, Figures, hour_of, oldest

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


@dataclass
class Ledger:
    """The rules with a plain dict in place of a database, and every call that was really sent."""

    limit: int
    percent: int
    hours: dict[datetime, int] = field(default_factory=dict)
    sent: list[datetime] = field(default_factory=list)

    def figures(self, now: datetime) -> Figures:
        hours = {hour: calls for hour, calls in self.hours.items() if hour > oldest(now)}
        return Figures(
            now=now,
            share_percent=self.percent,
            limit=self.limit,
            measured_at=now,
            others=0,
            hours=hours,
        )

    def take(self, now: datetime, wanted: int) -> int:
        calls = self.figures(now).block(wanted)
        if calls > 0:
            self.hours[hour_of(now)] = self.hours.get(hour_of(now), 0) + calls
        return max(calls, 0)

    def most_in_a_day(self) -> int:
        """The most calls in any window of 24 hours, looked at from each call on."""
        return max(
            (sum(begin <= each < begin + DAY for each in self.sent) for begin in self.sent),
            default=0,
        )


@settings(max_examples=300, deadline=None)
@given(
    limit=st.integers(10, 400),
    percent=st.integers(1, 100),
    steps=st.lists(
        st.tuples(
            st.integers(0, 6 * 3600),  # seconds that pass
            st.integers(1, 64),  # calls that are wanted
            st.floats(0, 1),  # how much of them is sent
            st.integers(0, 3600),  # seconds later, in the hour at most
            st.booleans(),  # whether the rest is given back
        ),
        max_size=60,
    ),
)
def test_no_window_of_24_hours_ever_has_more_calls_than_the_share(
    limit: int, percent: int, steps: list[tuple[int, int, float, int, bool]]
) -> None:
    ledger, now = Ledger(limit=limit, percent=percent), NOON
    share = limit * percent // 100
    for passes, wanted, part, late, returned in steps:
        now += timedelta(seconds=passes)
        calls = ledger.take(now, wanted)
        used = round(calls * part)
        last = hour_of(now) + HOUR - timedelta(microseconds=1)
        at = min(now + timedelta(seconds=late), last)
        # Some are on the way for a while.
        ledger.sent += [at + timedelta(minutes=4)] * (used // 2) + [at] * (used - used // 2)
        if returned and calls:
            ledger.hours[hour_of(now)] -= calls - used
        now = at
    assert ledger.most_in_a_day() <= share
    assert all(calls >= 0 for calls in ledger.hours.values())


def test_all_of_the_share_can_be_used_and_comes_back_after_its_time() -> None:
    ledger = Ledger(limit=100, percent=50)
    taken = 0
    while calls := ledger.take(NOON, 64):
        taken += calls
    assert taken == 50
    after = call_shares.falls_out(NOON)
    assert ledger.take(after - timedelta(seconds=1), 1) == 0
    assert ledger.take(after, 1) == 1
    # Also of a call that was minutes on its way.
    assert after - (NOON + HOUR + timedelta(minutes=4)) >= DAY


def test_blocks_shrink_towards_the_end_so_that_several_can_go_on() -> None:
    ledger = Ledger(limit=1000, percent=50)
    blocks = []
    while calls := ledger.take(NOON, 64):
        blocks.append(calls)
    assert blocks[0] == 500 // 8
    assert blocks == sorted(blocks, reverse=True)
    assert blocks[-1] == 1


def figures(**more: object) -> Figures:
    known = {"now": NOON, "limit": 1000, "measured_at": NOON, **more}
    return Figures(**known)  # type: ignore[arg-type]


def test_the_last_two_percent_of_the_limit_are_left_to_others() -> None:
    assert figures(share_percent=100).room == 980
    assert figures(share_percent=100, others=900).room == 80
    assert figures(share_percent=100, others=985).room == 0
    assert figures(share_percent=100, others=900, hours={NOON: 80}).room == 0


def test_what_an_org_said_long_ago_is_asked_again_with_one_call() -> None:
    old = NOON - FRESH - timedelta(seconds=1)
    assert figures(others=1000, measured_at=old).room == 1
    assert figures(others=1000, measured_at=old, hours={NOON: 500}).room == 0
    assert figures(measured_at=None, limit=None).room == 1


def test_calls_are_free_when_enough_hours_have_fallen_out() -> None:
    hours = {NOON - timedelta(hours=3): 100, NOON: 400}
    found = figures(hours=hours)
    assert found.free_at(0) == NOON
    assert found.free_at(100) == call_shares.falls_out(NOON - timedelta(hours=3))
    assert found.free_at(101) == call_shares.falls_out(NOON)
    assert found.free_at(500) == call_shares.falls_out(NOON)
    assert found.free_at(501) is None


@pytest.mark.parametrize(("share", "enough"), [(1, 1), (30, 15), (150, 75), (50_000, 100)])
def test_a_run_goes_on_when_it_would_get_somewhere(share: int, enough: int) -> None:
    assert figures(limit=share * 2).enough == enough


@pytest.mark.parametrize("percent", [0, -1, 101, None])
def test_a_share_is_a_percentage(percent: int | None) -> None:
    assert list(call_shares.troubles(percent)) == [call_shares.WORDS]


@pytest.mark.parametrize(
    ("text", "number"), [("75", 75), (" 75 % ", 75), ("x", None), ("", None), ("-3", None)]
)
def test_a_share_is_typed_as_a_number(text: str, number: int | None) -> None:
    assert call_shares.number(text) == number
    assert call_shares.number("9" * 5000) is None
    assert call_shares.number("\u0663") is None
