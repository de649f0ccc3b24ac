"""Made-up cases have the statuses that the org's set-up file gives them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integration.localorg.org_client import OrgClient, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.resetting import Sizes, fill
from localorg.seed import change_records
from localorg.settings import Settings
from localorg.setup_file import org_schema, parse
from localorg.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SETUP = """
objects:
  Case:
    fields:
      - name: Status
        restricted: true
        values: [Open, Waiting, {value: Solved, closed: true}, {value: Lost, active: false}]
        default: Open
"""
STATUSES = {"Open", "Waiting", "Solved"}


@pytest.fixture
def org() -> Org:
    setup = parse(SETUP, "setup.yaml")
    clock = Clock(lambda: NOW)
    store = Store(":memory:", org_schema(setup), NOW)
    org = Org(store, clock, Settings(control=True), setup)
    fill(org, Sizes(cases=200))
    return org


@pytest.fixture
def client(org: Org) -> Iterator[OrgClient]:
    with serving(org) as client:
        yield client


def read(org: Org) -> list[tuple[str, int, str | None]]:
    with org.store.read() as connection:
        return connection.execute('SELECT Status, IsClosed, ClosedDate FROM "Case"').fetchall()


def test_seeded_cases_have_them(client: OrgClient, org: Org) -> None:
    cases = read(org)
    assert {status for status, _, _ in cases} == STATUSES
    for status, closed, date in cases:
        assert bool(closed) == (status == "Solved") == (date is not None)
    assert sum(closed for _, closed, _ in cases) > 100


def test_cases_that_users_change_have_them(client: OrgClient, org: Org) -> None:
    order = {"object": "Case", "action": "change", "count": 200}
    answer = client.send("POST", "/_localorg/activity", body=json.dumps(order).encode())
    assert answer.status == 200, answer.text
    change_records(org.store, "Case", 200, 5, NOW + timedelta(minutes=1))
    assert {status for status, _, _ in read(org)} <= STATUSES
