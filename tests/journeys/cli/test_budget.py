"""Two connections of one org, worked on by several processes, never pass the share together."""

import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from journeys.cli.test_stopping import session
from journeys.cli.test_workers import working
from journeys.processes import PATIENCE_SECONDS, SECRET, Isthmus, LocalOrg, running_org, seed_org
from localorg.testing import LocalOrg as OrgClient

LEADS, CONTACTS = 240, 180
LIMIT, PERCENT = 120, 30
SHARE = LIMIT * PERCENT // 100
DAY = timedelta(hours=24)

OTHER = """\
connections:
  - key: other
    name: Other
    settle_seconds: 0
    schedule: {by_hand: true}
    authorization:
      flow: client_credentials
      login_url: ${LOCALORG_URL}
      client_id: localorg
      client_secret: ${LOCALORG_SECRET}
    goals:
      - key: contacts_in
        import: Contact
        match: [{field: Id, identifier: salesforce_id}]
        create_profiles: true
        fields: [{field: LastName, property: last_name}]
"""


@pytest.fixture
def small_org(tmp_path: Path) -> Iterator[LocalOrg]:
    """An org of few API calls, whose results come in many small pages."""
    data = tmp_path / "small.org"
    seed_org(data, leads=LEADS, contacts=CONTACTS)
    with running_org(data, number=7) as org:
        org.control("limits", {"DailyApiRequests": LIMIT})
        org.control("jobs", {"page_records": 8})
        yield org


def eventually(seen: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not seen():
        assert time.monotonic() < limit
        time.sleep(0.1)


def calls(org: LocalOrg) -> list[datetime]:
    """When Isthmus made API calls, by the org's own log and clock."""
    return [
        datetime.fromisoformat(each["moment"])
        for each in org.read("requests?client=Isthmus")["requests"]
        if "/services/data/v" in each["path"] and each["status"] != 401
    ]


def most_in_a_day(org: LocalOrg) -> int:
    moments = calls(org)
    return max(sum(begin <= each < begin + DAY for each in moments) for begin in moments)


def let_a_day_pass(org: LocalOrg, store: psycopg.Connection[Any]) -> None:
    """Time goes by for the org, and for what is written in the store."""
    hours = 26
    with store.transaction():
        # What counts no longer would stand in the way.
        store.execute("DELETE FROM connections_orgcalls WHERE hour <= now() - interval '25:05'")
        store.execute(
            f"UPDATE connections_orgcalls SET hour = hour - interval '{hours} hours'"  # noqa: S608
        )
        store.execute(
            f"UPDATE connections_run SET wait_until = wait_until - interval '{hours} hours'"  # noqa: S608
        )
        org.control("clock", {"advance_seconds": hours * 3600})


def test_two_connections_in_two_workers_share_an_org_and_both_come_to_their_end(
    isthmus: Isthmus, small_org: LocalOrg, document: Path, place: Path
) -> None:
    command = isthmus.set(**small_org.environment, ISTHMUS_WORKER_LOOK_SECONDS="0.2")
    command.expect("config", "apply", str(document))
    client = OrgClient(url=small_org.url, client_secret=SECRET)
    org_id = client.access_token()[:15]
    more = place / "other.yaml"
    share = f"orgs: [{{id: {org_id}, api_share_percent: {PERCENT}}}]\n"
    more.write_text(share + OTHER, encoding="utf-8")
    command.expect("config", "apply", str(more))
    assert command.expect("config", "plan", str(more)).status == 0
    small_org.control("faults", {"kind": "latency", "path": "/results", "seconds": 0.2, "count": 0})

    with session(command) as store:
        days = _work_off(command, small_org, store)
        assert days > 1
        assert most_in_a_day(small_org) <= SHARE
        created = 0
        for key, number in (("acme", LEADS), ("other", CONTACTS)):
            counts = state_of(store, key)["counts"]
            assert counts["received"] == number, counts
            created += counts["created"]
        found = store.execute("SELECT count(*), sum(p_employees) FROM store.profile").fetchone()
    # Each lead was added once: a sum tells of any that was read and applied twice, or left out.
    soql = "SELECT+SUM(NumberOfEmployees)+total+FROM+Lead+WHERE+IsConverted=false"
    answer = client.call("GET", f"/services/data/v62.0/query?q={soql}")
    assert found == (created, int(answer["records"][0]["total"]))


def _work_off(command: Isthmus, org: LocalOrg, store: psycopg.Connection[Any]) -> int:
    """Let both runs come to their end, whatever it takes; how many days it took."""
    with working(command, "--concurrency", "1") as killed:
        command.expect("connection", "run", "acme", "--goal", "leads_in", "--no-wait")
        eventually(lambda: len(calls(org)) > SHARE // 3)
        assert state_of(store, "acme")["state"] == "running"
        killed.send(signal.SIGKILL)
        killed.end()
    command.expect("connection", "run", "other", "--no-wait")
    days = 0
    with working(command), working(command):
        while not all_are(store, "finished"):
            eventually(lambda: all_are(store, "waiting", "finished"))
            assert most_in_a_day(org) <= SHARE
            if days == 0:
                assert all_are(store, "waiting")
                said = command.expect("connection", "runs", "acme").out
                assert "waits for API calls until" in said
                assert f"Isthmus has used the {SHARE} API calls" in " ".join(said.split())
            days += 1
            assert days < 12
            let_a_day_pass(org, store)
            eventually(lambda: not is_due(store))
    return days


def state_of(store: psycopg.Connection[Any], key: str) -> dict[str, Any]:
    row = store.execute(
        "SELECT run.state, part.counts FROM connections_run AS run "
        "JOIN connections_connection AS connection ON connection.id = run.connection_id "
        "LEFT JOIN connections_rungoal AS part ON part.run_id = run.id WHERE connection.key = %s",
        [key],
    ).fetchone()
    assert row is not None
    return {"state": row[0], "counts": row[1]}


def all_are(store: psycopg.Connection[Any], *states: str) -> bool:
    return all(state_of(store, key)["state"] in states for key in ("acme", "other"))


def is_due(store: psycopg.Connection[Any]) -> bool:
    """Whether a run still waits for a moment that has come."""
    due = "SELECT FROM connections_run WHERE state = 'waiting' AND wait_until <= now()"
    return store.execute(due).fetchone() is not None
