"""Runs from the command line: what they print, what they leave, what they end with."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest

from isthmus import embedded
from journeys.conftest import LEADS
from journeys.processes import TERMINAL_COLUMNS, Isthmus, LocalOrg

COLUMNS = ["time", "level", "goal", "record id", "profile id", "field", "code", "message"]
PARTS = ("created", "updated", "unchanged", "removed")


def goals_of(run: Any) -> dict[str, Any]:
    return {goal["key"]: goal for goal in run["goals"]}


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


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


def test_the_log_has_a_line_for_each_record_that_was_not_merely_unchanged(ready: Isthmus) -> None:
    run = goals_of(ready.json("connection", "run", "acme", "--goal", "leads_in"))["leads_in"]

    logged = ready.expect("connection", "log", "acme")
    lines = lines_of(logged.out)

    assert list(lines[0]) == COLUMNS
    assert logged.err == ""
    assert lines[0]["code"] == "started"
    assert [line["code"] for line in lines[-2:]] == ["finished", "finished"]
    counted = Counter(line["code"] for line in lines if line["record id"])
    assert counted == Counter(
        {name: run[name] for name in ("created", "updated") if run[name]} | run["skipped"]
    )
    created = [line for line in lines if line["code"] == "created"]
    assert all(line["profile id"] and line["goal"] == "leads_in" for line in created)
    assert len({line["profile id"] for line in created}) == run["created"]


def test_the_log_of_problems_leaves_out_what_went_well(ready: Isthmus) -> None:
    ready.expect("connection", "run", "acme", status=3)

    everything = lines_of(ready.expect("connection", "log", "acme").out)
    problems = lines_of(ready.expect("connection", "log", "acme", "1", "--problems").out)

    assert [line for line in everything if line["level"] != "info"] == [
        line for line in problems if line["level"] != "info"
    ]
    told = [line for line in problems if line["level"] == "info"]
    assert all(line["record id"] == "" for line in told)
    assert len(problems) < len(everything)


def test_the_log_as_json_says_the_same(ready: Isthmus) -> None:
    ready.expect("connection", "run", "acme", status=3)

    document = ready.json("connection", "log", "acme")
    lines = lines_of(ready.expect("connection", "log", "acme").out)

    assert (document["connection"], document["run"]) == ("acme", 1)
    assert [
        {name: value or "" for name, value in line.items()} for line in document["lines"]
    ] == lines


def test_runs_are_listed_newest_first(ready: Isthmus) -> None:
    ready.expect("connection", "run", "acme", "--goal", "leads_in")
    ready.expect("connection", "run", "acme", status=3)

    listed = ready.json("connection", "runs", "acme")["runs"]

    assert [(run["number"], run["state"]) for run in listed] == [(2, "problems"), (1, "finished")]
    assert ready.json("connection", "runs", "acme", "--limit", "1")["runs"] == listed[:1]
    table = ready.expect("connection", "runs", "acme").out
    assert [line.split()[:2] for line in table.splitlines()[1:]] == [
        ["2", "problems"],
        ["1", "finished"],
    ]
    assert max(map(len, table.splitlines())) <= TERMINAL_COLUMNS
    shown = ready.json("connection", "show", "acme")
    assert shown["last_run"]["number"] == 2
    assert shown["org_id"].startswith("00D")
    assert "client_secret" not in str(shown)


def test_a_check_reads_nothing_and_writes_nothing(ready: Isthmus) -> None:
    checked = ready.json("connection", "check", "acme")

    assert checked["ok"]
    found = {each["what"]: each["detail"] for each in checked["findings"]}
    assert "integration@localorg.example" in found["sign-in"]
    assert "API calls" in found
    assert found["goal leads_in"].endswith("fields of Lead can be read")
    assert found["goal contacts_out"] == "4 fields of Contact can be written"
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


def test_a_reader_that_goes_away_ends_the_log_quietly(ready: Isthmus) -> None:
    ready.expect("connection", "run", "acme", "--goal", "leads_in")

    with ready.start("connection", "log", "acme") as log:
        assert log.process.stdout is not None
        log.process.stdout.close()
        log.process.stdout = None
        ended = log.end()

    assert (ended.status, ended.err) == (141, "")


def memory_of_log(isthmus: Isthmus) -> tuple[int, int]:
    """Lines of the last run's log, and the most memory that writing it took, in MiB."""
    import os

    with isthmus.start("connection", "log", "acme") as log:
        assert log.process.stdout is not None
        lines = sum(1 for _ in log.process.stdout)
        _, status, usage = os.wait4(log.process.pid, 0)
    assert status == 0
    return lines, usage.ru_maxrss // 1024


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


def test_profiles_are_found_by_what_is_known_of_them(ready: Isthmus, tmp_path: Path) -> None:
    ready.expect("connection", "run", "acme", "--goal", "leads_in")
    lines = lines_of(ready.expect("connection", "log", "acme").out)
    lead = next(line for line in lines if line["code"] == "created")
    shown = ready.json("profiles", "show", lead["profile id"])
    held = {each["property"]: each["value"] for each in shown["identifiers"]}
    assert held["salesforce_id"] == lead["record id"]
    assert shown["links"][0]["record_id"] == lead["record id"]
    assert (shown["links"][0]["connection"], shown["links"][0]["goal"]) == ("acme", "leads_in")

    values = [
        lead["record id"],
        lead["record id"][:15],
        lead["profile id"],
        lead["profile id"].upper(),
    ]
    if "email" in held:
        values.append(f"  {held['email'].upper()} ")
        assert shown["segments"] == ["reachable"]
    for value in values:
        found = ready.json("profiles", "find", value)
        assert [each["profile_id"] for each in found["profiles"]] == [lead["profile id"]]
        assert found["more"] is False


def test_profiles_are_found_by_properties(ready: Isthmus) -> None:
    ready.expect("connection", "run", "acme", "--goal", "leads_in")

    found = ready.json("profiles", "find", "--property", "sources=WEB", "--limit", "10000")
    few = ready.json("profiles", "find", "--property", "sources=web", "--limit", "2")
    both = ready.json(
        "profiles", "find", "--property", "sources=web", "--property", "email=", "--limit", "10000"
    )

    assert found["profiles"]
    assert all("Web" in each["properties"]["sources"] for each in found["profiles"])
    assert (few["profiles"], few["more"]) == (found["profiles"][:2], True)
    without = [each for each in found["profiles"] if each["properties"]["email"] is None]
    assert both["profiles"] == without
    said = ready.expect("profiles", "find", "--property", "sources=web", "--limit", "2")
    assert len(said.out.splitlines()) >= 3
    assert "There are more than 2." in said.err
    nobody = ready.expect("profiles", "find", "nobody@example.com")
    assert (nobody.out, nobody.err) == ("", "No profile has that.\n")


def test_a_segment_is_counted_as_its_conditions_say(ready: Isthmus) -> None:
    ready.expect("connection", "run", "acme", "--goal", "leads_in")

    counted = ready.json("segment", "count", "reachable")["profiles"]

    everyone = ready.json("profiles", "count")["profiles"]
    without = ready.json("profiles", "find", "--property", "email=", "--limit", "10000")
    assert counted == everyone - len(without["profiles"])
    assert ready.expect("segment", "count", "reachable").out == f"{counted:,}\n"
