"""What all tests share: where files go, and a line for each client that localorg was tried with."""

import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import psutil
import pytest

_TRIED = ("passed", "failed", "error")
_CLIENTS = "tests/conformance/test_"
_MEMORY = Path("/dev/shm")  # noqa: S108 - each run makes a folder of its own there
_PREFIX = "it"
_ENOUGH_BYTES = 6 << 30
_files = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep what tests write in memory where there is room for it.

    Each test has a database of its own. A disk makes and removes one's 700 files in up to a
    second, which is longer than most tests take.
    """
    if hasattr(config, "workerinput") or os.environ.get("TMPDIR") or not _room_in_memory():
        return
    _remove_what_was_left()
    # Sockets of PostgreSQL need short paths, and other accounts have to pass.
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_MEMORY))
    folder.chmod(0o755)
    config.stash[_files] = folder
    # Processes of xdist and of tests follow the environment.
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the memory back."""
    if folder := config.stash.get(_files, None):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_what_was_left() -> None:
    """Give back the memory of runs that were killed."""
    for folder in _MEMORY.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _room_in_memory() -> bool:
    try:
        system = os.statvfs(_MEMORY)
        free = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return False
    available = int(free.split("MemAvailable:")[1].split()[0]) << 10
    room = min(available, system.f_bavail * system.f_frsize)
    return room > _ENOUGH_BYTES and not system.f_flag & os.ST_NOEXEC


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command that is tried in this process says where its log goes; later tests don't follow."""
    ours, root = logging.getLogger("isthmus"), logging.getLogger()
    kept = [(each, each.handlers, each.propagate, each.level) for each in (ours, root)]
    yield
    for each, handlers, propagate, level in kept:
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print each client, its version and how many tests it played, or that it was skipped."""
    clients = Counter(client for _, client in _client_reports(terminalreporter))
    failed = Counter(c for outcome, c in _client_reports(terminalreporter) if outcome != "passed")
    for client, count in sorted(clients.items()):
        result = f"{failed[client]} of {count} failed" if failed[client] else f"{count} passed"
        terminalreporter.write_line(f"localorg with {client}: {result}")
    for client, count in sorted(_skipped(terminalreporter).items()):
        terminalreporter.write_line(f"localorg with {client}: {count} skipped, not installed")


def _client_reports(terminalreporter: Any) -> Iterator[tuple[str, str]]:
    for outcome in _TRIED:
        for report in terminalreporter.stats.get(outcome, []):
            if isinstance(report, pytest.TestReport) and report.when == "call":
                yield from ((outcome, str(v)) for k, v in report.user_properties if k == "client")


def _skipped(terminalreporter: Any) -> "Counter[str]":
    paths = (report.nodeid.split("::")[0] for report in terminalreporter.stats.get("skipped", []))
    names = (PurePath(path).stem.removeprefix("test_") for path in paths if _CLIENTS in path)
    return Counter(name.replace("_", "-") for name in names)
