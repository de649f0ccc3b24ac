from datetime import UTC, datetime

from localorg.clock import Clock
from localorg.limits.usage import Usage


def new_usage() -> tuple[Clock, Usage]:
    clock = Clock(lambda: datetime(2026, 1, 31, tzinfo=UTC))
    return clock, Usage(clock, 10)


def test_what_was_used_counts_for_a_day() -> None:
    clock, usage = new_usage()
    usage.add("DailyApiRequests", 3)
    clock.advance(86_399)
    assert usage.add("DailyApiRequests") == 4
    clock.advance(1)
    assert usage.used("DailyApiRequests") == 1
    clock.advance(86_399)
    assert usage.used("DailyApiRequests") == 0


def test_the_window_rolls_by_the_minute() -> None:
    clock, usage = new_usage()
    for _ in range(48):
        usage.add("DailyApiRequests")
        clock.advance(3_600)
    assert usage.used("DailyApiRequests") == 23
    usage.add("DailyApiRequests", 5)
    clock.advance(59)
    assert usage.add("DailyApiRequests") == 29


def test_a_clock_that_goes_back_loses_nothing() -> None:
    clock, usage = new_usage()
    usage.add("DailyApiRequests")
    clock.advance(-3_600)
    usage.add("DailyApiRequests")
    assert usage.used("DailyApiRequests") == 2


def test_limits_can_be_changed_and_use_forgotten() -> None:
    _, usage = new_usage()
    assert usage.daily_api_requests == usage.most("DailyApiRequests") == 10
    usage.limit("DailyApiRequests", 2)
    usage.add("DailyApiRequests", 2)
    usage.clear()
    assert (usage.daily_api_requests, usage.used("DailyApiRequests")) == (2, 0)
