"""The barest client of an org, so that the org is what a benchmark measures."""

import json
import subprocess
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from bench.surroundings import SECRET

API = "/services/data/v66.0"
PATIENCE_SECONDS = 3600
_POLL_SECONDS = 0.05

# 20 fields of a lead.
FIELDS = [
    *["LastName", "FirstName", "Salutation", "Title", "Company", "Email", "Phone", "MobilePhone"],
    *["Street", "City", "State", "PostalCode", "Country", "Website", "LeadSource", "Industry"],
    *["Rating", "AnnualRevenue", "NumberOfEmployees", "Isthmus_Id__c"],
]
SOQL = f"SELECT {', '.join(FIELDS)} FROM Lead"  # noqa: S608 - fixed names


@dataclass(frozen=True)
class OrgClient:
    """A signed-in client that holds one connection."""

    address: str
    token: str
    http: urllib3.PoolManager

    def send(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        """The body of an answer, which has to be a success."""
        answer = self.http.request(
            method,
            self.address + path,
            body=body,
            headers={"authorization": f"Bearer {self.token}", "content-type": kind},
            timeout=PATIENCE_SECONDS,
        )
        if answer.status >= 300:  # noqa: PLR2004 - every redirect or error
            message = f"{method} {path} was answered with {answer.status}: {answer.data!r}"
            raise SystemExit(message)
        return bytes(answer.data)

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """The JSON of an answer."""
        body = None if content is None else json.dumps(content).encode()
        answer = self.send(method, path, body, "application/json")
        return json.loads(answer) if answer else None

    def finished(self, path: str) -> Any:
        """A Bulk job once it is complete."""
        while (job := self.call("GET", path))["state"] != "JobComplete":
            if job["state"] in {"Failed", "Aborted"}:
                raise SystemExit(f"The job ended as {job}")
            time.sleep(_POLL_SECONDS)
        return job

    def curl(self, path: str) -> None:
        """Read an answer with curl and throw it away."""
        url = self.address + path
        # The token is given on standard input, as a command line can be read by everyone.
        subprocess.run(
            ["curl", "--silent", "--fail", "--output", "/dev/null", "--config", "-", url],
            input=f'header = "Authorization: Bearer {self.token}"\n'.encode(),
            check=True,
        )


def signed_in(address: str) -> OrgClient:
    """A client of the org at `address`."""
    http = urllib3.PoolManager(retries=False)
    form = {"grant_type": "client_credentials", "client_id": "localorg", "client_secret": SECRET}
    answer = http.request(
        "POST",
        f"{address}/services/oauth2/token",
        body=urlencode(form),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    return OrgClient(address, answer.json()["access_token"], http)


def percentile_ms(seconds: list[float], share: float) -> float:
    """The time, in milliseconds, that this share of all is not above."""
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)] * 1000
