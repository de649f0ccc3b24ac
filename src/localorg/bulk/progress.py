"""How fast jobs go from state to state: at once, by steps that a test takes, or by the clock."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

AT_ONCE = "at_once"
STEPS = "steps"
TIME = "time"
MODES = (AT_ONCE, STEPS, TIME)
_TICK_SECONDS = 0.1
_STEPS_TO_THE_END = 2


class Paced(Protocol):
    """What a job's pace depends on."""

    @property
    def steps(self) -> int:
        """How many steps it was told to take."""

    @property
    def closed(self) -> datetime | None:
        """When it came to UploadComplete."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How jobs get on."""

    mode: str = AT_ONCE
    # time: seconds of the org's clock in UploadComplete, and in InProgress unless records count.
    seconds_per_state: float = 1.0
    # time: records handled per second of the org's clock; None where only the states count.
    records_per_second: float | None = None

    def allowance(self, job: Paced, now: datetime) -> float | None:
        """How many records a job may have handled by `now`; None where it may not begin yet.

        A job that may handle infinitely many may end.
        """
        if self.mode == STEPS:
            return None if job.steps == 0 else 0 if job.steps < _STEPS_TO_THE_END else math.inf
        if self.mode == TIME and job.closed is not None:
            return self._by_time((now - job.closed).total_seconds() - self.seconds_per_state)
        return math.inf

    def _by_time(self, working_seconds: float) -> float | None:
        if working_seconds < 0:
            return None
        if self.records_per_second is not None:
            return working_seconds * self.records_per_second
        return math.inf if working_seconds >= self.seconds_per_state else 0

    def as_json(self) -> dict[str, Any]:
        """The pace as the control endpoint shows it."""
        return {
            "progress": self.mode,
            "seconds_per_state": self.seconds_per_state,
            "records_per_second": self.records_per_second,
        }


class JobProgress:
    """The pace of an org's jobs; safe to use from several threads.

    While the clock decides, a thread looks ten times a second whose time has come, as the clock
    may be moved.
    """

    def __init__(self) -> None:
        """Let jobs run at once."""
        self.pace = Pace()
        self._listeners: list[Callable[[], None]] = []
        self._off: threading.Event | None = None
        self._lock = threading.Lock()

    def on_change(self, go_on: Callable[[], None]) -> None:
        """Call `go_on` whenever jobs may have got further."""
        self._listeners.append(go_on)

    def set(self, pace: Pace) -> None:
        """Let all jobs go on at another pace."""
        with self._lock:
            self.pace = pace
            self._stop()
            if pace.mode == TIME:
                off = self._off = threading.Event()
                name = "localorg-job-progress"
                threading.Thread(target=self._tick, args=(off,), name=name, daemon=True).start()
        self._tell()

    def close(self) -> None:
        """Stop looking at the clock."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._off is not None:
            self._off.set()
            self._off = None

    def _tick(self, off: threading.Event) -> None:
        while not off.wait(_TICK_SECONDS):
            self._tell()

    def _tell(self) -> None:
        for go_on in self._listeners:
            go_on()
