"""One org and one migrated database for the session; each test begins with both as new."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from psycopg import Connection

# Sets Django up, so it comes before everything that has models.
import integration.conftest as fixtures
from integration import set_up
from isthmus.cli import session
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.salesforce import ClientCredentials, ClientSettings, HostPolicy, Salesforce
from localorg.testing import LocalOrg, LocalOrgSettings, running
from named.wire import Wire
from named.world import PROPERTIES, World, connect, new_segment

server, new_database, store = fixtures.server, fixtures.new_database, fixtures.store

SETTINGS = ClientSettings(read_seconds=20, first_pause_seconds=0.01, longest_pause_seconds=0.02)
BEGINNING = "2026-01-31T12:00:00Z"
LONGEST_NAP_SECONDS = 0.02


@pytest.fixture(scope="session")
def one_org() -> Iterator[LocalOrg]:
    """The one running org of the session, as the tests before have left it."""
    setup = Path(__file__).with_name("org.yaml")
    with running(LocalOrgSettings(setup=setup)) as org:
        org.control("POST", "clock", {"set": BEGINNING, "freeze": True})
        org.control("PUT", "snapshots/at-start")
        yield org


@pytest.fixture
def org(one_org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalOrg]:
    """An empty org whose clock stands still."""
    monkeypatch.setenv("ISTHMUS_SALESFORCE_HOSTS", one_org.url.removeprefix("http://"))
    yield one_org
    one_org.control("DELETE", "transactions")
    one_org.control("POST", "jobs", {"page_records": 50_000, "progress": "at_once"})
    one_org.reset()


@pytest.fixture(autouse=True)
def _short_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are for real networks."""
    real = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: real(min(seconds, LONGEST_NAP_SECONDS)))
    # Of clients that the executor makes.
    monkeypatch.setattr("isthmus.salesforce.client.ClientSettings", lambda: SETTINGS)


def client(org: LocalOrg, settings: ClientSettings = SETTINGS) -> tuple[Salesforce, Wire]:
    """A client of the org, and the wire that it talks over."""
    wire = Wire(settings)
    credentials = ClientCredentials(
        login_url=org.url, client_id=org.client_id, client_secret=org.client_secret
    )
    hosts = HostPolicy(frozenset({org.url.removeprefix("http://")}))
    return Salesforce(credentials, hosts=hosts, settings=settings, transport=wire), wire


@pytest.fixture
def world(store: Connection[Any], org: LocalOrg) -> Iterator[World]:
    """An empty store with properties and a segment, an empty org, and a connection of the two."""
    set_up.new_properties(PROPERTIES)
    new_segment()
    salesforce, wire = client(org)
    connection = connect(org)
    with salesforce:
        connection.org_id = salesforce.org_id
        connection.save()
        yield World(store=store, org=org, wire=wire, salesforce=salesforce, connection=connection)


@pytest.fixture
def browser(world: World) -> Iterator[Client]:
    """An administrator's, signed in."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, ALLOWED_HOSTS=["localhost"]):
        alice = accounts.add(
            "alice@example.com", "a quiet harbour", name="Alice", role=Role.ADMINISTRATOR
        )
        alice.sees_personal_data = True
        alice.save()
        found = Client(headers={"host": "localhost:8000"})
        answer = found.post(
            "/sign-in", {"email": "alice@example.com", "password": "a quiet harbour"}
        )
        assert answer.status_code == 302
        yield found


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands use the test's store."""

    @contextmanager
    def database(*, migrated: bool = True) -> Iterator[None]:
        del migrated
        yield

    monkeypatch.setattr(session, "database", database)
