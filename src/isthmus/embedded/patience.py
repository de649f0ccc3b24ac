"""Waiting for the server: as long as it shows signs of life, and no longer."""

import time
from collections.abc import Callable

from isthmus.embedded import errors, logs
from isthmus.embedded.folder import Folder

# Called with one line for people each time there is something new to say.
Report = Callable[[str], None]
STEP_SECONDS = 0.02
# A wait that takes longer than this is worth a word.
QUIET_SECONDS = 2.0


def say_nothing(_line: str) -> None:
    """Report nothing."""


class Patience:
    """A limit on silence: each new line in the server's log starts it again.

    A server that recovers after a crash writes a line every few seconds, so recovery may take
    as long as it needs, while a server that hangs is given up.
    """

    def __init__(
        self,
        folder: Folder,
        limit_seconds: float,
        report: Report,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wait for the server of `folder`, at most `limit_seconds` without a sign of life."""
        self.folder = folder
        self.limit_seconds = limit_seconds
        self.report = report
        self.clock = clock
        self.sleep = sleep
        self._growth = logs.growth(folder)
        self._told = ""
        self._began = self._alive_at = clock()

    @property
    def waited_seconds(self) -> float:
        """Seconds since the waiting began."""
        return self.clock() - self._began

    def wait(self, purpose: str) -> None:
        """Wait for a moment, or raise `StartTimedOut` when the silence has lasted too long."""
        growth = logs.growth(self.folder)
        if growth != self._growth:
            self._growth, self._alive_at = growth, self.clock()
        if self.clock() - self._alive_at > self.limit_seconds:
            raise self._timed_out(purpose)
        if self.waited_seconds > QUIET_SECONDS:
            self._tell(purpose)
        self.sleep(STEP_SECONDS)

    def _tell(self, purpose: str) -> None:
        """Report what is waited for, with what it says about its recovery, once for each line."""
        words = logs.last_progress(self.folder)
        line = f"{purpose} It says: {words}" if words else purpose
        if line != self._told:
            self._told = line
            self.report(line)

    def _timed_out(self, purpose: str) -> errors.StartTimedOut:
        return errors.StartTimedOut(
            f"{purpose} For {self.limit_seconds:g} seconds nothing happened. Try again; if it "
            f"stays so, end the server with `stop` and look into its log. "
            f"Its last words:\n{logs.last_words(self.folder)}"
        )
