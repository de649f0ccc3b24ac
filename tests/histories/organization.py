"""The running org, as its users and its clock see it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

from isthmus.salesforce import (
    ClientCredentials,
    HostPolicy,
    ObjectDescription,
    Salesforce,
)
from localorg.testing import LocalOrg
from model.fake_org import OrgRecord
from model.people_org import fields_of, read_record

BEGIN = "2026-01-01T00:00:00Z"
SETUP = """
objects:
  Lead:
    fields:
      - {name: Company, required: false, default: Unknown}
    validation_rules: &rules
      - {name: Not_Forbidden, formula: 'Title = "Forbidden"', message: Choose another.}
  Contact:
    validation_rules: *rules
"""
SOBJECTS = ("Lead", "Contact")


@dataclass(kw_only=True)
class Organization:
    """localorg under control; one kept connection, as there are many calls."""

    org: LocalOrg = field(repr=False)
    objects: dict[str, ObjectDescription] = field(repr=False)  # what the org says of its objects
    seconds: int = 0
    _line: HTTPConnection = field(init=False, repr=False)
    _token: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._line = HTTPConnection(urlsplit(self.org.url).netloc, timeout=60)
        self._token = self.org.access_token()

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def begin(self) -> None:
        """Be empty, at the beginning of time, without faults."""
        self.control("POST", "reset", {"now": BEGIN, "freeze": True})
        self.control("DELETE", "faults")
        self.control("DELETE", "transactions")
        self.seconds = 0

    def pass_time(self, seconds: int) -> None:
        """Move the clock, which stands still otherwise."""
        self.control("POST", "clock", {"advance_seconds": seconds})
        self.seconds += seconds

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """What a control endpoint answers."""
        return self._call(method, f"/_localorg/{path}", content, {})

    def write(
        self, operation: str, sobject: str, records: list[Any], *, after: int = 0
    ) -> list[Mapping[str, Any]]:
        """Users' work on records, or on ids; the results."""
        name = "ids" if operation in ("delete", "hardDelete") else "records"
        part = {"operation": operation, "object": sobject, name: records}
        order = {"operations": [part], "commit_after_seconds": after}
        results: list[Mapping[str, Any]] = self.control("POST", "records", order)["results"][0]
        return results

    def records(self, sobject: str) -> dict[str, OrgRecord]:
        """All records, deleted ones too, by id."""
        names = fields_of(sobject)
        soql = f"SELECT {', '.join(names)} FROM {sobject}"  # noqa: S608 - SOQL of fixed names
        path = f"/services/data/v66.0/queryAll?q={quote(soql)}"
        found = self._call("GET", path, None, {"authorization": f"Bearer {self._token}"})
        return {record["Id"]: read_record(names, record) for record in found["records"]}

    def writes(self) -> list[str]:
        """The requests of the client, since they were forgotten last, that may write records."""
        logged = self.control("GET", "requests")["requests"]
        paths = [(each["method"], each["path"]) for each in logged]
        return [
            f"{method} {path}"
            for method, path in paths
            if method != "GET" and ("/jobs/ingest" in path or "/composite" in path)
        ]

    def _call(self, method: str, path: str, content: Any, headers: Mapping[str, str]) -> Any:
        body = None if content is None else json.dumps(content).encode()
        self._line.request(method, path, body, {**headers, "content-type": "application/json"})
        answer = self._line.getresponse()
        text = answer.read()
        if answer.status >= HTTPStatus.BAD_REQUEST and not path.startswith("/_localorg/merge"):
            raise AssertionError(f"{answer.status} {text!r}: {method} {path} {body!r}")
        return json.loads(text) if text else None


def describe(org: LocalOrg) -> dict[str, ObjectDescription]:
    """What an org says of its objects."""
    credentials = ClientCredentials(
        login_url=org.url, client_id=org.client_id, client_secret=org.client_secret
    )
    hosts = HostPolicy(frozenset({org.url.removeprefix("http://")}))
    with Salesforce(credentials, hosts=hosts) as client:
        return {name: client.describe(name) for name in (*SOBJECTS, "Account")}
