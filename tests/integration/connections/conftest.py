"""An org to sign in to, for the tests that need one."""

from collections.abc import Iterator

import pytest

from integration.connections import orgs
from localorg.testing import LocalOrg


@pytest.fixture(scope="session")
def org_process() -> Iterator[LocalOrg]:
    with orgs.serving_org() as org:
        yield org


@pytest.fixture
def org(org_process: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> LocalOrg:
    monkeypatch.setenv("ISTHMUS_SALESFORCE_HOSTS", "127.0.0.1:*")
    orgs.renew(org_process)
    return org_process
