"""Runs that wait for a yes, and runs of a few records, from the command line."""

from typing import Any

from journeys.conftest import LEADS
from journeys.processes import Isthmus, LocalOrg

WAITS = 4
STOPPED = 130
GUARDED = "connections: [{key: acme, settle_seconds: 0, name: Acme, confirm_above: 10}]\n"


def _asking(ready: Isthmus, org: LocalOrg) -> Isthmus:
    """A connection that asks above 10 %, with half of the leads changed since they came in."""
    document = ready.home / "guarded.yaml"
    document.write_text(GUARDED)
    ready.expect("config", "apply", str(document))
    ready.expect("connection", "run", "acme", "--goal", "leads_in")
    org.edit("Lead", LEADS // 2)
    return ready


def _run(isthmus: Isthmus, *more: str, status: int = 0) -> Any:
    words = ("connection", "run", "acme", "--goal", "leads_in", *more)
    return isthmus.json(*words, status=status)


def test_a_run_that_asks_is_left_waiting_and_let_go_on_by_command(
    ready: Isthmus, org: LocalOrg
) -> None:
    isthmus = _asking(ready, org)
    waits = _run(isthmus, status=WAITS)
    (goal,) = waits["goals"]
    assert (waits["state"], goal["asked"]["agreed_by"]) == ("confirming", None)
    assert goal["asked"]["changes"] > goal["asked"]["of"] / 10

    behind = isthmus.expect("connection", "run", "acme", status=WAITS)
    assert "Run 3 is queued behind a run that waits." in behind.out
    assert "Run 2 of acme waits for confirmation until" in behind.out
    assert "isthmus connection confirm acme" in behind.err

    confirmed = isthmus.expect("connection", "confirm", "acme", "--by", "Ada")
    assert "Run 2 of acme goes on." in confirmed.out
    assert "No run of connection 'acme' waits" in isthmus.run("connection", "confirm", "acme").err
    isthmus.run("connection", "run", "acme")
    runs = {each["number"]: each for each in isthmus.json("connection", "runs", "acme")["runs"]}
    assert (runs[2]["state"], runs[2]["confirmed_by"]) == ("finished", "Ada")
    assert runs[2]["goals"][0]["updated"] == goal["asked"]["updated"]


def test_a_run_that_asks_is_agreed_to_beforehand_or_stopped(ready: Isthmus, org: LocalOrg) -> None:
    isthmus = _asking(ready, org)
    _run(isthmus, status=WAITS)
    stopped = isthmus.json("connection", "stop", "acme")
    assert stopped["state"] == "stopped"
    assert stopped["message"].startswith("The command line did not agree to it.")
    assert _run(isthmus, "--yes")["goals"][0]["updated"] > 0


def test_on_a_terminal_somebody_is_asked_and_answers(ready: Isthmus, org: LocalOrg) -> None:
    isthmus = _asking(ready, org)
    words = ("connection", "run", "acme", "--goal", "leads_in")
    left = isthmus.on_terminal(*words, typed=b"\x04")
    assert left.status == WAITS, left.out
    assert "Run 2 of acme waits for confirmation until" in left.out
    assert "Let it run: isthmus connection confirm acme." in left.out

    isthmus.expect("connection", "stop", "acme")
    refused = isthmus.on_terminal(*words, typed=b"n\n")
    # What is typed may be echoed before the blank behind the question.
    assert "Let it run? [y/N]:" in " ".join(refused.out.split())
    assert refused.status == STOPPED, refused.out
    assert "The command line did not agree to it." in " ".join(refused.out.split())

    agreed = isthmus.on_terminal(*words, typed=b"y\n")
    assert agreed.status == 0, agreed.out
    assert "finished" in agreed.out
    runs = isthmus.json("connection", "runs", "acme")["runs"]
    assert [each["state"] for each in runs[:3]] == ["finished", "stopped", "stopped"]
    assert runs[0]["confirmed_by"] == "command line"


def test_a_few_records_are_taken_for_real_and_refused_in_words(
    ready: Isthmus, org: LocalOrg
) -> None:
    few = _run(ready, "--first", "25")
    assert (few["first"], few["goals"][0]["received"]) == (25, 25)
    assert _run(ready)["goals"][0]["received"] == LEADS
    shown = ready.expect("connection", "run", "acme", "--goal", "leads_in", "--first", "2")
    assert "first 2 only, finished" in shown.out
    for words, said in (
        (("--first", "0"), "from 1 to 1,000,000"),
        (("--only", "x"), "Name the goal"),
        (("--goal", "leads_in", "--only", "x"), "no id of a Salesforce record"),
    ):
        assert said in ready.run("connection", "run", "acme", *words).err
