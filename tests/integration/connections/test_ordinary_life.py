"""Months of ordinary life raise no alarm about amounts, and real trouble is told, once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from isthmus.connections.alert_signs import (
    COMPARED,
    MOST_ASKED,
    MOST_COMPARED,
    STAYS_STRANGE,
    Known,
    Sign,
    amount,
)
from isthmus.domain.usual import LEARNS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONE: Final = ZoneInfo("Europe/Amsterdam")
BEGINS: Final = datetime(2026, 1, 5, 6, tzinfo=ZONE).astimezone(UTC)  # a Monday

HOLIDAYS: Final = {(2, 11), (4, 3), (4, 6), (4, 27), (5, 14)}

Rate = Callable[[datetime], float]
"""Records that are changed in an hour."""


def every(span: timedelta, days: float, begins: datetime = BEGINS) -> list[datetime]:
    return [begins + span * number for number in range(int(timedelta(days=days) / span))]


def local(hour: int, days: int) -> list[datetime]:
    """Each day at the same time by the clock, over the change to summer time."""
    first = BEGINS.astimezone(ZONE).replace(hour=hour)
    return [(first + DAY * number).astimezone(UTC) for number in range(days)]


def parts(times: Sequence[datetime], rate: Rate, seed: int = 1) -> Iterator[dict[str, Any]]:
    """An import's results, oldest first; the first takes everything."""
    chance = Random(seed)
    before = None
    for number, at in enumerate(times, 1):
        begins, hours = before or at, (at - (before or at)) / HOUR
        expected = sum(rate(begins + HOUR * step) for step in range(int(hours)))
        expected += rate(at) * (hours % 1)
        yield {
            "part": number,
            "direction": "import",
            "is_whole": before is None,
            "is_full": False,
            "version": "1",
            "received": 500_000 if before is None else round(expected * chance.uniform(0.7, 1.4)),
            "finished_at": at,
            "seconds": (at - begins).total_seconds() if before else None,
            "connection": 1,
            "run": number,
            "number": number,
        }
        before = at


def members(times: Sequence[datetime], size: Callable[[int], float]) -> Iterator[dict[str, Any]]:
    """An export's results, oldest first."""
    for number, part in enumerate(parts(times, lambda _: 0)):
        yield {**part, "direction": "export", "received": round(size(number)), "seconds": None}


def told(results: Iterator[Mapping[str, Any]]) -> list[tuple[datetime, str]]:
    """What is told of them, as alerts are: each once, and no second time within a day."""
    known: list[Mapping[str, Any]] = []
    found: list[tuple[datetime, str]] = []
    is_open: tuple[str, datetime, int] | None = None
    closed: dict[str, datetime] = {}
    for part in results:
        known.insert(0, part)
        if part["finished_at"] - BEGINS < LEARNS:
            continue
        now = part["finished_at"]
        stays = is_open is not None and now - is_open[1] < STAYS_STRANGE
        sign = _looked_at(known, now, {1: is_open[2]} if is_open and stays else {})
        kind = str(sign.kind) if sign else ""
        if is_open and is_open[0] != kind:
            closed[is_open[0]], is_open = now, None
        if sign and is_open is None:
            is_open = (kind, now, sign.facts["since_part"])
            if kind not in closed or now - closed[kind] > DAY:
                found.append((now, kind))
    return found


def _looked_at(
    known: Sequence[Mapping[str, Any]], now: datetime, since: Mapping[int, int]
) -> Sign | None:
    given = Known(strange_from=since)
    young = [each for each in known[:MOST_ASKED] if now - each["finished_at"] < COMPARED]
    if amount(1, young[:MOST_COMPARED], given, timedelta()) is None:
        return None
    return amount(1, young, given, LEARNS)


def steady(_: datetime) -> float:
    return 500


def office(at: datetime) -> float:
    """Nothing at nights, at weekends and on holidays."""
    here = at.astimezone(ZONE)
    if here.weekday() > 4 or (here.month, here.day) in HOLIDAYS:
        return 0
    return 1200 if 8 <= here.hour < 18 else 0


def shop(at: datetime) -> float:
    """Little at nights, more on Saturdays, a batch on the first of each month at noon."""
    here = at.astimezone(ZONE)
    day = 2000 if here.weekday() == 5 else 600
    batch = 4000 if here.day == 1 and here.hour == 12 else 0
    return (day if 7 <= here.hour < 23 else day / 20) + batch


