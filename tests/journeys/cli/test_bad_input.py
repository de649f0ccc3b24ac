"""What can't work is refused with words that help, the right status, and nothing half done."""

import socket
from pathlib import Path
from typing import Any

import pytest

from journeys.cli.bad_inputs import CASES, spoiled
from journeys.cli.conftest import CLOSED
from journeys.processes import Isthmus


def unwrapped(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def exported(standing: Isthmus) -> str:
    return standing.expect("config", "export").out


@pytest.mark.parametrize("case", CASES["documents"], ids=lambda case: case["name"])
def test_a_document_that_cannot_be_applied_changes_nothing(
    standing: Isthmus, exported: str, document: Path, case: dict[str, Any]
) -> None:
    words = spoiled(document, case)

    ended = standing.expect("config", "apply", str(document), status=2)

    assert ended.out == ""
    assert "Traceback" not in ended.err
    for each in words:
        assert each in ended.err
    assert standing.expect("config", "export").out == exported


def test_all_problems_of_a_document_are_said_at_once(standing: Isthmus, document: Path) -> None:
    for case in CASES["documents"][1:3]:
        spoiled(document, case)

    ended = standing.expect("config", "plan", str(document), status=2)

    assert "2 problems" in ended.err
    assert "'titel'" in ended.err
    assert "'reachables'" in ended.err


def test_a_wrong_secret_fails_the_run_and_a_right_one_heals_it(
    acme: Isthmus, document: Path
) -> None:
    acme.set(LOCALORG_SECRET="wrong").expect("config", "apply", str(document))

    for command in ("check", "run"):
        ended = acme.expect("connection", command, "acme", status=1)
        assert ended.out == ""
        assert "Salesforce refused to sign in" in ended.err
        assert "Check the client id and secret" in ended.err
        assert "wrong" not in ended.err
    assert acme.json("connection", "runs", "acme")["runs"][0]["state"] == "failed"
    assert acme.json("profiles", "count") == {"profiles": 0}

    acme.expect("config", "apply", str(document))
    acme.expect("connection", "run", "acme", "--goal", "leads_in")


def test_a_host_that_nobody_answers_at_is_said_to_be_unreachable(standing: Isthmus) -> None:
    ended = standing.expect("connection", "check", "acme", status=1)
    found = standing.json("doctor", status=3)["findings"][-1]

    assert CLOSED in ended.err
    assert "Check the host name, this machine's network, DNS and firewall" in ended.err
    assert (found["what"], found["ok"]) == ("connection acme", False)
    assert CLOSED in found["detail"]


def test_a_host_that_is_no_longer_allowed_gets_no_secret(ready: Isthmus) -> None:
    elsewhere = ready.set(ISTHMUS_SALESFORCE_HOSTS="")

    ended = elsewhere.expect("connection", "run", "acme", status=1)

    assert "is not a host that secrets may be sent to" in ended.err
    assert ready.json("profiles", "count") == {"profiles": 0}


def test_a_connection_that_is_off_says_why_it_does_not_run(acme: Isthmus, document: Path) -> None:
    text = document.read_text().replace("    name: Acme\n", "    name: Acme\n    active: false\n")
    document.write_text(text)
    acme.expect("config", "apply", str(document))

    ended = acme.expect("connection", "run", "acme", status=1)

    assert "Connection 'acme' is switched off" in ended.err
    assert "active: true" in ended.err
    assert ended.out == ""
    assert acme.json("connection", "runs", "acme")["runs"] == []
    acme.expect("connection", "check", "acme")


def test_a_connection_without_an_active_goal_says_so(acme: Isthmus, document: Path) -> None:
    text = document.read_text()
    for key in ("leads_in", "contacts_out"):
        text = text.replace(f"- key: {key}\n", f"- key: {key}\n        active: false\n")
    document.write_text(text)
    acme.expect("config", "apply", str(document))

    assert "has no active goal" in acme.expect("connection", "run", "acme", status=1).err
    acme.expect("connection", "run", "acme", "--goal", "leads_in")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("connection run acme --goal leads", "There is no goal 'leads'. There are: leads_in"),
        ("connection run nobody", "There is no connection 'nobody'. There are: acme."),
        ("connection show nobody", "There is no connection 'nobody'"),
        ("connection check nobody", "There is no connection 'nobody'"),
        ("connection runs nobody", "There is no connection 'nobody'"),
        ("connection log nobody", "There is no connection 'nobody'"),
        ("connection log acme", "There is no run 'last'. There are: none yet."),
        ("connection log acme 7", "There is no run '7'"),
        ("segment count reachabel", "There is no segment 'reachabel'. Did you mean 'reachable'?"),
        ("segment count reachable --timezone Mars", "Time zone 'Mars' is not known"),
        ("profiles show 01890a5d-ac96-774b-bcce-b302099a8057", "There is no profile with the id"),
        ("profiles show jane", "There is no profile with the id 'jane'"),
        ("profiles find", "Nothing to look for was given"),
        ("profiles find --property title", "'title' is no condition"),
        ("profiles find --property titel=x", "Did you mean 'title'?"),
        ("profiles find --property employees=many", "whole number"),
        ("profiles find x --limit 0", "--limit"),
        ("config plan nowhere.yaml", "'nowhere.yaml' can't be read (No such file or directory)"),
        ("config apply /", "'/' can't be read (Is a directory)"),
        ("config export --output /nowhere/store.yaml", "'/nowhere/store.yaml' can't be written"),
        ("config plam x", "plan"),
        ("connection run acme --dry", "--dry"),
        ("nothing", "nothing"),
    ],
)
def test_a_wrong_word_is_misuse(standing: Isthmus, arguments: str, says: str) -> None:
    ended = standing.expect(*arguments.split(), status=2)

    assert ended.out == ""
    assert says in unwrapped(ended.err)
    assert "Traceback" not in ended.err


def test_a_document_that_is_not_utf_8_says_where(isthmus: Isthmus, document: Path) -> None:
    document.write_bytes(b"properties: \xff")

    ended = isthmus.expect("config", "plan", str(document), status=2)

    assert "is not UTF-8 (byte 13 is 0xff)" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        "migrate",
        "config export",
        "connection list",
        "connection run acme",
        "profiles count",
        "segment list",
    ],
)
def test_a_database_that_is_gone_is_said_to_be(place: Path, arguments: str) -> None:
    away = Isthmus(home=place / "home").set(DATABASE_URL=f"postgresql://me:hush@{CLOSED}/isthmus")

    ended = away.expect(*arguments.split(), status=1)

    assert "The database went away or can't be reached" in ended.err
    assert "port 9" in ended.err
    assert "hush" not in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_an_address_that_is_none_is_not_repeated(place: Path) -> None:
    away = Isthmus(home=place / "home").set(DATABASE_URL="postgres:/me:hush@host")

    ended = away.expect("connection", "list", status=2)

    assert "DATABASE_URL is no address of a database" in ended.err
    assert "hush" not in ended.err


def test_a_traceback_is_there_for_those_who_ask(place: Path) -> None:
    away = Isthmus(home=place / "home").set(
        DATABASE_URL=f"postgresql://{CLOSED}/isthmus", ISTHMUS_DEBUG="1"
    )

    ended = away.expect("connection", "list", status=1)

    assert "Traceback" in ended.err
    assert "The database went away" in ended.err.splitlines()[-1]


def test_a_port_that_is_closed_is_closed() -> None:
    host, port = CLOSED.split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0
