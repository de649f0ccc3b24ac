"""Dry runs from the command line: what they print, and that they leave nothing."""

import re
from typing import Any

from journeys.conftest import LEADS
from journeys.processes import TERMINAL_COLUMNS, Isthmus, LocalOrg

COUNTS = ("received", "created", "updated", "unchanged", "removed", "skipped", "problems")
WRITING = re.compile(r"/(composite|sobjects|jobs/ingest)")


def goal_of(document: Any, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {goal["key"]: goal for goal in document["goals"]}[key]
    return found


def written(org: LocalOrg) -> list[str]:
    """Requests of the org's log that could have changed a record."""
    found = org.read("requests")["requests"]
    return [
        f"{each['method']} {each['path']}"
        for each in found
        if each["method"] != "GET" and WRITING.search(each["path"])
    ]


def test_a_dry_run_says_what_the_run_then_does_and_leaves_nothing(
    ready: Isthmus, org: LocalOrg
) -> None:
    dry = ready.json("connection", "run", "acme", "--goal", "leads_in", "--dry-run")
    assert ready.json("profiles", "count") == {"profiles": 0}
    assert ready.json("connection", "runs", "acme")["runs"] == []
    ran = ready.json("connection", "run", "acme", "--goal", "leads_in")
    assert ran["number"] == 1
    said, did = goal_of(dry, "leads_in"), goal_of(ran, "leads_in")
    assert {name: said[name] for name in COUNTS} == {name: did[name] for name in COUNTS}
    assert said["received"] == LEADS
    # How often a job is asked whether it is done depends on the org.
    assert ran["api_calls"] / 2 < said["api_calls"] < ran["api_calls"] * 2

    dry = ready.json("connection", "run", "acme", "--goal", "contacts_out", "--dry-run", status=3)
    assert written(org) == []
    ran = ready.json("connection", "run", "acme", "--goal", "contacts_out", status=3)
    assert written(org)
    said, did = goal_of(dry, "contacts_out"), goal_of(ran, "contacts_out")
    sent = did["created"] + did["updated"] + sum(did["failed"].values())
    assert said["created"] + said["updated"] == sent
    assert ran["api_calls"] / 2 < said["api_calls"] < ran["api_calls"] * 2
    assert said["skipped"] == did["skipped"]


def test_a_dry_run_prints_samples_and_finds_a_record(ready: Isthmus) -> None:
    dry = ready.expect("connection", "run", "acme", "--goal", "leads_in", "--dry-run")
    assert "leads_in (import): preview finished in" in dry.out
    assert "Created (first 3 of" in dry.out
    assert "(empty) → " in dry.out
    assert "Nothing was written, here or in Salesforce." in dry.out
    assert re.search(r"The run would need about \d+ API calls\.", dry.out)
    assert max(map(len, dry.out.splitlines())) <= TERMINAL_COLUMNS

    document = ready.json("connection", "run", "acme", "--goal", "leads_in", "--dry-run")
    row = next(each for each in goal_of(document, "leads_in")["sample"] if each["record_id"])
    one = ready.json(
        *("connection", "run", "acme", "--goal", "leads_in", "--dry-run"),
        *("--record", row["record_id"][:15]),
    )
    (found,) = goal_of(one, "leads_in")["found"]
    assert (found["outcome"], found["after"]) == (row["outcome"], row["after"])
    nobody = ready.expect(
        *("connection", "run", "acme", "--goal", "leads_in", "--dry-run", "--record", "nobody")
    )
    assert "nobody is none of those that the run would read." in nobody.err


def test_a_record_is_asked_for_with_a_dry_run_only(ready: Isthmus) -> None:
    ended = ready.expect("connection", "run", "acme", "--record", "x", status=2)
    assert "--record goes with --dry-run only." in ended.err
