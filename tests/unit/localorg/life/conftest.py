from collections.abc import Iterator

import pytest

from unit.localorg.dml.dml_org import DmlOrg


@pytest.fixture
def org() -> Iterator[DmlOrg]:
    org = DmlOrg()
    yield org
    org.store.close()
