"""The demo as a user starts it: it ends by itself, comes again, and leaves nothing behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from isthmus.cli.demo import serving
from isthmus.cli.web import DEFAULT_PORT, check_free
from journeys.cli.test_stopping import WRITER_LOCK, session
from journeys.cli.test_web import Browser
from journeys.cli.test_workers import wait_until
from journeys.processes import Isthmus

PATIENCE_SECONDS = 120
SIZE = 200
NAMES = ("Address", "User", "Password")


def processes_of(home: Path) -> list[psutil.Process]:
    """All that work with the folder: they name it, are told it, or stand in it as the database."""
    found = []
    for process in psutil.process_iter():
        try:
            told = process.environ().get("ISTHMUS_HOME", "")
            named = str(home) in " ".join([told, *process.cmdline()])
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


def wait_for(process: "subprocess.Popen[str]", words: str) -> str:
    """What was said until then."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} was not said, but: {said}")


def access(said: str) -> tuple[str, str, str]:
    """Address, user and password, as they are printed."""
    address, user, password = (
        re.findall(rf"^ +{name} +(.+)$", said, re.MULTILINE)[0] for name in NAMES
    )
    return address, user, password


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


def test_the_pages_stay_up_with_a_worker_for_whoever_signs_in_as_it_says(place: Path) -> None:
    with demo(place) as process:
        address, user, password = access(wait_for(process, "Ctrl-C ends it all"))
        browser = Browser(address)
        page = browser.send("/sign-in", email=user, password=password)
        assert not page.url.endswith("/sign-in")
        assert "Demo" in page.read().decode()
        command = Isthmus(home=place / "demo")
        assert command.json("user", "list")["users"][0]["sees_personal_data"]
        with session(command) as blocking:
            # So few records are through before somebody can see that a run is under way.
            blocking.execute(WRITER_LOCK)
            command.expect("connection", "run", "demo", "--full", "--no-wait")
            wait_until(command, 4, "running", key="demo")
            asked_at = time.monotonic()
            os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert time.monotonic() - asked_at < 5
    assert not wait_until_none(place)


def test_the_password_is_kept_for_the_demos_owner_alone_and_a_chosen_one_is_left_as_it_is(
    place: Path,
) -> None:
    kept = place / "demo" / "password"
    with demo(place) as process:
        said = wait_for(process, "Ctrl-C ends it all")
        command = Isthmus(home=place / "demo")
        chosen = "chosen by somebody"
        command.run("user", "password", access(said)[1], "--password-stdin", stdin=f"{chosen}\n")
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert access(said)[2] == kept.read_text().strip()
    assert kept.stat().st_mode & 0o777 == 0o600
    with demo(place) as process:
        said = wait_for(process, "Ctrl-C ends it all")
        address, user, password = access(said)
        assert "the one that you chose" in password
        page = Browser(address).send("/sign-in", email=user, password=chosen)
        assert not page.url.endswith("/sign-in")
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def test_a_port_that_is_taken_is_said_before_anything_is_made(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with demo(place, "--port", port) as process:
            _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert port in errors
    assert not (place / "demo").exists()


def test_the_usual_port_gives_way_where_it_is_taken() -> None:
    with ExitStack() as stack:
        with suppress(OSError):  # somebody else may hold it
            stack.enter_context(socket.create_server(("127.0.0.1", DEFAULT_PORT)))
        port = serving.port_for(None)
        assert port != DEFAULT_PORT
        check_free("127.0.0.1", port)


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
