from collections.abc import Iterator

import pytest

from unit.localorg.soql.sample_org import SampleOrg, build, load


@pytest.fixture(scope="session")
def sample() -> Iterator[SampleOrg]:
    org = build(load("data.yaml"))
    yield org
    org.store.close()
