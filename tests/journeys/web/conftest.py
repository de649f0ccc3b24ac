"""Pages from real processes, looked at in a real browser."""

import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from journeys.processes import PATIENCE_SECONDS, Isthmus, LocalOrg, free_port
from journeys.web import browsing
from journeys.web.browsing import ALICE, Pages

SET_UP = Path(__file__).parents[2] / "cases" / "cli" / "store.yaml"


# A browser for each module: while one runs, nothing else of this process can use an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.started() as found:
        yield found


@contextmanager
def going(isthmus: Isthmus, *arguments: str) -> Iterator[Path]:
    """A command that goes on; the file of what it says. It is asked to end at the end."""
    said = isthmus.home / f"{arguments[0]}.said"
    with (
        said.open("wb") as file,
        subprocess.Popen(
            [*isthmus.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=isthmus.variables(),
        ) as process,
    ):
        try:
            yield said
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def pages_of(isthmus: Isthmus, browser: Browser) -> Iterator[Pages]:
    """`isthmus web` over a store that is up; nothing may go wrong in the browser meanwhile."""
    port = free_port()
    found = Pages(isthmus=isthmus, address=f"http://localhost:{port}", browser=browser)
    with going(isthmus, "web", "--port", str(port)) as said:
        wait_for_answer(found.address, said)
        yield found
        found.end()


def wait_for_answer(address: str, said: Path) -> None:
    """Wait until the pages are served."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health"):  # noqa: S310 - our own process
                return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < limit, said.read_text()
            time.sleep(0.05)


def code_said(said: Path) -> str:
    """The code for the first account, which is said once the pages are served."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not (found := re.findall(r"with this code: ([A-Z0-9-]{19})", said.read_text())):
        assert time.monotonic() < limit, said.read_text()
        time.sleep(0.05)
    (code,) = found
    return str(code)


@pytest.fixture
def pages(isthmus: Isthmus, browser: Browser) -> Iterator[Pages]:
    """The pages of an empty store with one account: Alice, an administrator."""
    with pages_of(isthmus, browser) as found:
        found.add(ALICE, "--name", "Alice")
        yield found


@pytest.fixture
def first_pages(isthmus: Isthmus, browser: Browser) -> Iterator[Pages]:
    """The pages of a store that nobody has an account in."""
    with pages_of(isthmus, browser) as found:
        yield found


@pytest.fixture
def working(isthmus: Isthmus, org: LocalOrg, browser: Browser) -> Iterator[Pages]:
    """The pages of a store with a worker and a connection `acme` to an org of its own.

    `working.isthmus` runs commands with all that it takes to reach the org.
    """
    command = isthmus.set(**org.environment, ISTHMUS_WORKER_LOOK_SECONDS="0.2")
    command.expect("config", "apply", str(SET_UP))
    with going(command, "worker"), pages_of(command, browser) as found:
        found.add(ALICE, "--name", "Alice")
        yield found


@pytest.fixture
def said_by_web(isthmus: Isthmus) -> Path:
    """The file of what `isthmus web` says."""
    return isthmus.home / "web.said"
