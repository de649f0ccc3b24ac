"""Runs from the command line: what they print, what they leave, what they end with."""

import os
from typing import Any

import psycopg
import pytest

from isthmus import embedded
from journeys.conftest import LEADS
from journeys.processes import TERMINAL_COLUMNS, Isthmus, LocalOrg

PARTS = ("created", "updated", "unchanged", "removed")


def goals_of(run: Any) -> dict[str, Any]:
    return {goal["key"]: goal for goal in run["goals"]}


def test_a_second_run_changes_nothing(ready: Isthmus, org: LocalOrg) -> None:
    first = goals_of(ready.json("connection", "run", "acme", status=3))
    profiles = ready.json("profiles", "count")["profiles"]
    org.control("clock", {"advance_seconds": 2})
    second = goals_of(ready.json("connection", "run", "acme", status=3))

    assert first["leads_in"]["received"] == LEADS
    assert first["leads_in"]["created"] == profiles
    for goal in (*first.values(), *second.values()):
        accounted = sum(goal[part] for part in PARTS)
        accounted += sum(goal["skipped"].values()) + sum(goal["failed"].values())
        assert goal["received"] == accounted
    for goal in second.values():
        assert goal["created"] == goal["updated"] == goal["removed"] == 0
    assert ready.json("profiles", "count")["profiles"] == profiles


def test_only_what_changed_comes_in_and_full_takes_everything(
    ready: Isthmus, org: LocalOrg
) -> None:
    ready.expect("connection", "run", "acme", "--goal", "leads_in")
    edited = org.edit("Lead", 17)

    changed = goals_of(ready.json("connection", "run", "acme", "--goal", "leads_in"))
    everything = goals_of(ready.json("connection", "run", "acme", "--goal", "leads_in", "--full"))

    assert list(changed) == ["leads_in"]
    assert edited == changed["leads_in"]["received"] == 17
    assert everything["leads_in"]["received"] == LEADS
    assert everything["leads_in"]["updated"] == 0


def test_a_run_prints_what_it_did_and_says_how_far_it_is_elsewhere(ready: Isthmus) -> None:
    ran = ready.expect("connection", "run", "acme", status=3)

    assert "Run 1 of acme: finished with problems" in ran.out
    assert "leads_in (import): finished" in ran.out
    assert f"  received     {LEADS}\n" in ran.out
    assert "    deleted " in ran.out
    assert "First problems" in ran.out
    assert "All of them: isthmus connection log acme 1 --problems" in ran.out
    assert max(map(len, ran.out.splitlines())) <= TERMINAL_COLUMNS
    assert "\x1b" not in ran.out + ran.err
    assert "leads_in: matching and merging\n" in ran.err
    assert "contacts_out: finished with problems in" in ran.err
    assert "received" not in ran.err


def test_a_check_reads_nothing_and_writes_nothing(ready: Isthmus) -> None:
    checked = ready.json("connection", "check", "acme")

    assert checked["ok"]
    found = {each["what"]: each["detail"] for each in checked["findings"]}
    assert "integration@localorg.example" in found["sign-in"]
    assert "API calls" in found
    assert found["goal leads_in"].endswith("fields of Lead can be read")
    of_export = [each for each in checked["findings"] if each["what"] == "goal contacts_out"]
    assert of_export[0]["detail"] == "4 fields of Contact can be written"
    assert all(each["ok"] for each in of_export)
    assert any("LastName takes at most 80 characters" in each["detail"] for each in of_export)
    assert ready.json("connection", "runs", "acme") == {"connection": "acme", "runs": []}


def test_a_failed_job_fails_its_goal_and_the_next_run_makes_up_for_it(
    ready: Isthmus, org: LocalOrg
) -> None:
    words = "InvalidBatch : Field name not found : Titel"
    org.control("faults", {"kind": "bulk_job_failed", "error_message": words, "count": 1})

    failed = ready.expect("connection", "run", "acme", "--goal", "leads_in", status=1)
    assert "leads_in (import): failed" in failed.out
    assert words in " ".join(failed.out.split())
    assert ready.json("profiles", "count") == {"profiles": 0}

    run = goals_of(ready.json("connection", "run", "acme", "--goal", "leads_in"))
    assert run["leads_in"]["received"] == LEADS


def memory_of_log(isthmus: Isthmus) -> tuple[int, int]:
    """Lines of the last run's log, and the most memory that writing it took, in MiB."""
    with isthmus.start("connection", "log", "acme") as log:
        assert log.process.stdout is not None
        lines = sum(1 for _ in log.process.stdout)
        _, status, usage = os.wait4(log.process.pid, 0)
    assert status == 0
    return lines, usage.ru_maxrss // 1024


def test_what_salesforce_refused_is_an_error_in_the_log(ready: Isthmus) -> None:
    ready.expect("connection", "run", "acme", "--goal", "leads_in")
    with (
        embedded.running(ready.home) as server,
        psycopg.connect(server.conninfo) as session,
    ):
        session.execute(
            """INSERT INTO store.run_problem (run_goal, record_id, code, message)
            SELECT id, '003000000000001AAA', code, 'Words of ' || code
            FROM connections_rungoal, (VALUES ('DUPLICATE_VALUE'), ('too_long')) AS v (code)"""
        )

    document = ready.json("connection", "log", "acme", "--problems")

    told = {line["code"]: line["level"] for line in document["lines"] if line["record id"]}
    assert told == {"DUPLICATE_VALUE": "error", "too_long": "warning"}


@pytest.mark.slow
def test_a_long_log_streams(ready: Isthmus) -> None:
    ready.expect("connection", "run", "acme", "--goal", "leads_in")
    short, little = memory_of_log(ready)
    with (
        embedded.running(ready.home) as server,
        psycopg.connect(server.conninfo) as session,
    ):
        session.execute(
            """INSERT INTO store.run_record (at, profile_id, run_goal, record_id, outcome)
            SELECT run.started_at, uuidv7(), part.id, 'record ' || n, 'updated'
            FROM connections_rungoal AS part
            JOIN connections_run AS run ON run.id = part.run_id
            CROSS JOIN generate_series(1, 400000) AS n"""
        )

    long, much = memory_of_log(ready)

    assert long == short + 400_000
    assert much < little + 16
