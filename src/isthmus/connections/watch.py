"""Whether a run is to end, as seen by the process that works on it."""

import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import Connection

from isthmus.connections.errors import RunStopped, RunTakenOver
from isthmus.connections.fences import Fence
from isthmus.connections.models import RunState
from isthmus.errors import IsthmusError
from isthmus.profiles import database

_STATE = "SELECT state, fence FROM connections_run WHERE id = %(run)s"

SECONDS = 0.5
"""Between two looks at the run's row."""


class Left(Exception):
    """The process ends; the run stays open for another."""


class Watch:
    """Call it: whether somebody asked for an end, here or in the run's row."""

    def __init__(
        self,
        session: Connection[Any],
        fence: Fence,
        cancelled: Callable[[], bool],
        leaving: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._fence, self._clock = session, fence, clock
        self._cancelled, self._leaving = cancelled, leaving
        self._looked_at = -SECONDS
        self._stopping = False
        self._lost: IsthmusError | None = None

    def __call__(self) -> bool:
        """Whether the run is to end or this process is to leave it. Raises `RunTakenOver`."""
        return self._leaving() or self._cancelled() or self._is_stopping()

    def check(self) -> None:
        """Raise `RunStopped` where the run is to end or to be left."""
        if self():
            raise RunStopped

    def leave(self) -> None:
        """Raise `Left` where the run is only left by this process, not stopped by a person.

        Raises what `from_elsewhere` met: a run that is lost is neither left nor stopped here.
        """
        if self._lost is not None:
            raise self._lost
        if self._leaving() and not self._cancelled() and not self._is_stopping():
            raise Left

    def from_elsewhere(self) -> bool:
        """The same for another thread, which has nobody to raise to: true where this one will."""
        try:
            return self()
        except IsthmusError:
            return True

    def _is_stopping(self) -> bool:
        if self._lost is not None:
            raise self._lost
        if not self._stopping and self._clock() - self._looked_at >= SECONDS:
            self._looked_at = self._clock()
            try:
                self._stopping = self._look() == RunState.STOPPING
            except psycopg.Error as error:
                self._lost = database.gone(error)
                raise self._lost from error
            except RunTakenOver as error:
                self._lost = error
                raise
        return self._stopping

    def _look(self) -> str:
        row = self._session.execute(_STATE, {"run": self._fence.run}).fetchone()
        if row is None or row[1] != self._fence.number:
            raise RunTakenOver
        return str(row[0])
