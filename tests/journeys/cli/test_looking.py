"""Looking at what runs did: logs, lists, profiles, segments. Nothing is changed here."""

import csv
import io
from collections import Counter

import psycopg
import pytest

from isthmus import embedded
from journeys.cli.conftest import STORE
from journeys.processes import TERMINAL_COLUMNS, Isthmus, LocalOrg

COLUMNS = ["time", "level", "goal", "record id", "profile id", "field", "code", "message"]


@pytest.fixture(scope="module")
def ran(shared_isthmus: Isthmus, shared_org: LocalOrg) -> Isthmus:
    """The command after two runs: the first of the leads, the second of all goals."""
    isthmus = shared_isthmus.set(**shared_org.environment)
    isthmus.expect("config", "apply", str(STORE))
    isthmus.expect("connection", "run", "acme", "--goal", "leads_in")
    isthmus.expect("connection", "run", "acme", status=3)
    return isthmus


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_log_has_a_line_for_each_record_that_was_not_merely_unchanged(ran: Isthmus) -> None:
    run = ran.json("connection", "runs", "acme")["runs"][1]["goals"][0]

    logged = ran.expect("connection", "log", "acme", "1")
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


def test_the_log_of_problems_leaves_out_what_went_well(ran: Isthmus) -> None:
    everything = lines_of(ran.expect("connection", "log", "acme").out)
    problems = lines_of(ran.expect("connection", "log", "acme", "2", "--problems").out)

    assert [line for line in everything if line["level"] != "info"] == [
        line for line in problems if line["level"] != "info"
    ]
    told = [line for line in problems if line["level"] == "info"]
    assert all(line["record id"] == "" for line in told)
    assert len(problems) < len(everything)


def test_the_log_as_json_says_the_same(ran: Isthmus) -> None:
    document = ran.json("connection", "log", "acme")
    lines = lines_of(ran.expect("connection", "log", "acme").out)

    assert (document["connection"], document["run"]) == ("acme", 2)
    assert [
        {name: value or "" for name, value in line.items()} for line in document["lines"]
    ] == lines


def test_runs_are_listed_newest_first(ran: Isthmus) -> None:
    listed = ran.json("connection", "runs", "acme")["runs"]

    assert [(run["number"], run["state"]) for run in listed] == [(2, "problems"), (1, "finished")]
    assert ran.json("connection", "runs", "acme", "--limit", "1")["runs"] == listed[:1]
    table = ran.expect("connection", "runs", "acme").out
    assert [line.split()[:2] for line in table.splitlines()[1:]] == [
        ["2", "problems"],
        ["1", "finished"],
    ]
    assert max(map(len, table.splitlines())) <= TERMINAL_COLUMNS
    shown = ran.json("connection", "show", "acme")
    assert shown["last_run"]["number"] == 2
    assert shown["org_id"].startswith("00D")
    assert "client_secret" not in str(shown)


def test_a_reader_that_goes_away_ends_the_log_quietly(ran: Isthmus) -> None:
    with ran.start("connection", "log", "acme", "1") as log:
        assert log.process.stdout is not None
        log.process.stdout.close()
        log.process.stdout = None
        ended = log.end()

    assert (ended.status, ended.err) == (141, "")


def test_profiles_are_found_by_what_is_known_of_them(ran: Isthmus) -> None:
    lines = lines_of(ran.expect("connection", "log", "acme", "1").out)
    lead = next(line for line in lines if line["code"] == "created")
    shown = ran.json("profiles", "show", lead["profile id"])
    held = {each["property"]: each["value"] for each in shown["identifiers"]}
    assert held["salesforce_id"] == lead["record id"]
    links = {(each["connection"], each["goal"]): each["record_id"] for each in shown["links"]}
    assert links["acme", "leads_in"] == lead["record id"]

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
        found = ran.json("profiles", "find", value)
        assert [each["profile_id"] for each in found["profiles"]] == [lead["profile id"]]
        assert found["more"] is False


def test_profiles_are_found_by_properties(ran: Isthmus) -> None:
    found = ran.json("profiles", "find", "--property", "sources=WEB", "--limit", "10000")
    few = ran.json("profiles", "find", "--property", "sources=web", "--limit", "2")
    both = ran.json(
        "profiles", "find", "--property", "sources=web", "--property", "email=", "--limit", "10000"
    )

    assert found["profiles"]
    assert all("Web" in each["properties"]["sources"] for each in found["profiles"])
    assert (few["profiles"], few["more"]) == (found["profiles"][:2], True)
    without = [each for each in found["profiles"] if each["properties"]["email"] is None]
    assert both["profiles"] == without
    said = ran.expect("profiles", "find", "--property", "sources=web", "--limit", "2")
    assert len(said.out.splitlines()) >= 3
    assert "There are more than 2." in said.err
    nobody = ran.expect("profiles", "find", "nobody@example.com")
    assert (nobody.out, nobody.err) == ("", "No profile has that.\n")


def test_a_number_is_looked_for_as_a_number(ran: Isthmus) -> None:
    (some, *_) = ran.json("profiles", "find", "--property", "employees=", "--limit", "1")[
        "profiles"
    ]
    assert some["properties"]["employees"] is None
    known = ran.json("profiles", "find", "--property", "sources=web", "--limit", "10000")
    employees = next(
        each["properties"]["employees"]
        for each in known["profiles"]
        if each["properties"]["employees"] is not None
    )

    found = ran.json("profiles", "find", "--property", f"employees={employees}")

    assert {each["properties"]["employees"] for each in found["profiles"]} == {employees}


def test_a_segment_is_counted_as_its_conditions_say(ran: Isthmus) -> None:
    counted = ran.json("segment", "count", "reachable")["profiles"]

    everyone = ran.json("profiles", "count")["profiles"]
    without = ran.json("profiles", "find", "--property", "email=", "--limit", "10000")
    assert counted == everyone - len(without["profiles"])
    assert ran.expect("segment", "count", "reachable").out == f"{counted:,}\n"


def test_alerts_are_listed_and_those_of_amounts_taken_as_usual(ran: Isthmus) -> None:
    assert ran.json("alerts", "list") == {"alerts": []}
    assert "There is no alert" in ran.expect("alerts", "list").err
    with (
        embedded.running(ran.home) as server,
        psycopg.connect(server.conninfo, autocommit=True) as session,
    ):
        session.execute(
            "INSERT INTO connections_alert (kind, about, connection_id, goal_id, facts, opened_at)"
            " SELECT 'fewer_records', 'goal ' || id, connection_id, id, jsonb_build_object("
            "'run', 2, 'records', 0, 'usual', 300, 'compared', 9, 'since_part', 1), now()"
            " FROM connections_goal WHERE key = 'leads_in'"
        )
    (alert,) = ran.json("alerts", "list")["alerts"]
    assert (alert["kind"], alert["connection"], alert["goal"]) == (
        *("fewer_records", "acme"),
        "leads_in",
    )
    assert alert["sentence"] in ran.expect("alerts", "list").out.replace("\n", " ")
    assert ran.json("connection", "show", "acme")["alerts"] == [alert]
    assert "got far fewer records" in ran.expect("connection", "show", "acme").out
    said = ran.expect("alerts", "usual", str(alert["number"])).err
    assert "taken as usual" in said
    assert ran.json("alerts", "list") == {"alerts": []}
    refused = ran.expect("alerts", "usual", "99", status=2)
    assert "There is no alert '99'" in refused.err
