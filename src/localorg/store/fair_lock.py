import threading
from collections import deque
from types import TracebackType


class FairLock:
    """A lock that threads get in the order of asking; its owner may take it several times.

    Python's own locks let a thread that gives one back have it again before those who wait: a
    Bulk job that writes chunk after chunk would keep everybody else waiting until its end.
    """

    def __init__(self) -> None:
        """Start free."""
        self._guard = threading.Lock()
        self._owner: int | None = None
        self._depth = 0
        self._waiting: deque[tuple[int, threading.Lock]] = deque()

    @property
    def waiting(self) -> int:
        """How many threads wait for it."""
        return len(self._waiting)

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._guard:
            if self._owner in {None, me}:
                self._owner = me
                self._depth += 1
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append((me, gate))
        # Who gives the lock back opens the gate, with the lock handed over already.
        gate.acquire()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with self._guard:
            self._depth -= 1
            if self._depth:
                return
            self._owner = None
            if self._waiting:
                self._owner, gate = self._waiting.popleft()
                self._depth = 1
                gate.release()
