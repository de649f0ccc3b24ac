"""Signals: a request to end unwinds the program, and does not cut its ending short."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Closing a terminal (SIGHUP) and `kill` (SIGTERM) end Python without unwinding by default.
ENDING_SIGNALS = ("SIGTERM", "SIGHUP")
INTERRUPTING_SIGNALS = ("SIGINT", *ENDING_SIGNALS)


def _numbers(names: tuple[str, ...]) -> list[signal.Signals]:
    return [signal.Signals[name] for name in names if name in signal.Signals.__members__]


def _exit(number: int, _frame: FrameType | None) -> None:
    """End the program the way shells expect, by way of every `finally` on the path."""
    sys.exit(128 + number)


@contextmanager
def endings_unwind() -> Iterator[None]:
    """Let signals that would end the program at once leave through `finally` blocks instead.

    Signals that the program handles or ignores by itself stay as they are. Outside the main
    thread Python allows no handlers, so there nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    defaults = [n for n in _numbers(ENDING_SIGNALS) if signal.getsignal(n) is signal.SIG_DFL]
    for number in defaults:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in defaults:
            if signal.getsignal(number) is _exit:
                signal.signal(number, signal.SIG_DFL)


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Hold back Ctrl-C and requests to end until the block is through, then let them act."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)

    numbers = [n for n in _numbers(INTERRUPTING_SIGNALS) if callable(signal.getsignal(n))]
    before = {n: signal.signal(n, note) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for first in arrived[:1]:
            signal.raise_signal(first)
