"""Data folders with a real database, and orgs, each in processes of their own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from isthmus import embedded
from journeys.processes import QUICK, Isthmus, LocalOrg, running_org, seed_org

LEADS, CONTACTS, PERSONS, CASES = 300, 120, 30, 20


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for the session whose path is short: PostgreSQL's sockets need that."""
    path = Path(tempfile.mkdtemp(prefix="journeys"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def home_template(folder: Path) -> Path:
    """A data folder with an empty, migrated store, to be copied.

    Its database does not wait for the disk: processes are killed here, but no power is cut.
    """
    path = folder / "home"
    ended = Isthmus(home=path).run("migrate")
    assert ended.status == 0, ended
    with (path / "postgresql" / "data" / "local.conf").open("a", encoding="ascii") as settings:
        settings.writelines(f"{name} = {value}\n" for name, value in QUICK.items())
    return path


@pytest.fixture(scope="session")
def org_template(folder: Path) -> Path:
    """The file of a seeded org, to be copied."""
    path = folder / "org.db"
    seed_org(path, seed=7, leads=LEADS, contacts=CONTACTS, persons=PERSONS, cases=CASES)
    return path


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder with a short path."""
    path = Path(tempfile.mkdtemp(prefix="journey"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def org(place: Path, org_template: Path) -> Iterator[LocalOrg]:
    """A running org of a few hundred records, for this test alone."""
    data = place / "org.db"
    shutil.copy(org_template, data)
    with running_org(data) as found:
        yield found


@pytest.fixture(scope="module")
def shared_org(folder: Path, org_template: Path) -> Iterator[LocalOrg]:
    """A running org that the tests of a module share: they only read it."""
    data = Path(tempfile.mkdtemp(dir=folder)) / "org.db"
    shutil.copy(org_template, data)
    with running_org(data) as found:
        yield found


@contextmanager
def store_in(home: Path, template: Path) -> Iterator[Isthmus]:
    """The command with an empty store. Its database stays up between commands, to save time."""
    shutil.copytree(template, home)
    with embedded.running(home):
        yield Isthmus(home=home)


@pytest.fixture
def isthmus(place: Path, home_template: Path) -> Iterator[Isthmus]:
    """The command with an empty store, for this test alone."""
    with store_in(place / "home", home_template) as command:
        yield command


@pytest.fixture(scope="module")
def shared_isthmus(folder: Path, home_template: Path) -> Iterator[Isthmus]:
    """The command with a store that the tests of a module share: they leave it as it is."""
    home = Path(tempfile.mkdtemp(dir=folder)) / "home"
    with store_in(home, home_template) as command:
        yield command


@pytest.fixture
def acme(isthmus: Isthmus, org: LocalOrg) -> Isthmus:
    """The command with what it takes to reach the org. Nothing is set up yet."""
    return isthmus.set(**org.environment)