def growing(at: datetime) -> float:
    return float(100 * 1.02 ** ((at - BEGINS) / DAY))


HOURLY_BY_DAY = [*every(DAY, 40), *every(HOUR, 24, BEGINS + 40 * DAY)]
DAILY_BY_HOUR = [*every(HOUR, 24), *every(DAY, 60, BEGINS + 24 * DAY)]
OFF_FOR_A_MONTH = [*every(HOUR, 24), *every(HOUR, 18, BEGINS + 60 * DAY)]
WORKING_DAYS = [each for each in local(6, 150) if each.astimezone(ZONE).weekday() < 5]
BY_HAND = sorted([*local(20, 150), *(each + HOUR / 3 for each in local(20, 150)[::7])])


@pytest.mark.parametrize("rate", [steady, office, shop, growing])
@pytest.mark.parametrize(
    "times",
    [
        pytest.param(local(6, 150), id="each day"),
        pytest.param(local(12, 150), id="each day at noon"),
        pytest.param(every(HOUR, 50), id="each hour"),
        pytest.param(every(7 * DAY, 300), id="each week"),
        pytest.param(HOURLY_BY_DAY, id="each day, then each hour"),
        pytest.param(DAILY_BY_HOUR, id="each hour, then each day"),
        pytest.param(OFF_FOR_A_MONTH, id="off for a month"),
        pytest.param(BY_HAND, id="by hand after a scheduled one"),
    ],
)
def test_ordinary_life_raises_no_alarm(times: Sequence[datetime], rate: Rate) -> None:
    assert told(parts(times, rate)) == []


def test_where_runs_are_on_working_days_only_a_holiday_is_told_twice_and_is_known_then() -> None:
    assert told(parts(WORKING_DAYS, steady)) == []
    found = told(parts(WORKING_DAYS, office))
    days = [at.astimezone(ZONE).strftime("%a %d %b") for at, _ in found]
    assert days == ["Thu 12 Feb", "Mon 06 Apr"]


def test_runs_of_every_few_minutes_know_their_week() -> None:
    assert told(parts(every(HOUR / 4, 24), lambda at: 4 * office(at))) == []


def test_a_segment_that_grows_and_shrinks_slowly_raises_no_alarm() -> None:
    assert told(members(local(6, 150), lambda day: 1000 * 1.05**day)) == []
    assert told(members(local(6, 150), lambda day: 100_000 * 0.95**day)) == []


@pytest.mark.parametrize("times", [local(6, 60), every(HOUR, 50)], ids=["each day", "each hour"])
def test_nothing_any_more_is_told_once_by_the_first_run(times: Sequence[datetime]) -> None:
    ends = BEGINS + 40 * DAY
    found = told(parts(times, lambda at: 500 if at < ends else 0))
    assert [kind for _, kind in found] == ["fewer_records"]
    assert found[0][0] - ends <= DAY


@pytest.mark.parametrize("times", [local(6, 60), every(HOUR, 50)], ids=["each day", "each hour"])
def test_nothing_any_more_is_told_within_a_week_where_weekends_are_quiet(
    times: Sequence[datetime],
) -> None:
    ends = BEGINS + 43 * DAY  # a Tuesday
    found = told(parts(times, lambda at: office(at) if at < ends else 0))
    assert [kind for _, kind in found] == ["fewer_records"]
    assert found[0][0] - ends <= 7 * DAY


@pytest.mark.parametrize("rate", [steady, office, shop])
def test_a_flood_is_told_once(rate: Rate) -> None:
    begins = BEGINS + 43 * DAY
    flood = (begins, begins + 12 * HOUR)
    found = told(
        parts(every(HOUR, 50), lambda at: 90_000 if flood[0] <= at < flood[1] else rate(at))
    )
    assert [kind for _, kind in found] == ["more_records"]
    assert found[0][0] - begins <= 2 * HOUR


def test_a_segment_that_empties_is_told_once() -> None:
    found = told(members(local(6, 60), lambda day: 5000 if day < 40 else 0))
    assert found == [(local(6, 60)[40], "fewer_records")]
