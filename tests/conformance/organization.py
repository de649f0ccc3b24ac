"""The org that clients are tried with: a process of its own that speaks HTTPS."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import urllib3

from localorg.host_proxy import running_proxy

API = "/services/data/v66.0"
CLIENT_ID = "localorg"
CLIENT_SECRET = "localorg-secret"
USERNAME = "integration@localorg.example"
MY_DOMAIN = "localorg.my.salesforce.com"
_PATIENCE_SECONDS = 60
_MOST_IN_COLLECTION = 200


@dataclass(frozen=True, kw_only=True)
class RunningOrg:
    """An org, the proxy that leads Salesforce's host names to it, and the CA to trust."""

    url: str
    proxy: str
    ca: Path
    http: urllib3.PoolManager

    @property
    def environment(self) -> dict[str, str]:
        """What makes programs reach the org under Salesforce's names."""
        return {"HTTPS_PROXY": self.proxy, "NO_PROXY": "127.0.0.1,localhost"} | self.trust

    @property
    def trust(self) -> dict[str, str]:
        """What makes programs trust the org's certificate."""
        ca = str(self.ca)
        return {"SSL_CERT_FILE": ca, "REQUESTS_CA_BUNDLE": ca, "NODE_EXTRA_CA_CERTS": ca}

    def token(self) -> dict[str, Any]:
        """The answer to a sign-in with client credentials."""
        form = {"grant_type": "client_credentials"}
        form |= {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        answer = self.http.request(
            "POST",
            f"{self.url}/services/oauth2/token",
            body=urlencode(form),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status == 200, answer.data
        token: dict[str, Any] = answer.json()
        return token

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """The JSON that a request is answered with; it has to be answered well."""
        answer = self.http.request(
            method,
            self.url + path,
            body=None if content is None else json.dumps(content).encode(),
            headers={"authorization": f"Bearer {self.token()['access_token']}"}
            | {"content-type": "application/json"},
            timeout=_PATIENCE_SECONDS,
        )
        assert answer.status < 300, (method, path, answer.status, answer.data)
        return answer.json() if answer.data else None

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """The JSON that a control endpoint answers."""
        return self.call(method, f"/_localorg/{path}", content)

    def load(self, sobject: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Insert records, and answer their ids in the same order."""
        ids = []
        for first in range(0, len(records), _MOST_IN_COLLECTION):
            batch = [
                {"attributes": {"type": sobject}, **record}
                for record in records[first : first + _MOST_IN_COLLECTION]
            ]
            content = {"allOrNone": True, "records": batch}
            results = self.call("POST", f"{API}/composite/sobjects", content)
            assert all(result["success"] for result in results), results
            ids += [result["id"] for result in results]
        return ids

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query of one page, without their attributes."""
        records = self.call("GET", f"{API}/query?q={quote(soql)}")["records"]
        return [{k: v for k, v in record.items() if k != "attributes"} for record in records]

    def requests(self, part: str = "") -> list[dict[str, Any]]:
        """The requests so far whose path contains `part`."""
        logged = self.control("GET", "requests")["requests"]
        return [request for request in logged if part in request["path"]]


@contextmanager
def running_org(folder: Path, *options: str) -> Iterator[RunningOrg]:
    """An org without made-up people; it dies with this process at the latest."""
    ca_folder = folder / "ca"
    words = ["serve", "--port", "0", "--https", "--ca-folder", str(ca_folder)]
    words += ["--control", "--exit-with-stdin", *options]
    words += [
        word for kind in ("leads", "contacts", "persons", "cases") for word in (f"--{kind}", "0")
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "localorg", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("localorg ready https://"), line
            with _reached(line.split()[-1], ca_folder / "ca.pem") as org:
                yield org
        finally:
            process.stdin.close()
            process.wait(_PATIENCE_SECONDS)


@contextmanager
def _reached(url: str, ca: Path) -> Iterator[RunningOrg]:
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    with (
        running_proxy(address.hostname, address.port) as proxy,
        urllib3.PoolManager(ca_certs=str(ca), retries=False) as http,
    ):
        yield RunningOrg(url=url, proxy=proxy, ca=ca, http=http)
