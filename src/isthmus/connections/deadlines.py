"""Ends of calls that a slow other side must not draw out."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def ends_after(seconds: float, socket_of: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut the socket that is in use after so many seconds: whoever waits for it hears at once.

    A time-out of a socket counts from the last byte, so one byte now and then would never end.
    """

    def shut() -> None:
        made = socket_of()
        if made is not None:
            # The plain socket's own method, which unlike TLS's leaves the other thread's state be.
            with suppress(OSError):
                socket.socket.shutdown(made, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
