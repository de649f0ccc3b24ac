"""The demo as a user starts it: it ends by itself, comes again, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

PATIENCE_SECONDS = 120
SIZE = 200


def processes_of(home: Path) -> list[psutil.Process]:
    """All processes that work with the folder: those that name it, and the database inside."""
    found = []
    for process in psutil.process_iter():
        try:
            named = str(home) in " ".join(process.cmdline())
            inside = process.cwd().startswith(str(home)) and process.pid != os.getpid()
        except psutil.Error:
            continue
        if (named or inside) and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def wait_until_none(home: Path) -> list[psutil.Process]:
    """What is left once there was time to end."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while (left := processes_of(home)) and time.monotonic() < limit:
        time.sleep(0.1)
    return left


@contextmanager
def demo(home: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """The demo, in a group of its own as a terminal gives it."""
    with subprocess.Popen(
        [sys.executable, "-m", "isthmus", "demo", "--size", str(SIZE), *options],
        env={**os.environ, "ISTHMUS_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def played(home: Path) -> "subprocess.CompletedProcess[str]":
    """The demo from start to end."""
    return subprocess.run(
        [sys.executable, "-m", "isthmus", "demo", "--once", "--json", "--size", str(SIZE)],
        env={**os.environ, "ISTHMUS_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def wait_for(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"{words!r} was not said")


def test_it_ends_by_itself_and_tells_every_count(place: Path) -> None:
    ended = played(place)
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert [goal["goal"] for goal in document["goals"]] == [
        *["leads_in", "contacts_in", "persons_in"] * 2,
        *["readers_out", "persons_out"],
    ]
    for goal in document["goals"]:
        parts = sum(goal[name] for name in ("created", "updated", "unchanged", "removed"))
        parts += sum(goal["skipped"].values()) + sum(goal["failed"].values())
        assert goal["received"] == parts, goal
    first = document["goals"][0]
    assert first["received"] == SIZE
    changed = document["goals"][3]
    assert changed["received"] == document["changed"]["Lead"]
    assert document["profiles"] > SIZE
    assert not processes_of(place)


def test_a_second_time_it_uses_what_is_there(place: Path) -> None:
    first, second = json.loads(played(place).stdout), json.loads(played(place).stdout)
    assert second["profiles"] == first["profiles"]
    # What users of the org changed at the end of the first time is in; nothing is made again.
    assert all(goal["created"] == 0 for goal in second["goals"][:3])


@pytest.mark.parametrize("words", ["Making an org", "Set up from", "Ctrl-C ends it all"])
def test_ctrl_c_leaves_no_process_behind(place: Path, words: str) -> None:
    with demo(place) as process:
        wait_for(process, words)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode in (0, 130)
    assert not wait_until_none(place)


def test_after_kill_9_the_org_ends_and_the_next_start_cleans_up(place: Path) -> None:
    with demo(place) as process:
        wait_for(process, "Ctrl-C ends it all")
        process.kill()
        process.communicate()
    limit = time.monotonic() + PATIENCE_SECONDS
    while any("localorg" in " ".join(p.cmdline()) for p in processes_of(place)):
        assert time.monotonic() < limit
        time.sleep(0.1)
    ended = played(place)
    assert ended.returncode == 0, ended.stderr
    assert not processes_of(place)
