"""One org and one server for all histories; a store for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from histories.organization import SETUP, Organization, describe
from integration.conftest import new_database, server, store
from integration.importing.histories import PROPERTIES
from localorg.testing import LocalOrgSettings, running

pytest.register_assert_rewrite("histories.world", "histories.comparing")

__all__ = ["new_database", "server", "store"]


@pytest.fixture(scope="session")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organization]:
    """A running org without records."""
    setup = tmp_path_factory.mktemp("localorg") / "setup.yaml"
    Path(setup).write_text(SETUP)
    with running(LocalOrgSettings(setup=setup)) as org:
        organization = Organization(org=org, objects=describe(org))
        yield organization
        organization.close()


@pytest.fixture
def world(
    store: Connection[Any], organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> Connection[Any]:
    """A store with the properties of the histories, which may sign in to the org."""
    # Models can be imported only once Django is ready, which the other conftest sees to.
    from integration import set_up
    from isthmus.connections.sign_in import HOSTS_SETTING

    set_up.new_properties(PROPERTIES.values())
    monkeypatch.setenv(HOSTS_SETTING, organization.org.url.removeprefix("http://"))
    return store


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the histories came to."""
    for report in terminalreporter.getreports(""):
        told = [text for name, text in getattr(report, "user_properties", ()) if name == "played"]
        for text in told:
            terminalreporter.write_line(f"histories: {text}")
