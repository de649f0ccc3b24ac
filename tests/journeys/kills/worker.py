"""A worker in a process that may be killed, and a look at the run that it works on."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg

from journeys.processes import PATIENCE_SECONDS, Isthmus

ENDED = ("finished", "problems", "failed", "stopped")
_STATE = "SELECT state FROM connections_run ORDER BY id DESC LIMIT 1"
_BEGAN = "SELECT started_at IS NOT NULL FROM connections_run ORDER BY id DESC LIMIT 1"
MOST_STARTS = 10


def ask(command: Isthmus, goals: tuple[str, ...]) -> None:
    """Queue a run of these goals."""
    chosen = [word for goal in goals for word in ("--goal", goal)]
    command.expect("connection", "run", "acme", "--no-wait", *chosen)


@dataclass(kw_only=True)
class Worker:
    """`isthmus worker`, in one process after another."""

    command: Isthmus
    starts: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        """What all its processes said."""
        return self.command.home.parent / "worker.log"

    def start(self) -> None:
        """Start a process."""
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command.program, "worker"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.command.set(ISTHMUS_WORKER_LOOK_SECONDS="0.2").variables(),
            )

    def kill(self) -> None:
        """End the process without a word, where there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def keep(self) -> None:
        """Start it again where it ended by itself, as a service manager does."""
        if self.process is None or self.process.poll() is not None:
            assert self.starts < MOST_STARTS, self.log.read_text()
            self.start()


@contextmanager
def standing_by(command: Isthmus) -> Iterator[Worker]:
    """A worker that can be started; what it leaves behind is killed."""
    worker = Worker(command=command)
    try:
        yield worker
    finally:
        worker.kill()


@contextmanager
def working(command: Isthmus) -> Iterator[Worker]:
    """A worker that works while the block lasts."""
    with standing_by(command) as worker:
        worker.start()
        yield worker


@dataclass(kw_only=True)
class Watched:
    """Looks into the database, also while it comes and goes."""

    conninfo: str
    _session: psycopg.Connection[Any] | None = field(default=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def ask(self, statement: str) -> Any:
        """The first cell of the answer; None where there is none, or nobody to answer."""
        try:
            if self._session is None:
                self._session = psycopg.connect(self.conninfo, autocommit=True)
            row = self._session.execute(statement.encode()).fetchone()
        except psycopg.OperationalError:
            self._leave()
            return None
        return row[0] if row else None

    def _leave(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def wait_for_begin(watched: Watched) -> None:
    """Wait until somebody works on the last run."""
    _wait(lambda: bool(watched.ask(_BEGAN)), "the run did not begin")


def wait_for_end(watched: Watched, *workers: Worker) -> None:
    """Wait until the last run has ended, starting workers again that end."""

    def ended() -> bool:
        for worker in workers:
            worker.keep()
        return watched.ask(_STATE) in ENDED

    try:
        _wait(ended, "the run did not end")
    except AssertionError as error:
        said = "\n".join(worker.log.read_text()[-6000:] for worker in workers)
        raise AssertionError(f"{error}\n{said}") from error


def _wait(done: Any, words: str) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < limit, words
        time.sleep(0.02)
