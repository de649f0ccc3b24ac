"""The commands that talk to a running org."""

import json
import subprocess
import sys
from typing import Any

import pytest

from integration.localorg.org_client import OrgClient, V

COMMAND = [sys.executable, "-c", "from localorg.cli import main; main()"]


def run(client: OrgClient, *words: str, code: int = 0) -> str:
    """What a command prints: on standard error where it is to fail."""
    done = subprocess.run(
        [*COMMAND, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"COLUMNS": "400", "PATH": "/usr/bin", "TERM": "dumb", "LOCALORG_URL": client.base},
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else " ".join(done.stderr.split())


def told(client: OrgClient, *words: str) -> Any:
    return json.loads(run(client, *words))


def test_faults_are_planned_listed_and_taken_back(client: OrgClient) -> None:
    planned = told(
        client,
        *("fault", "add", "http", "--path", "/limits", "--status", "429", "--count", "2"),
        *("--header", "Retry-After: 5", "--body", "slow down", "--content-type", "text/plain"),
    )
    answer = client.call("GET", V + "/limits")
    assert (answer.status, answer.text, answer.headers["retry-after"]) == (429, "slow down", "5")
    [listed] = told(client, "fault", "list")
    assert (listed["id"], listed["happened"]) == (planned["id"], 1)
    run(client, "fault", "remove", str(planned["id"]))
    run(client, "fault", "add", "edge_html", "--probability", "1", "--count", "0")
    run(client, "fault", "clear")
    assert told(client, "fault", "list") == []
    assert "session_expired" in run(client, "fault", "kinds")


def test_an_org_is_reset_copied_and_restored(client: OrgClient) -> None:
    told(client, "control", "reset", "--leads", "5", "--now", "2026-02-01T00:00:00Z", "--freeze")
    told(client, "control", "snapshot", "five")
    client.insert("Lead", LastName="L", Company="C")
    assert [entry["name"] for entry in told(client, "control", "snapshots")] == ["five"]
    told(client, "control", "restore", "five")
    counted = client.call("GET", V + "/query?q=SELECT+COUNT()+FROM+Lead").json["totalSize"]
    assert counted == 5
    run(client, "control", "forget", "five")
    assert told(client, "control", "snapshots") == []
    told(client, "control", "reset")
    assert told(client, "control", "seed", "--leads", "3", "--contacts", "0")["leads"] == 3


def test_the_clock_is_shown_and_moved(client: OrgClient) -> None:
    assert told(client, "control", "clock")["now"] == "2026-01-31T12:00:00.000Z"
    moved = told(client, "control", "clock", "--set", "2027-01-01T00:00:00Z", "--freeze")
    assert (moved["now"], moved["frozen"]) == ("2027-01-01T00:00:00.000Z", True)
    assert told(client, "control", "clock", "--advance", "-60")["now"].startswith(
        "2026-12-31T23:59"
    )
    assert told(client, "control", "clock", "--reset")["frozen"] is False


def test_users_work_at_once_and_late(client: OrgClient) -> None:
    record_id = client.insert("Lead", LastName="L", Company="C")
    work = ("control", "activity", "Lead", "--id", record_id)
    told(client, *work, "--field", "Title=Dr", "--field", "NumberOfEmployees=7")
    record = client.record("Lead", record_id)
    assert (record["Title"], record["NumberOfEmployees"]) == ("Dr", 7)
    late = told(client, *work, "--field", "Title", "--commit-after", "600")["transaction"]
    told(client, "control", "activity", "Lead", "--action", "delete", "--commit-after", "600")
    first, second = told(client, "control", "transactions")
    assert first["id"] == late["id"]
    run(client, "control", "commit", str(first["id"]))
    run(client, "control", "rollback", str(second["id"]))
    assert client.record("Lead", record_id)["Title"] != "Dr"


def test_requests_are_shown_and_forgotten(client: OrgClient) -> None:
    client.call("GET", V + "/limits")
    client.call("GET", V + "/nothing")
    assert told(client, "control", "requests", "--status", "404")["count"] == 1
    run(client, "control", "requests", "--clear")
    assert told(client, "control", "requests")["requests"] == []
    assert told(client, "control", "end-sessions") == {"ended": 1}


def test_any_endpoint_can_be_asked(client: OrgClient) -> None:
    order = json.dumps({"advance_seconds": 60})
    moved = told(client, "control", "call", "post", "/clock", order)
    assert moved["now"] == "2026-01-31T12:01:00.000Z"
    assert "is no part of this request" in run(
        client, "control", "call", "POST", "/clock", '{"a": 1}', code=2
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fault", "add", "fire"), "The fault 'fire' is unknown. Known are: http,"),
        (("fault", "add", "http", "--header", "x"), "'x' is no header. Write it like"),
        (("fault", "remove", "77"), "There is no fault 77."),
        (("control", "restore", "nowhere"), "There is no snapshot 'nowhere'."),
        (("control", "clock", "--set", "noon"), "'set' has to be a moment"),
        (("control", "activity", "Leed"), "'object' has to be an object of the org"),
        (("control", "activity", "Lead", "--field", "A", "--field", "B=1"), "Give all fields a"),
        (("control", "call", "GET", "clock"), "has to begin with a slash"),
        (("control", "call", "GET", "/nothing"), "answers 404 to GET /_localorg/nothing"),
        (("control", "snapshot", "../x y"), "answers 404 to POST /_localorg/snapshots/..%2Fx%20y"),
        (("control", "snapshot", "x y"), "'x y'"),
        (("control", "clock", "--url", "http://127.0.0.1:1"), "Start it with --control."),
    ],
)
def test_wrong_input_is_explained(client: OrgClient, words: tuple[str, ...], said: str) -> None:
    assert said in run(client, *words, code=2)
