"""What --json promises: one document on standard output, and nothing else there."""

import json
from pathlib import Path

import pytest

from journeys.cli.conftest import STORE
from journeys.processes import Isthmus

READING = {
    "audit": "entries",
    "audit --connection acme": "entries",
    "config export": "connections",
    f"config plan {STORE}": "changes",
    "connection list": "connections",
    "connection show acme": "authorization",
    "connection runs acme": "runs",
    "profiles count": "profiles",
    "profiles find nobody": "profiles",
    "segment list": "segments",
    "segment count reachable": "profiles",
}


@pytest.mark.parametrize("arguments", READING)
def test_a_reading_command_prints_one_document(standing: Isthmus, arguments: str) -> None:
    ended = standing.expect(*arguments.split(), "--json")

    assert READING[arguments] in json.loads(ended.out)
    assert ended.err == ""


def test_a_doctor_finds_what_is_wrong(standing: Isthmus) -> None:
    ended = standing.expect("doctor", "--json", status=3)

    document = json.loads(ended.out)
    assert document["ok"] is False
    assert [each["what"] for each in document["findings"] if not each["ok"]] == ["connection acme"]


def test_a_run_that_cannot_start_leaves_standard_output_empty(standing: Isthmus) -> None:
    ended = standing.expect("connection", "check", "acme", "--json", status=1)

    assert ended.out == ""
    assert ended.err.startswith("Error: ")


def test_empty_lists_say_what_to_do_to_people_and_nothing_to_programs(isthmus: Isthmus) -> None:
    for group, word in (("connection", "connections"), ("segment", "segments")):
        said = isthmus.expect(group, "list")
        assert said.out == ""
        assert f"Add one under `{word}`" in said.err
        ended = isthmus.expect(group, "list", "--json")
        assert (json.loads(ended.out), ended.err) == ({word: []}, "")


def test_a_fresh_folder_needs_migrating_and_then_is_well(place: Path) -> None:
    isthmus = Isthmus(home=place / "new")

    before = isthmus.json("doctor", status=3)
    isthmus.expect("migrate")
    isthmus.expect("migrate")
    after = isthmus.expect("doctor")

    problems = [each for each in before["findings"] if not each["ok"]]
    assert [each["what"] for each in problems] == ["tables"]
    assert "isthmus migrate" in problems[0]["detail"]
    assert [line.split()[0] for line in after.out.splitlines() if line[0] != " "] == ["ok"] * 11
