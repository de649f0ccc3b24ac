"""Data folders, and processes that use their servers."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integration.embedded.users import User, server_processes
from isthmus import embedded


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a short path that other accounts may pass."""
    path = Path(tempfile.mkdtemp(prefix="pg"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A data folder whose database was created and stopped, to be copied."""
    path = Path(tempfile.mkdtemp(prefix="pg"))
    with embedded.running(path):
        pass
    yield path
    shutil.rmtree(path)


@pytest.fixture
def home(new_home: Path, template: Path) -> Path:
    """A data folder whose database exists; else like `new_home`."""
    subprocess.run(["cp", "-a", template, new_home], check=True)
    return new_home


@pytest.fixture
def new_home(base: Path) -> Iterator[Path]:
    """The path of a data folder to be; a test that leaves a server's process behind fails."""
    path = base / "home"
    yield path
    left = server_processes(path)
    embedded.stop(path)
    assert left == []


@pytest.fixture
def user() -> Iterator[Callable[..., User]]:
    """Start processes that use a server; those still there at the end are killed."""
    started: list[User] = []

    def start(home: Path, *user_id: int) -> User:
        started.append(User(home, *user_id))
        return started[-1]

    yield start
    for each in started:
        each.end()
