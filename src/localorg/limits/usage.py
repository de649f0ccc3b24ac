import threading
from datetime import datetime, timedelta

from localorg.clock import Clock

_WINDOW = timedelta(hours=24)


class Usage:
    """How much of the org's daily limits is used; safe to use from several threads.

    The count starts anew 24 hours of the org's clock after the first thing that it counted, which
    is coarser than Salesforce's rolling window.
    """

    def __init__(self, clock: Clock, daily_api_requests: int) -> None:
        """Allow `daily_api_requests` requests in 24 hours."""
        self.daily_api_requests = daily_api_requests
        self._clock = clock
        self._started: datetime = clock.now()
        self._used: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, what: str, count: int = 1) -> int:
        """Count `count` of `what`, such as DailyApiRequests, and answer the new sum."""
        now = self._clock.now()
        with self._lock:
            if now - self._started >= _WINDOW:
                self._started = now
                self._used.clear()
            used = self._used.get(what, 0) + count
            self._used[what] = used
            return used

    def used(self, what: str) -> int:
        """The sum so far."""
        return self.add(what, 0)
