from collections.abc import Iterator

import pytest

from behaviour.organizations import REAL_URL, Organization, organization

FOR_LOCALORG_ALONE = "needs fields or endpoints that a plain developer org does not have"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let these tests reach a real org that the environment names, and skip what it can't have."""
    for item in items:
        if REAL_URL and "behaviour" in item.path.parts:
            item.add_marker(pytest.mark.enable_socket)
            if item.get_closest_marker("localorg_alone"):
                item.add_marker(pytest.mark.skip(reason=FOR_LOCALORG_ALONE))


@pytest.fixture(scope="session")
def whole_org(request: pytest.FixtureRequest) -> Iterator[Organization]:
    """The org for all tests of the session."""
    with organization() as org:
        yield org


@pytest.fixture
def org(whole_org: Organization) -> Organization:
    """The org, which tests share: they make their own records and look at those alone."""
    return whole_org
