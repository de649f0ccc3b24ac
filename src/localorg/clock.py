"""The org's clock: everything in the org that knows the time asks it."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _machine_time() -> datetime:
    return datetime.now(UTC)


class Clock:
    """The time of the org: the machine's, moved ahead on request."""

    def __init__(self, source: Callable[[], datetime] = _machine_time) -> None:
        """Take the time from `source`, which answers an aware datetime in UTC."""
        self._source = source
        self._ahead = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The org's time, aware, in UTC."""
        return self._source() + self._ahead

    def advance(self, seconds: float) -> datetime:
        """Move the clock ahead and answer the new time; a negative number moves it back."""
        with self._lock:
            self._ahead += timedelta(seconds=seconds)
        return self.now()


def stored_datetime(moment: datetime) -> str:
    """A moment as the store keeps it and CSV shows it: UTC, whole seconds, `.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def rest_datetime(stored: str) -> str:
    """A stored moment as JSON shows it: `2026-01-31T23:59:59.000+0000`."""
    return stored.replace("Z", "+0000")
