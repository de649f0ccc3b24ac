"""Programs of ours that are kept running."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
"""A program that ran for so long is started again without growing pauses."""


class Program:
    """A command of ours in a process of its own, which ends with this one however that ends."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
        command: Sequence[str] = (sys.executable, "-m", "isthmus"),
        errors: int | None = None,
    ) -> None:
        """Take the command's words; it has to end when its standard input does.

        Its standard error goes to the open file `errors`, or else where ours goes.
        """
        self._name, self._words, self._clock = name, [*command, *arguments], clock
        self._process: subprocess.Popen[bytes] | None = None
        self._pause, self._started_at, self._start_at = 0.0, 0.0, 0.0
        self._asked, self._errors = False, errors

    @property
    def process_id(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it. Ctrl-C in our terminal does not reach it: it is ended by us."""
        self._started_at, self._asked = self._clock(), False
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            self._words, stdin=subprocess.PIPE, stderr=self._errors, start_new_session=True
        )

    def keep(self) -> str:
        """Start it again where it has ended, after a pause; what there is to tell, or nothing."""
        if self._process is None:
            if self._clock() >= self._start_at:
                self.start()
                return f"The {self._name} runs again: process {self.process_id}"
            return ""
        status = self._process.poll()
        if status is None:
            return ""
        self._forget()
        healthy = self._clock() - self._started_at > HEALTHY_SECONDS
        grown = min(2 * self._pause, LONGEST_PAUSE_SECONDS) or FIRST_PAUSE_SECONDS
        self._pause = FIRST_PAUSE_SECONDS if healthy else grown
        self._start_at = self._clock() + self._pause
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return f"The {self._name} ended ({how}). It is started again."

    def ask_to_end(self) -> None:
        """Ask it to end, and don't wait."""
        # Twice would be once more than it takes: it then leaves what is under way as it is.
        if self._process is not None and not self._asked:
            self._asked = True
            self._process.terminate()

    def end(self, seconds: float) -> None:
        """Ask it to end, and end it by force where it takes longer than that."""
        self.ask_to_end()
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._forget()

    def _forget(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def end_all(programs: Sequence[Program], seconds: float) -> None:
    """End all of them at once, and by force those that take longer than that."""
    for program in programs:
        program.ask_to_end()
    limit = time.monotonic() + seconds
    for program in programs:
        program.end(max(0.0, limit - time.monotonic()))
