"""The Singer tap, which reads whole streams over REST and keeps bookmarks."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.installed import tap as tap_program
from conformance.organization import API, CLIENT_ID, CLIENT_SECRET, USERNAME, RunningOrg
from conformance.people import FIELDS, KEY, by_key, leads

CLIENT = "tap-salesforce 2.8.1"
PATIENCE_SECONDS = 120
STREAM = "Lead"


@dataclass(frozen=True, kw_only=True)
class Tap:
    """The tap, with a configuration in a folder of its own."""

    program: Path
    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str) -> str:
        """What the tap prints."""
        done = subprocess.run(
            [str(self.program), "--config", "config.json", *words],
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def catalog(self) -> dict[str, Any]:
        """What the tap discovers."""
        found: dict[str, Any] = json.loads(self.run("--discover"))
        return found

    def sync(self, catalog: Any, state: Any = None) -> list[dict[str, Any]]:
        """The messages of a run over the selected streams."""
        (self.folder / "catalog.json").write_text(json.dumps(catalog))
        (self.folder / "state.json").write_text(json.dumps(state or {}))
        text = self.run("--properties", "catalog.json", "--state", "state.json")
        return [json.loads(line) for line in text.splitlines()]

    @property
    def refresh_token(self) -> str:
        """The refresh token in its configuration, which the tap writes anew when it changes."""
        return str(json.loads((self.folder / "config.json").read_text())["refresh_token"])


@pytest.fixture
def tap(org: RunningOrg, tmp_path: Path, record_property: Any) -> Tap:
    """The tap, configured for the org with a refresh token."""
    program = tap_program()
    record_property("client", CLIENT)
    grant = org.control("POST", "grants", {"user": USERNAME})
    config = {
        "refresh_token": grant["refresh_token"],
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "start_date": "2020-01-01T00:00:00Z",
        "api_type": "REST",
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | org.environment
    return Tap(program=program, folder=tmp_path, environment=environment)


@pytest.fixture
def catalog(tap: Tap) -> dict[str, Any]:
    """The tap's catalog with the compared fields of Lead selected."""
    found = tap.catalog()
    found["streams"] = [each for each in found["streams"] if each["stream"] == STREAM]
    for entry in found["streams"][0]["metadata"]:
        field = entry["breadcrumb"][-1] if entry["breadcrumb"] else None
        entry["metadata"]["selected"] = field in {None, *FIELDS}
        if field is None:
            entry["metadata"] |= {
                "replication-key": "SystemModstamp",
                "replication-method": "INCREMENTAL",
            }
    return found


def test_discovers_every_object_that_can_be_read(tap: Tap, org: RunningOrg) -> None:
    streams = {each["stream"]: each for each in tap.catalog()["streams"]}
    assert {"Account", "Contact", "Lead", "User"} <= set(streams)
    described = org.call("GET", f"{API}/sobjects/Lead/describe")["fields"]
    assert set(streams[STREAM]["schema"]["properties"]) == {field["name"] for field in described}


def test_signs_in_at_the_login_host_with_its_refresh_token(tap: Tap, org: RunningOrg) -> None:
    before = tap.refresh_token
    org.control("DELETE", "requests")
    tap.catalog()
    assert [request["status"] for request in org.requests("/oauth2/token")][-1] == 200
    assert tap.refresh_token == before


def test_keeps_the_refresh_token_that_took_the_place_of_its_own(tap: Tap, org: RunningOrg) -> None:
    before = tap.refresh_token
    app = f"apps/{CLIENT_ID}"
    org.control("PATCH", app, {"rotate_refresh_tokens": True})
    tap.catalog()
    org.control("PATCH", app, {"rotate_refresh_tokens": False})
    assert tap.refresh_token != before
    tap.catalog()


def test_reads_every_record_over_many_pages(
    tap: Tap, catalog: dict[str, Any], org: RunningOrg
) -> None:
    org.control("DELETE", "requests")
    messages = tap.sync(catalog)
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert by_key([r for r in records if r[KEY]]) == by_key(_as_the_tap_writes(leads()))
    assert len(org.requests("/query/")) >= 2


def test_goes_on_from_its_bookmark(tap: Tap, catalog: dict[str, Any], org: RunningOrg) -> None:
    states = [message for message in tap.sync(catalog) if message["type"] == "STATE"]
    org.control("POST", "clock", {"advance_seconds": 5})
    [new] = org.load(STREAM, [{"LastName": "Late", "Company": "Later"}])
    messages = tap.sync(catalog, states[-1]["value"])
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert "Late" in {record["LastName"] for record in records}
    org.call("DELETE", f"{API}/sobjects/{STREAM}/{new}")


def _as_the_tap_writes(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tap writes moments with six digits after the second, and dates as moments."""
    return [
        record
        | {
            "Last_Purchase__c": _moment(record["Last_Purchase__c"], "T00:00:00.000000Z"),
            "Last_Seen__c": _moment(record["Last_Seen__c"], "000Z"),
        }
        for record in records
    ]


def _moment(value: str | None, ending: str) -> str | None:
    return value and value.removesuffix("+0000") + ending
