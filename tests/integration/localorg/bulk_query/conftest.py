from collections.abc import Iterator

import pytest

from integration.localorg.bulk_query.jobs import BulkClient
from unit.localorg.soql.sample_org import SampleOrg, build, load


@pytest.fixture(scope="module")
def sample() -> SampleOrg:
    return build(load("data.yaml"))


@pytest.fixture(scope="module")
def client(sample: SampleOrg) -> Iterator[BulkClient]:
    client = BulkClient(sample.store, sample.now)
    yield client
    client.org.close()
