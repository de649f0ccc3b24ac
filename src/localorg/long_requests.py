"""How many requests run for long at the same time, of which Salesforce allows a few only."""

import time
from collections.abc import Callable


class LongRequests:
    """The requests that are being answered; used by the event loop's thread only."""

    def __init__(
        self, most: int | None, seconds: float, source: Callable[[], float] = time.monotonic
    ) -> None:
        """Allow `most` requests that run longer than `seconds`; None is any number."""
        self.most = most
        self._seconds = seconds
        self._source = source
        self._began: dict[int, float] = {}
        self._numbers = 0

    def begin(self) -> int | None:
        """The number to `end` this request with; None where too many run for long already."""
        now = self._source()
        if self.most is not None and self._long(now) >= self.most:
            return None
        self._numbers += 1
        self._began[self._numbers] = now
        return self._numbers

    def end(self, number: int) -> None:
        """Note that a request was answered."""
        self._began.pop(number, None)

    def _long(self, now: float) -> int:
        return sum(now - began > self._seconds for began in self._began.values())
