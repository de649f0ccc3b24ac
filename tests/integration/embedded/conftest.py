"""Data folders, and processes that use their servers."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture
def home(base: Path) -> Iterator[Path]:
    """A data folder; a test that leaves a server's process behind fails."""
    path = base / "home"
    yield path
    left = server_processes(path)
    embedded.stop(path)
    assert left == []


@pytest.fixture
def user() -> Iterator[Callable[..., User]]:
    """Start processes that use a server; those still there at the end are killed."""
    started: list[User] = []

    def start(home: Path, **options: Any) -> User:
        started.append(User(home, **options))
        return started[-1]

    yield start
    for each in started:
        each.end()
