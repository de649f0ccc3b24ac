"""The org's clock: everything in the org that knows the time asks it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# What an org can live in: its audit stamps begin with 1970 and its datetimes end with 4000.
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(4000, 1, 1, tzinfo=UTC)


def _machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class ClockState:
    """How a clock stands to the machine's."""

    # How far it is ahead of the machine's; negative where it is behind.
    ahead: timedelta = timedelta()
    # The moment at which it stands still, aware and in UTC; None while it runs.
    frozen_at: datetime | None = None


class Clock:
    """The time of the org: the machine's, moved and stopped on request; safe for threads."""

    def __init__(self, source: Callable[[], datetime] = _machine_time) -> None:
        """Take the time from `source`, which answers an aware datetime in UTC."""
        self._source = source
        self._state = ClockState()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The org's time, aware, in UTC."""
        return self._moment(self._state)

    def advance(self, seconds: float) -> datetime:
        """Move the clock ahead and answer the new time; a negative number moves it back.

        Raises OverflowError where the new time is not between EARLIEST and LATEST.
        """
        step = timedelta(seconds=seconds)
        return self._change(lambda state: self._at(self._moment(state) + step, _stands(state)))

    def set(self, moment: datetime) -> datetime:
        """Set the clock to an aware moment; it goes on from there, or stands still there.

        Raises OverflowError as `advance` does.
        """
        return self._change(lambda state: self._at(moment, _stands(state)))

    def freeze(self) -> datetime:
        """Let the clock stand still, and answer where."""
        return self._change(lambda state: self._at(self._moment(state), frozen=True))

    def unfreeze(self) -> datetime:
        """Let the clock go on from where it stands."""
        return self._change(lambda state: self._at(self._moment(state), frozen=False))

    def stand_at(self, moment: datetime, *, frozen: bool) -> datetime:
        """Set the clock to an aware moment, and let it run or stand still from there."""
        return self._change(lambda _: self._at(moment, frozen=frozen))

    def reset(self) -> datetime:
        """Show the machine's time again."""
        return self._change(lambda _: ClockState())

    def state(self) -> ClockState:
        """How it stands now."""
        return self._state

    def restore(self, state: ClockState) -> None:
        """Stand to the machine's clock as `state` says."""
        self._change(lambda _: state)

    def another(self) -> "Clock":
        """A clock that shows the same machine's time, not moved."""
        return Clock(self._source)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change, before the one who asked for it goes on."""
        self._listeners.append(listener)

    def _change(self, changed: Callable[[ClockState], ClockState]) -> datetime:
        with self._lock:
            self._state = changed(self._state)
        # Not under the lock: a listener waits for others who ask the clock.
        for listener in self._listeners:
            listener()
        return self.now()

    def _moment(self, state: ClockState) -> datetime:
        return state.frozen_at or self._source() + state.ahead

    def _at(self, moment: datetime, frozen: bool) -> ClockState:  # noqa: FBT001 - private
        if not EARLIEST <= moment <= LATEST:
            raise OverflowError(moment)
        moment = moment.astimezone(UTC)
        return ClockState(ahead=moment - self._source(), frozen_at=moment if frozen else None)


def _stands(state: ClockState) -> bool:
    return state.frozen_at is not None


def stored_datetime(moment: datetime) -> str:
    """A moment as the store keeps it and CSV shows it: UTC, whole seconds, `.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def rest_datetime(stored: str) -> str:
    """A stored moment as JSON shows it: `2026-01-31T23:59:59.000+0000`."""
    return stored.replace("Z", "+0000")
