"""`isthmus up`: all that is needed, kept running, and ended by one Ctrl-C."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from isthmus import embedded
from journeys.cli.test_workers import ENDS, wait_until
from journeys.processes import PATIENCE_SECONDS, Going, Isthmus, LocalOrg, free_port


@pytest.fixture
def alone(place: Path, home_template: Path, org: LocalOrg, document: Path) -> Isthmus:
    """The command with the set-up applied, and with no database running."""
    shutil.copytree(home_template, place / "home")
    command = Isthmus(home=place / "home").set(**org.environment, ISTHMUS_WORKER_LOOK_SECONDS="0.2")
    command.expect("config", "apply", str(document))
    return command


@contextmanager
def up(isthmus: Isthmus) -> Iterator[Going]:
    """Everything, with the worker standing ready and the pages served."""
    with isthmus.start("up", "--port", str(free_port())) as going:
        going.wait_for("worker ready")
        going.wait_for("Pages: ")
        going.wait_for("\n")
        yield going


@contextmanager
def asked(going: Going, path: str = "/health") -> Iterator[http.client.HTTPConnection]:
    """A connection to the pages that stays open after an answer."""
    port = re.findall(r"Pages: http://localhost:(\d+)", going.said)[0]
    with closing(http.client.HTTPConnection("localhost", int(port), timeout=30)) as browser:
        browser.request("GET", path)
        answer = browser.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        yield browser


def pages_come_back(going: Going) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with asked(going):
                return
        except OSError:
            assert time.monotonic() < limit, going.said
            time.sleep(0.1)


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


def program_of(going: Going, name: str) -> psutil.Process:
    children = psutil.Process(going.process.pid).children()
    (found,) = (each for each in children if name in each.cmdline())
    return found


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


def test_ctrl_c_ends_all_as_soon_while_browsers_hold_on_and_a_run_is_under_way(
    alone: Isthmus, org: LocalOrg
) -> None:
    with up(alone) as going, asked(going), asked(going, "/start"), asked(going) as slow:
        slow.putrequest("POST", "/start")
        slow.putheader("Content-Length", "100")
        slow.endheaders(b"code=")  # and never the rest
        org.process.send_signal(signal.SIGSTOP)
        alone.expect("connection", "run", "acme", "--no-wait")
        wait_until(alone, 1, "running")
        asked_at = time.monotonic()
        going.send(signal.SIGINT)
        ended = going.end()
        took = time.monotonic() - asked_at

    assert (ended.status, took < 5) == (0, True), took
    assert processes_of(alone.home) == []
    assert "Traceback" not in ended.err


def test_the_first_account_can_be_made_at_the_address_and_with_the_code_that_it_says(
    alone: Isthmus,
) -> None:
    with up(alone) as going:
        going.wait_for("with this code: ")
        with asked(going, "/start"):
            pass
        going.send(signal.SIGINT)
        assert re.search(r"with this code: [A-Z0-9]{4}(-[A-Z0-9]{4}){3}\n", going.end().err)
    alone.run("user", "add", "alice@example.com", "--password-stdin", stdin="a quiet harbour\n")
    with up(alone) as going:
        going.send(signal.SIGINT)
        assert "code" not in going.end().err


def test_a_port_that_is_taken_is_said_before_anything_starts(place: Path) -> None:
    command = Isthmus(home=place / "new")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = command.expect("up", "--port", port, status=1)
    assert port in ended.err
    assert "--port" in ended.err
    assert not (place / "new").exists()


@pytest.mark.parametrize("part", ["all", "what serves"])
def test_pages_that_die_are_served_again_at_the_same_address(alone: Isthmus, part: str) -> None:
    with up(alone) as going:
        pages_come_back(going)
        web = program_of(going, "web")
        (serving,) = web.children()
        killed = {"all": web, "what serves": serving}[part]
        killed.kill()
        killed.wait(PATIENCE_SECONDS)
        serving.wait(PATIENCE_SECONDS)
        pages_come_back(going)
        going.send(signal.SIGINT)
        ended = going.end()
    assert ended.status == 0
    assert ("The web application ended (signal 9)" in ended.err) == (part == "all")
    assert processes_of(alone.home) == []


def test_a_worker_that_dies_is_started_again(alone: Isthmus) -> None:
    with up(alone) as going:
        program_of(going, "worker").kill()
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


def test_with_a_log_as_json_every_line_of_every_process_is_json(alone: Isthmus) -> None:
    with alone.start("up", "--port", str(port := free_port()), "--log", "json") as going:
        going.wait_for("worker ready")
        going.wait_for("Pages: ")
        with closing(http.client.HTTPConnection("localhost", port, timeout=30)) as browser:
            for path in ("/sign-in?next=/ada@example.com", "/nothing"):
                browser.request("GET", path)
                browser.getresponse().read()
        alone.expect("connection", "run", "acme", status=3)
        going.send(signal.SIGINT)
        said = going.end().err

    lines = [json.loads(line) for line in said.splitlines()]
    assert all({"time", "level", "event", "process"} <= line.keys() for line in lines)
    requests = [(line.get("route"), line["status"]) for line in lines if line["event"] == "request"]
    assert [route for route, _ in requests] == ["sign-in", None]
    assert requests[1][1] == 404
    assert {"worker ready", "run begun", "run ended", "note"} <= {line["event"] for line in lines}
    assert lines[-1]["message"] == "All ended."
    assert "ada" not in said
