"""Breaking off what is waited for, from another thread."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from isthmus.salesforce.errors import ConnectionLost, HostUnreachable, WaitCancelled
from isthmus.salesforce.settings import Clock

LOOK_SECONDS = 0.5
"""Between two questions whether to break off; also the longest nap of a pause."""

SPARED_SECONDS = 20.0
"""How long a call that must not be broken off may go on after somebody asked for an end."""


class Interruption:
    """Whether calls and pauses are to end. They then raise `WaitCancelled`."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._watched = False
        self._lock = threading.Lock()
        self._spared = 0  # calls under way whose answer must not be lost

    def check(self) -> None:
        """Raise `WaitCancelled` where somebody asked for an end."""
        if self._asked.is_set():
            raise WaitCancelled(
                "Waiting for Salesforce was broken off, because somebody asked for an end. What "
                "Salesforce had begun goes on there."
            )

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Raise `WaitCancelled` for a connection that was lost because it was broken off."""
        try:
            yield
        except (ConnectionLost, HostUnreachable):
            self.check()
            raise

    @contextlib.contextmanager
    def spared(self) -> Iterator[None]:
        """Inside, nothing is broken off for a while: an answer that is lost would cost too much.

        It begins before it is asked whether to end, so that no call slips in between.
        """
        with self._lock:
            self._spared += 1
        try:
            yield
        finally:
            with self._lock:
                self._spared -= 1

    def in_naps(self, clock: Clock) -> Clock:
        """The clock with pauses that end early."""

        def sleep(seconds: float) -> None:
            while self._watched and seconds > LOOK_SECONDS:
                self.check()
                clock.sleep(LOOK_SECONDS)
                seconds -= LOOK_SECONDS
            self.check()
            clock.sleep(seconds)

        return replace(clock, sleep=sleep)

    @contextlib.contextmanager
    def watching(
        self, cancelled: Callable[[], bool], break_off: Callable[[], None]
    ) -> Iterator[None]:
        """Ask `cancelled` in a thread of its own; once it says so, `break_off` is called."""
        over = threading.Event()

        def watch() -> None:
            waited = 0.0
            while not over.wait(LOOK_SECONDS):
                if self._asked.is_set() or cancelled():
                    self._asked.set()
                    waited += LOOK_SECONDS
                    # Again each time: a call may have begun between the question and this.
                    if not self._spared or waited > SPARED_SECONDS:
                        break_off()

        self._watched = True
        thread = threading.Thread(target=watch, name="isthmus interruption", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._asked.clear()
            self._watched = False
