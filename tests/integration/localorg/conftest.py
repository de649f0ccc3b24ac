from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integration.localorg.org_client import OrgClient, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def org() -> Org:
    """An org without records at noon on 31 January 2026, closed by `client` when it ends."""
    clock = Clock(lambda: START)
    store = Store(":memory:", standard_schema(), START)
    return Org(store, clock, Settings(control=True))


@pytest.fixture
def client(org: Org) -> Iterator[OrgClient]:
    """A signed-in client of the running `org`."""
    with serving(org) as client:
        client.sign_in()
        yield client
