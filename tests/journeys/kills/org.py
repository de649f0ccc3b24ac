"""An org in a file that can be killed and served again at the same address."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from journeys.processes import PATIENCE_SECONDS, SECRET

QUERY = "/services/data/v62.0/queryAll?"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(kw_only=True)
class KillableOrg:
    """The org of one file, at one port, in one process after another."""

    data: Path | None  # None for one that another process serves
    port: int
    # What every process of it is told at its start, such as how fast jobs get on.
    manners: dict[str, Any] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the command needs to reach it."""
        host = self.url.removeprefix("http://")
        return {
            "LOCALORG_URL": self.url,
            "LOCALORG_SECRET": SECRET,
            "ISTHMUS_SALESFORCE_HOSTS": host,
        }

    def start(self) -> None:
        """Serve the file; its progress settings are those of `manners` again."""
        words = ["serve", "--port", str(self.port), "--data", str(self.data)]
        words += ["--client-secret", SECRET, "--control", "--exit-with-stdin"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localorg", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("localorg ready "), line
        if self.manners:
            self.control("POST", "jobs", self.manners)

    def kill(self) -> None:
        """End the process without a word."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()
        self.process = None

    def stop(self) -> None:
        """Let the process end in order."""
        assert self.process is not None
        self.process.communicate(timeout=PATIENCE_SECONDS)
        self.process = None

    def behave(self, **manners: Any) -> None:
        """Tell this process and those after it how fast jobs get on."""
        self.manners = manners
        self.control("POST", "jobs", manners)

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """What a control endpoint answers."""
        body = None if content is None else json.dumps(content)
        return self._answer(method, f"/_localorg/{path}", body, {})

    def records(self, soql: str) -> Iterator[dict[str, Any]]:
        """The records of a query, deleted ones too."""
        path: str | None = QUERY + urlencode({"q": soql})
        headers = {"Authorization": f"Bearer {self._token()}"}
        while path:
            answer = self._answer("GET", path, None, headers)
            yield from answer["records"]
            path = answer.get("nextRecordsUrl")

    def _token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": "localorg"}
        body = urlencode({**form, "client_secret": SECRET})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._answer("POST", "/services/oauth2/token", body, kind)
        return str(answer["access_token"])

    def _answer(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            kind = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body, kind | headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status < 400, f"{method} {path}: {answer.status} {content.decode()}"
        return json.loads(content) if content else None

    def wait_for_fault(self, number: int) -> None:
        """Wait until a planned fault has happened."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while True:
            planned = self.control("GET", "faults")["faults"]
            if any(each["id"] == number and each["happened"] for each in planned):
                return
            assert time.monotonic() < limit, f"no call fitted: {planned}"
            time.sleep(0.01)
