"""What a benchmark runs against: an org on this machine, an empty store, watched memory."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

FOLDER = Path(os.environ.get("ISTHMUS_HOME", ".isthmus")).resolve() / "bench"
SECRET = "localorg-secret"  # noqa: S105 - the documented secret of a made-up org
SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class OrgProcess:
    """A running org."""

    address: str
    pid: int

    @property
    def own_mb(self) -> float:
        """The memory of its own that it holds now, in MB, without the pages of mapped files."""
        return own_mb(self.pid)

    @property
    def peak_rss_mb(self) -> float:
        """The most memory that it held at once so far, in MB, with the pages of mapped files."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.exists():
            # Where the system keeps no peak, what it holds now has to do.
            return psutil.Process(self.pid).memory_info().rss / 1e6
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6


def own_mb(pid: int) -> float:
    """The memory of a process without the pages of mapped files, in MB."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return psutil.Process(pid).memory_info().rss / 1e6
    found = [line for line in status.read_text().splitlines() if line.startswith("RssAnon:")]
    return int(found[0].split()[1]) * 1024 / 1e6 if found else 0.0


@contextmanager
def org(**amounts: int) -> Iterator[str]:
    """The address of an org with so many records; its file is kept for the next time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = "-".join(f"{kind}{count}" for kind, count in sorted(amounts.items()))
    with org_process(FOLDER / f"{name}.db", **amounts) as process:
        yield process.address


@contextmanager
def org_process(data: Path, **amounts: int) -> Iterator[OrgProcess]:
    """An org in a file, which is filled with so many records where it is new."""
    options = [word for kind, count in amounts.items() for word in (f"--{kind}", str(count))]
    command = [sys.executable, "-m", "localorg", "serve", "--port", "0", "--exit-with-stdin"]
    process = subprocess.Popen(
        [*command, "--data", str(data), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    try:
        yield OrgProcess(process.stdout.readline().split()[-1], process.pid)
    finally:
        process.stdin.close()
        process.wait(30)


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def new_folder(name: str) -> Iterator[Path]:
    """An empty folder that is removed at the end."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def empty_store(address: str) -> Iterator[None]:
    """A new store on a server of its own, with Django set up, for the org at `address`."""
    home = FOLDER / "store"
    shutil.rmtree(home, ignore_errors=True)
    os.environ["ISTHMUS_HOME"] = str(home)
    os.environ["ISTHMUS_SALESFORCE_HOSTS"] = address.removeprefix("http://")
    os.environ.pop("DATABASE_URL", None)
    from isthmus.cli import session

    with session.database():
        yield
    shutil.rmtree(home, ignore_errors=True)


class MemoryWatch:
    """Peak memory, in MB, of this process and of all processes of the database.

    The database's figure is the sum of proportional set sizes, so shared buffers count once.
    """

    def __init__(self) -> None:
        self.worker_mb = 0.0
        self.database_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        worker = psutil.Process()
        while not self._stop.wait(SAMPLE_SECONDS):
            self.worker_mb = max(self.worker_mb, worker.memory_info().rss / 1e6)
            self.database_mb = max(self.database_mb, _database_mb())


def _database_mb() -> float:
    total = 0
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "postgres":
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
    return total / 1e6


@contextmanager
def timed() -> Iterator[list[float]]:
    """A list that holds the seconds taken once the block has ended."""
    taken: list[float] = []
    started = time.monotonic()
    yield taken
    taken.append(time.monotonic() - started)
