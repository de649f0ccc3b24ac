from collections.abc import Iterator

import pytest

from integration.salesforce.little_org import LittleOrg, connect
from isthmus.salesforce import Salesforce


@pytest.fixture
def little_org() -> Iterator[LittleOrg]:
    org = LittleOrg()
    yield org
    org.close()


@pytest.fixture
def client(little_org: LittleOrg) -> Iterator[Salesforce]:
    with connect(little_org) as found:
        yield found
