from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import localorg.setup_file
from integration.localorg.org_client import OrgClient, serving
from localorg import setup_file
from localorg.clock import Clock
from localorg.org import Org
from localorg.settings import Settings
from localorg.store import Store

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
EXAMPLE = Path(localorg.setup_file.__file__).with_name("example.yaml")


@pytest.fixture
def org() -> Org:
    """An org with the objects of the example, at noon on 31 January 2026."""
    setup = setup_file.read(EXAMPLE)
    schema = setup_file.org_schema(setup)
    setup.raise_problems()
    return Org(
        Store(":memory:", schema, START), Clock(lambda: START), Settings(control=True), setup
    )


@pytest.fixture
def client(org: Org) -> Iterator[OrgClient]:
    """A signed-in client of the running `org`."""
    with serving(org) as client:
        client.sign_in()
        yield client
