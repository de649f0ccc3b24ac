"""The org whose behaviour is looked at: localorg, or a real one that the environment names."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import urllib3

from localorg.testing import LocalOrgSettings, running

API = "/services/data/v66.0"
REAL_URL = os.environ.get("LOCALORG_TEST_INSTANCE_URL", "").rstrip("/")
PATIENCE_SECONDS = 300
_MOST_IN_COLLECTION = 200
_SECONDS_BETWEEN_LOOKS = 2.0 if REAL_URL else 0.02


@dataclass(frozen=True)
class Answer:
    """What a request was answered with."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of a REST error."""
        [error] = self.json
        return self.status, error["errorCode"], error["message"]


@dataclass(kw_only=True)
class Organization:
    """A signed-in client that remembers what it has made, and a word that marks it."""

    url: str
    token: str
    http: urllib3.PoolManager
    # Stands in the company or name of every record that the tests make.
    mark: str = field(default_factory=lambda: f"behaviour {uuid4().hex[:12]}")
    made: list[str] = field(default_factory=list)

    @property
    def is_real(self) -> bool:
        return bool(REAL_URL)

    def call(
        self,
        method: str,
        path: str,
        content: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; a path that begins with no /services is below the REST API."""
        body = content if isinstance(content, bytes | None) else json.dumps(content).encode()
        own = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        answer = self.http.request(
            method,
            self.url + (path if path.startswith("/services") else API + path),
            body=body,
            headers=own | dict(headers or {}),
            timeout=PATIENCE_SECONDS,
        )
        return Answer(answer.status, answer.headers, answer.data)

    def insert(self, sobject: str, **values: Any) -> str:
        """The id of a new record, which is deleted at the end."""
        answer = self.call("POST", f"/sobjects/{sobject}", values)
        assert answer.status == 201, answer.content
        record_id = str(answer.json["id"])
        self.made.append(record_id)
        return record_id

    def lead(self, **values: Any) -> str:
        """The id of a new lead of the mark's company."""
        return self.insert("Lead", **({"LastName": "Lead", "Company": self.mark} | values))

    def record(self, sobject: str, record_id: str, *fields: str) -> dict[str, Any]:
        """Fields of a record."""
        answer = self.call("GET", f"/sobjects/{sobject}/{record_id}?fields={','.join(fields)}")
        assert answer.status == 200, answer.content
        return {name: answer.json[name] for name in fields}

    def query(self, soql: str, *, every: bool = False) -> Answer:
        """The answer to a query, or to queryAll."""
        return self.call("GET", f"/{'queryAll' if every else 'query'}?q={quote(soql)}")

    def records(self, soql: str, *, every: bool = False) -> list[dict[str, Any]]:
        """The records of a query of one page."""
        answer = self.query(soql, every=every)
        assert answer.status == 200, answer.content
        records: list[dict[str, Any]] = answer.json["records"]
        return records

    def ended(self, path: str) -> dict[str, Any]:
        """A Bulk job when it is at its end."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < limit:
            job: dict[str, Any] = self.call("GET", path).json
            if job["state"] in {"JobComplete", "Failed", "Aborted"}:
                return job
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        raise AssertionError(f"{path} came to no end in {PATIENCE_SECONDS} seconds")

    def clean_up(self) -> None:
        """Delete what was made, children before parents."""
        for sobject, name in (("Case", "Subject"), ("Contact", "LastName"), ("Lead", "Company")):
            soql = f"SELECT Id FROM {sobject} WHERE {name} LIKE '{self.mark}%'"  # noqa: S608
            self.made += [record["Id"] for record in self.records(soql)]
        # A call takes few changes from one object to another, so those of one stand together.
        ids = sorted(set(self.made), key=lambda record_id: (_rank(record_id), record_id))
        for first in range(0, len(ids), _MOST_IN_COLLECTION):
            some = ",".join(ids[first : first + _MOST_IN_COLLECTION])
            answer = self.call("DELETE", f"/composite/sobjects?ids={some}&allOrNone=false")
            assert answer.status == 200, answer.content


def _rank(record_id: str) -> int:
    """Cases go first, accounts last."""
    prefixes = ("500", "003", "00Q", "001")
    return prefixes.index(record_id[:3]) if record_id[:3] in prefixes else 0


@contextmanager
def organization() -> Iterator[Organization]:
    """The org to look at; what was made in it is deleted at the end."""
    with urllib3.PoolManager(retries=False) as http:
        if REAL_URL:
            yield from _cleaned(Organization(url=REAL_URL, token=_real_token(http), http=http))
            return
        with running(LocalOrgSettings()) as org:
            yield from _cleaned(Organization(url=org.url, token=org.access_token(), http=http))


def _cleaned(org: Organization) -> Iterator[Organization]:
    try:
        yield org
    finally:
        org.clean_up()


def _real_token(http: urllib3.PoolManager) -> str:
    if token := os.environ.get("LOCALORG_TEST_ACCESS_TOKEN"):
        return token
    form = {
        "grant_type": "client_credentials",
        "client_id": os.environ["LOCALORG_TEST_CLIENT_ID"],
        "client_secret": os.environ["LOCALORG_TEST_CLIENT_SECRET"],
    }
    answer = http.request(
        "POST",
        f"{REAL_URL}/services/oauth2/token",
        body=urlencode(form),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status == 200, answer.data
    return str(answer.json()["access_token"])
