import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from localorg.clock import Clock

_WINDOW = timedelta(hours=24)
# What is used within so much time leaves the window together.
_GRAIN = timedelta(minutes=1)
DATA_STORAGE = "DataStorageMB"
# The most of each in 24 hours, or in all for the storages; an Enterprise Edition's, roughly.
MOST: Mapping[str, int] = MappingProxyType(
    {
        "DailyApiRequests": 1_000_000,
        "DailyAsyncApexExecutions": 250_000,
        "DailyBulkApiBatches": 15_000,
        "DailyBulkV2QueryFileStorageMB": 976_562,
        "DailyBulkV2QueryJobs": 10_000,
        "DailyDeliveredPlatformEvents": 25_000,
        "DailyDurableStreamingApiEvents": 200_000,
        DATA_STORAGE: 1_000_000,
        "FileStorageMB": 1_000_000,
        "HourlyTimeBasedWorkflow": 1_000,
        "SingleEmail": 5_000,
    }
)


class Usage:
    """How much of the org's limits of 24 hours is used; safe to use from several threads.

    The window rolls with the org's clock, in steps of a minute.
    """

    def __init__(
        self, clock: Clock, daily_api_requests: int, data_storage_mb: int | None = None
    ) -> None:
        """Allow `daily_api_requests` requests in 24 hours, and so many megabytes of records."""
        self._clock = clock
        self._most = dict(MOST) | {"DailyApiRequests": daily_api_requests}
        # What records may take where somebody said so; None is any number.
        self.data_storage_mb = data_storage_mb
        if data_storage_mb is not None:
            self._most[DATA_STORAGE] = data_storage_mb
        # Per limit: when the minute began, and what was used in it.
        self._used: defaultdict[str, deque[tuple[datetime, float]]] = defaultdict(deque)
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    @property
    def daily_api_requests(self) -> int:
        """The requests that are allowed in 24 hours."""
        return self._most["DailyApiRequests"]

    @property
    def limits(self) -> dict[str, int]:
        """The most of everything that is limited."""
        return dict(self._most)

    def most(self, what: str) -> int:
        """The most of `what`."""
        return self._most[what]

    def limit(self, what: str, most: int) -> None:
        """Allow so much of `what` from now on."""
        self._most[what] = most
        if what == DATA_STORAGE:
            self.data_storage_mb = most

    def add(self, what: str, count: float = 1) -> int:
        """Count `count` of `what`, such as DailyApiRequests, and answer the new sum."""
        now = self._clock.now()
        with self._lock:
            entries = self._used[what]
            self._forget(what, entries, now)
            if count:
                self._enter(entries, now, count)
                self._sums[what] += count
            return int(self._sums[what])

    def used(self, what: str) -> int:
        """The sum of the last 24 hours."""
        return self.add(what, 0)

    def clear(self) -> None:
        """Forget what was used; the limits stay."""
        with self._lock:
            self._used.clear()
            self._sums.clear()

    def _forget(self, what: str, entries: deque[tuple[datetime, float]], now: datetime) -> None:
        while entries and now - entries[0][0] >= _WINDOW:
            self._sums[what] -= entries.popleft()[1]

    def _enter(self, entries: deque[tuple[datetime, float]], now: datetime, count: float) -> None:
        if entries and timedelta() <= now - entries[-1][0] < _GRAIN:
            began, used = entries[-1]
            entries[-1] = (began, used + count)
        else:
            entries.append((now, count))
