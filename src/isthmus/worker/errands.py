"""One errand of a worker: working off what is open of one connection."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from isthmus.connections.errors import RunAlreadyGoing, RunTakenOver
from isthmus.connections.executing import Worker, work_off
from isthmus.connections.models import EXPORT, IMPORT, Connection, Run
from isthmus.connections.runs import Reporter
from isthmus.errors import IsthmusError
from isthmus.exporting.engine import hear, run_export
from isthmus.importing.engine import run_import
from isthmus.people import auditing
from isthmus.profiles.database import DatabaseGone
from isthmus.worker.reporting import Logged

log = logging.getLogger("isthmus.worker")

ENGINES = {IMPORT: run_import, EXPORT: run_export}

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0


@dataclass
class Setbacks:
    """Connections that met an error of ours, and until when each is left alone."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[int, tuple[float, float]] = field(default_factory=dict)  # moment, last pause
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, connection: int) -> float:
        """Leave the connection alone for twice as long as the last time; for how many seconds."""
        with self._lock:
            _, last = self._until.get(connection, (0.0, FIRST_PAUSE_SECONDS / 2))
            pause = min(2 * last, LONGEST_PAUSE_SECONDS)
            self._until[connection] = (self.clock() + pause, pause)
            return pause

    def forget(self, connection: int) -> None:
        """It went well."""
        with self._lock:
            self._until.pop(connection, None)

    def refused(self) -> set[int]:
        """Connections that are left alone now, by row id."""
        with self._lock:
            return {each for each, (until, _) in self._until.items() if until > self.clock()}


def _never() -> bool:
    return False


@dataclass(kw_only=True)
class Errands:
    """Runs errands, each in the thread that asks for it. None of them raises."""

    leaving: Callable[[], bool] = _never
    reporter: Callable[[], Reporter] = Logged
    setbacks: Setbacks = field(default_factory=Setbacks)

    def run(self, connection: int) -> list[Run]:
        """Work off what is open of the connection with that row id; the runs, as they stand then.

        Where another process works on it there is nothing to do. After an error the run is as open
        as it was, and is taken up again later.
        """
        if self.leaving() or connection in self.setbacks.refused():
            return []
        try:
            with auditing.by_nobody():
                return self._work_off(connection)
        except (RunAlreadyGoing, RunTakenOver):
            return []
        except DatabaseGone as error:
            _say("database gone", connection, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - one connection's trouble is not the others'
            self._set_back(connection, error)
        return []

    def _work_off(self, connection: int) -> list[Run]:
        row = Connection.objects.filter(id=connection).select_related("authorization").first()
        if row is None:
            return []
        worker = Worker(engines=ENGINES, hear=hear, reporter=self.reporter(), leaving=self.leaving)
        runs = work_off(row, worker)
        self.setbacks.forget(connection)
        return runs

    def _set_back(self, connection: int, error: Exception) -> None:
        pause = self.setbacks.note(connection)
        # What nobody foresaw is shown with the lines of code that it came from, an error of ours
        # by its name: the words of both may hold values.
        foreseen = isinstance(error, IsthmusError)
        facts = {"connection_id": connection, "error": type(error).__name__, "seconds": pause}
        extra = {"event": "connection set back", "facts": facts}
        log.error("connection set back", extra=extra, exc_info=None if foreseen else error)


def _say(event: str, connection: int, **more: object) -> None:
    log.warning(event, extra={"event": event, "facts": {"connection_id": connection, **more}})
