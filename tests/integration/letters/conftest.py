from collections.abc import Iterator
from typing import Any

import pytest

from integration import set_up
from integration.letters.post_office import PostOffice, free_port, opened
from isthmus.connections.models import Connection, Run, RunState

TEAM = ["ops@example.com", "crm@example.com"]


@pytest.fixture
def closed_office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    """A mail server that is set up and down."""
    office = PostOffice(port=free_port())
    monkeypatch.setenv("ISTHMUS_SMTP_URL", office.url)
    monkeypatch.setenv("ISTHMUS_SMTP_FROM", "isthmus@example.com")
    return office


@pytest.fixture
def office(closed_office: PostOffice) -> Iterator[PostOffice]:
    """A mail server that is set up and runs."""
    with opened(closed_office):
        yield closed_office


@pytest.fixture
def acme(store: Any) -> Connection:
    """A connection of which two people hear of problems and failures."""
    return set_up.new_connection(name="Acme", notify_to=TEAM)


def ended(connection: Connection, state: RunState, **given: Any) -> Run:
    """A run that has ended so; its letters are not written."""
    return Run.every.create(
        connection=connection,
        number=Run.every.filter(connection=connection).count() + 1,
        state=state,
        **given,
    )
