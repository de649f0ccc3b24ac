"""`isthmus up`: all that is needed, kept running, and ended by one Ctrl-C."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from isthmus import embedded
from journeys.cli.test_workers import ENDS, wait_until
from journeys.processes import PATIENCE_SECONDS, Going, Isthmus, LocalOrg


@pytest.fixture
def alone(place: Path, home_template: Path, org: LocalOrg, document: Path) -> Isthmus:
    """The command with the set-up applied, and with no database running."""
    shutil.copytree(home_template, place / "home")
    command = Isthmus(home=place / "home").set(**org.environment, ISTHMUS_WORKER_LOOK_SECONDS="0.2")
    command.expect("config", "apply", str(document))
    return command


@contextmanager
def up(isthmus: Isthmus) -> Iterator[Going]:
    """Everything, with the worker standing ready."""
    with isthmus.start("up") as going:
        going.wait_for("worker ready")
        yield going


def processes_of(home: Path) -> list[psutil.Process]:
    """Those that have the data folder in their environment, or stand in it."""
    found = []
    for process in psutil.process_iter():
        try:
            named = process.environ().get("ISTHMUS_HOME") == str(home)
            inside = process.cwd().startswith(str(home))
            if (named or inside) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def worker_of(going: Going) -> psutil.Process:
    (worker,) = (
        each for each in psutil.Process(going.process.pid).children() if "worker" in each.cmdline()
    )
    return worker


def test_ctrl_c_ends_all_within_5_seconds_and_leaves_no_process(alone: Isthmus) -> None:
    with up(alone) as going:
        alone.expect("connection", "run", "acme", status=3)
        started = processes_of(alone.home)
        asked_at = time.monotonic()
        going.send(signal.SIGINT)
        ended = going.end()
        took = time.monotonic() - asked_at

    assert len(started) > 2
    assert (ended.status, took < 5) == (0, True)
    assert processes_of(alone.home) == []
    assert f"Database: embedded, in {alone.home}" in ended.err
    assert "Worker: process" in ended.err
    assert ended.err.splitlines()[-1] == "All ended."
    assert "Traceback" not in ended.err


def test_a_worker_that_dies_is_started_again(alone: Isthmus) -> None:
    with up(alone) as going:
        worker_of(going).kill()
        going.wait_for("The worker runs again")
        alone.expect("connection", "run", "acme", "--no-wait")
        wait_until(alone, 1, *ENDS)
        going.send(signal.SIGTERM)
        assert "The worker ended (signal 9)" in going.end().err


def test_a_database_that_dies_is_started_again(alone: Isthmus) -> None:
    with up(alone) as going:
        server = embedded.status(alone.home).process_id
        assert server is not None
        os.kill(server, signal.SIGKILL)
        going.wait_for("database back")
        alone.expect("connection", "run", "acme", status=3)
        going.send(signal.SIGINT)
        assert going.end().status == 0
    assert processes_of(alone.home) == []


def test_all_ends_with_it_even_where_it_was_killed(alone: Isthmus) -> None:
    with up(alone) as going:
        going.send(signal.SIGKILL)
        limit = time.monotonic() + PATIENCE_SECONDS
        while left := processes_of(alone.home):
            assert time.monotonic() < limit, left
            time.sleep(0.1)
