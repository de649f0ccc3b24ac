"""Ctrl-C during a run: the first asks it to stop, the second ends the program."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

NOTICE = "Stopping: what is under way is finished first. Ctrl-C again ends at once."


class Stop:
    """Whether somebody asked for an end. Call it: a run asks it between two pieces of work."""

    def __init__(self, tell: Callable[[], None]) -> None:
        """Call `tell` once, from a signal handler, when somebody asks."""
        self._tell = tell
        self.asked = self.insisted = False

    def __call__(self) -> bool:
        """Whether somebody asked."""
        return self.asked

    def ask(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.asked:
            self.insisted = True
            raise KeyboardInterrupt(signal.Signals(number).name)
        self.asked = True
        self._tell()


def tell_plainly() -> None:
    """Say on standard error that it is stopping."""
    write_plainly(NOTICE)


def write_plainly(words: str) -> None:
    """Write a line to standard error past all buffers: a handler may interrupt a write to them."""
    from isthmus.cli import output

    os.write(sys.stderr.fileno(), output.as_line(words))


@contextmanager
def stop_on_signals(tell: Callable[[], None]) -> Iterator[Stop]:
    """Take Ctrl-C and SIGTERM as a request to stop for as long as the block lasts."""
    stop = Stop(tell)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop.ask) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        # What was interrupted cleans up, and an error in that may have taken the place of the
        # interruption, and been taken for the end of a goal.
        if stop.insisted:
            raise KeyboardInterrupt


def leave_with_stdin() -> None:
    """End as by SIGTERM once whoever started this process is gone, and the pipe to it with it."""
    threading.Thread(target=_wait_for_its_end, daemon=True).start()


def _wait_for_its_end() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
