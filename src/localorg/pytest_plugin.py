"""Fixtures that give tests a Salesforce org on this machine.

In the `conftest.py` at the root of the tests:

    pytest_plugins = ["localorg.pytest_plugin"]

A test that asks for `localorg_org` gets a running org that is as new: it is one process for the
whole session, and after each test its records, ids and clock go back to where they were.

What a new org has is set in pytest's configuration (`localorg_setup`, `localorg_seed`,
`localorg_leads`, `localorg_contacts`, `localorg_persons`, `localorg_cases`) or by a fixture
`localorg_settings` of your own.
"""

from collections.abc import Iterator

import pytest

from localorg.testing import LocalOrg, LocalOrgSettings, running

_SIZES = ("leads", "contacts", "persons", "cases")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings of a new org to pytest's configuration."""
    parser.addini("localorg_setup", "File of objects, users and apps of localorg.", type="paths")
    parser.addini("localorg_seed", "Number that localorg's made-up records depend on.", default="1")
    for size in _SIZES:
        parser.addini(f"localorg_{size}", f"Made-up {size} of localorg.", default="0")


@pytest.fixture(scope="session")
def localorg_settings(pytestconfig: pytest.Config) -> LocalOrgSettings:
    """What a new org has; define a fixture of this name to say so yourself."""
    setup = pytestconfig.getini("localorg_setup")
    return LocalOrgSettings(
        setup=setup[0] if setup else None,
        seed=_whole(pytestconfig, "seed"),
        leads=_whole(pytestconfig, "leads"),
        contacts=_whole(pytestconfig, "contacts"),
        persons=_whole(pytestconfig, "persons"),
        cases=_whole(pytestconfig, "cases"),
    )


@pytest.fixture(scope="session")
def localorg_process(localorg_settings: LocalOrgSettings) -> Iterator[LocalOrg]:
    """The one running org of the session, as the tests before have left it."""
    with running(localorg_settings) as org:
        yield org


@pytest.fixture
def localorg_org(localorg_process: LocalOrg) -> Iterator[LocalOrg]:
    """A running org that is as new."""
    yield localorg_process
    localorg_process.reset()


def _whole(config: pytest.Config, name: str) -> int:
    text = config.getini(f"localorg_{name}")
    if not text.isdecimal():
        message = f"localorg_{name} is {text!r}; it has to be a whole number such as 100."
        raise pytest.UsageError(message)
    return int(text)
