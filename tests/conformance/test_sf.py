"""The command line `sf`, as people type it."""

import csv
import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance import person
from conformance.installed import node, node_module
from conformance.organization import CLIENT_ID, USERNAME, RunningOrg
from conformance.people import COUNT, FIELDS, KEY, SOQL, as_texts, by_key, comparable, leads

UNIQUE_KEY = "Isthmus_Id__c"
PATIENCE_SECONDS = 120
# What keeps the command from asking for news, sending figures and using the desktop's key ring.
QUIET = {
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_DISABLE_LOG_FILE": "true",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
}


@dataclass(frozen=True, kw_only=True)
class Sf:
    """The command, in a folder of its own that is its home, too."""

    program: Sequence[str]
    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, status: int = 0, **more: str) -> Any:
        """The JSON that the command prints; it has to end with `status`."""
        done = subprocess.run(
            [*self.program, *words, "--json"],
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        answer = json.loads(done.stdout)
        assert done.returncode == status, answer
        return answer if status else answer["result"]

    def file(self, name: str, rows: Sequence[Mapping[str, str]]) -> str:
        """The name of a CSV file with these rows."""
        with (self.folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return name

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a CSV file that the command wrote."""
        with (self.folder / name).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def installed(org: RunningOrg, tmp_path_factory: pytest.TempPathFactory) -> Sf:
    """The command, not signed in anywhere."""
    folder = tmp_path_factory.mktemp("sf")
    home = {"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    return Sf(
        program=[str(node()), str(node_module("@salesforce/cli") / "bin" / "run.js")],
        folder=folder,
        environment=home | QUIET | org.trust,
    )


@pytest.fixture(scope="module")
def signed_in(installed: Sf, org: RunningOrg) -> Sf:
    """The command, signed in with an access token as its only org."""
    installed.run(
        *("org", "login", "access-token", "--instance-url", org.url, "--no-prompt"),
        *("--set-default", "--alias", "local"),
        SF_ACCESS_TOKEN=org.token()["access_token"],
    )
    return installed


@pytest.fixture
def sf(signed_in: Sf, record_property: Any) -> Sf:
    """The command, signed in."""
    package = json.loads((node_module("@salesforce/cli") / "package.json").read_text())
    record_property("client", f"sf {package['version']}")
    return signed_in


def test_signs_in_with_an_access_token(sf: Sf, org: RunningOrg) -> None:
    shown = sf.run("org", "display", "--target-org", "local")
    assert shown["username"] == USERNAME
    assert shown["instanceUrl"].rstrip("/") == org.url
    assert shown["connectedStatus"] == "Connected"


def test_signs_in_with_a_signed_assertion(
    sf: Sf, org: RunningOrg, jwt_key: Path, tmp_path: Path
) -> None:
    answer = sf.run(
        *("org", "login", "jwt", "--client-id", CLIENT_ID, "--jwt-key-file", str(jwt_key)),
        *("--username", USERNAME, "--instance-url", org.url),
        HOME=str(tmp_path),
    )
    assert answer["username"] == USERNAME
    query = ("data", "query", "--query", "SELECT Name FROM Organization", "-o", USERNAME)
    assert sf.run(*query, HOME=str(tmp_path))["totalSize"] == 1


def test_signs_in_in_the_browser_and_renews_its_token(
    sf: Sf, org: RunningOrg, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    project = {"packageDirectories": [{"path": "app", "default": True}], "oauthLocalPort": port}
    (tmp_path / "app").mkdir()
    (tmp_path / "sfdx-project.json").write_text(json.dumps(project))
    browser = tmp_path / "browser"
    # As browsers do, it returns at once and goes on by itself.
    words = f'"{sys.executable}" "{person.__file__}" "$@" >/dev/null 2>&1 &'
    browser.write_text(f"#!/bin/sh\n{words}\n")
    browser.chmod(0o755)
    own = {**sf.environment, "HOME": str(tmp_path), "BROWSER": str(browser)}
    at_home = dataclasses.replace(sf, folder=tmp_path, environment=own)
    answer = at_home.run("org", "login", "web", "--instance-url", org.url)
    assert answer["username"] == USERNAME
    org.control("POST", "faults", {"kind": "session_expired", "path": "/query", "count": 1})
    org.control("DELETE", "requests")
    query = ("data", "query", "--query", "SELECT Name FROM Organization", "-o", USERNAME)
    assert at_home.run(*query)["totalSize"] == 1
    assert {request["status"] for request in org.requests("/oauth2/token")} == {200}


def test_lists_and_describes_objects(sf: Sf) -> None:
    assert "Lead" in sf.run("sobject", "list", "--sobject", "all", "-o", "local")
    described = sf.run("sobject", "describe", "--sobject", "Lead", "-o", "local")
    fields = {field["name"]: field for field in described["fields"]}
    assert fields[KEY]["externalId"] is True


def test_reads_every_record_over_many_pages(sf: Sf) -> None:
    soql = f"{SOQL} WHERE {KEY} LIKE 'key-%'"
    answer = sf.run("data", "query", "--query", soql, "-o", "local")
    assert answer["totalSize"] == COUNT
    assert by_key(answer["records"]) == by_key(leads())


def test_writes_parent_fields_as_columns(sf: Sf, org: RunningOrg) -> None:
    [account] = org.load("Account", [{"Name": "Parent, Ltd"}])
    org.load("Contact", [{"LastName": "Child", "AccountId": account}])
    soql = "SELECT LastName, Account.Name FROM Contact WHERE LastName = 'Child'"
    out = ("--result-format", "csv", "--output-file", "children.csv")
    sf.run("data", "query", "--query", soql, "-o", "local", *out)
    assert sf.rows("children.csv") == [{"LastName": "Child", "Account.Name": "Parent, Ltd"}]


def test_bulk_export_joins_the_pages(sf: Sf, org: RunningOrg) -> None:
    org.control("POST", "jobs", {"page_records": 1500})
    soql = f"{SOQL} WHERE {KEY} LIKE 'key-%'"
    words = ("--query", soql, "--output-file", "out.csv", "--wait", "1", "-o", "local")
    assert sf.run("data", "export", "bulk", *words)["totalSize"] == COUNT
    rows = sf.rows("out.csv")
    assert list(rows[0]) == list(FIELDS)
    assert by_key(comparable(rows)) == by_key(as_texts(leads()))


def test_bulk_import_tells_which_rows_failed(sf: Sf, org: RunningOrg) -> None:
    rows = [
        {"LastName": "Good", "Company": "In Bulk", KEY: "bulk-1"},
        {"LastName": "", "Company": "In Bulk", KEY: "bulk-2"},
        {"LastName": "Second, with comma", "Company": "In Bulk", KEY: "bulk-3"},
    ]
    words = ("--file", sf.file("in.csv", rows), "--sobject", "Lead", "--wait", "1", "-o", "local")
    refused = sf.run("data", "import", "bulk", *words, "--line-ending", "LF", status=1)
    assert refused["name"] == "FailedRecordDetailsError"
    job = refused["data"]["jobId"]
    results = sf.run("data", "bulk", "results", "--job-id", job, "-o", "local")
    assert (results["successfulRecords"], results["failedRecords"]) == (2, 1)
    [failed] = sf.rows(results["failedFilePath"])
    assert failed["sf__Error"] == (
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    )
    good = {row[KEY]: row["sf__Id"] for row in sf.rows(results["successFilePath"])}
    stored = org.query("SELECT Id, LastName, External_Ref__c FROM Lead WHERE Company = 'In Bulk'")
    assert {row[KEY]: row["Id"] for row in stored} == good
    assert {row["LastName"] for row in stored} == {"Good", "Second, with comma"}


def test_bulk_upsert_creates_and_updates(sf: Sf, org: RunningOrg) -> None:
    org.load("Lead", [{"LastName": "Old", "Company": "Upsert", UNIQUE_KEY: "up-1"}])
    rows = [{UNIQUE_KEY: f"up-{n}", "LastName": f"New {n}", "Company": "Upsert"} for n in (1, 2)]
    words = ("--file", sf.file("up.csv", rows), "--sobject", "Lead", "--wait", "1", "-o", "local")
    answer = sf.run("data", "upsert", "bulk", *words, "--external-id", UNIQUE_KEY)
    good = answer["records"]["successfulResults"]
    assert {row[UNIQUE_KEY]: row["sf__Created"] for row in good} == {
        "up-1": "false",
        "up-2": "true",
    }
    stored = org.query("SELECT LastName FROM Lead WHERE Company = 'Upsert'")
    assert {row["LastName"] for row in stored} == {"New 1", "New 2"}


def test_bulk_delete_puts_records_into_the_recycle_bin(sf: Sf, org: RunningOrg) -> None:
    ids = org.load("Lead", [{"LastName": f"Gone {n}", "Company": "Delete"} for n in range(3)])
    file = sf.file("gone.csv", [{"Id": each} for each in ids])
    words = ("--file", file, "--sobject", "Lead", "--wait", "1", "-o", "local")
    answer = sf.run("data", "delete", "bulk", *words)
    assert answer["jobInfo"]["numberRecordsProcessed"] == 3
    assert org.query("SELECT Id FROM Lead WHERE Company = 'Delete'") == []


def test_one_record_from_birth_to_death(sf: Sf) -> None:
    lead = ("--sobject", "Lead", "-o", "local")
    created = sf.run(
        *("data", "create", "record", *lead),
        *("--values", f"LastName='Single, O' Company=One {UNIQUE_KEY}=sf-one"),
    )
    one = ("--record-id", created["id"])
    sf.run("data", "update", "record", *lead, *one, "--values", "Title=Boss")
    by_where = ("--where", f"{UNIQUE_KEY}=sf-one")
    assert sf.run("data", "get", "record", *lead, *by_where)["Title"] == "Boss"
    assert sf.run("data", "delete", "record", *lead, *one)["success"] is True
    gone = sf.run("data", "get", "record", *lead, *one, status=1)
    assert gone["name"] == "ENTITY_IS_DELETED"


def test_shows_the_words_about_a_malformed_query(sf: Sf) -> None:
    words = ("--query", "SELECT Nope__c FROM Lead", "-o", "local")
    refused = sf.run("data", "query", *words, status=1)
    assert refused["name"] == "INVALID_FIELD"
    assert "ERROR at Row:1:Column:8\nNo such column 'Nope__c'" in refused["message"]


def test_says_that_its_session_has_ended(sf: Sf, org: RunningOrg) -> None:
    ended = org.token()["access_token"]
    login = ("org", "login", "access-token", "--instance-url", org.url, "--no-prompt")
    org.call("GET", f"/services/oauth2/revoke?token={ended}")
    refused = sf.run(*login, "--alias", "ended", status=1, SF_ACCESS_TOKEN=ended)
    assert "Bad_OAuth_Token" in refused["message"]
