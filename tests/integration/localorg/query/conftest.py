from collections.abc import Iterator

import pytest

from integration.localorg.query.in_process import Client
from unit.localorg.soql.sample_org import SampleOrg, build, load


@pytest.fixture(scope="module")
def sample() -> SampleOrg:
    return build(load("data.yaml"))


@pytest.fixture(scope="module")
def client(sample: SampleOrg) -> Iterator[Client]:
    client = Client(sample.store, sample.now)
    yield client
    client.org.close()
