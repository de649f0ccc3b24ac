from datetime import UTC, datetime

from localorg.clock import Clock
from localorg.limits.usage import Usage


def test_the_count_starts_anew_after_a_day() -> None:
    clock = Clock(lambda: datetime(2026, 1, 31, tzinfo=UTC))
    usage = Usage(clock, 10)
    usage.add("DailyApiRequests", 3)
    clock.advance(86_399)
    assert usage.add("DailyApiRequests") == 4
    clock.advance(1)
    assert usage.used("DailyApiRequests") == 0
