"""A running org for tests: started in a process of its own, put back to its start in between.

`localorg.pytest_plugin` has fixtures made of it; other test runners use it as it is:

    with running(LocalOrgSettings(leads=100)) as org:
        org.call("GET", "/services/data/v66.0/limits")
        org.reset()
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

_START = "at-start"
_PATIENCE_SECONDS = 60
_READY = "localorg ready "
_SIZES = ("leads", "contacts", "persons", "cases")


class LocalOrgError(Exception):
    """The org could not be started, or did not do what it was told; the message says why."""


@dataclass(frozen=True, kw_only=True)
class LocalOrgSettings:
    """What a new org has."""

    # A file of objects, users and apps, see the manual. Defaults to none.
    setup: Path | None = None
    # The number that the made-up records depend on. Defaults to 1.
    seed: int = 1
    # How many made-up records there are. Default to none.
    leads: int = 0
    contacts: int = 0
    persons: int = 0
    cases: int = 0
    # More options of `localorg serve`. Default to none.
    options: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """The options of `localorg serve`."""
        setup = ["--setup", str(self.setup)] if self.setup else []
        sizes = [word for size in _SIZES for word in (f"--{size}", str(getattr(self, size)))]
        return [*setup, "--seed", str(self.seed), *sizes, *self.options]


@dataclass(frozen=True, kw_only=True)
class LocalOrg:
    """A running org."""

    # Where it is, such as `http://127.0.0.1:40123`: both login URL and instance URL.
    url: str
    client_id: str = "localorg"
    client_secret: str = "localorg-secret"  # noqa: S105 - the documented secret of a test org

    def access_token(self) -> str:
        """A new access token of the integration user."""
        form = {"grant_type": "client_credentials"}
        form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = self._send("POST", "/services/oauth2/token", urlencode(form).encode(), kind)
        return str(json.loads(answer)["access_token"])

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """The JSON that the API answers; `content` is sent as JSON with a new access token.

        Raises LocalOrgError where the answer is no success.
        """
        headers = {"authorization": f"Bearer {self.access_token()}"}
        return self._json(method, path, content, headers)

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """The JSON that a control endpoint answers; `path` is what follows `/_localorg/`.

        Raises LocalOrgError where the answer is no success.
        """
        return self._json(method, f"/_localorg/{path}", content, {})

    def requests(self) -> list[dict[str, Any]]:
        """The requests of this test so far: `method`, `path`, `status` and more of each."""
        logged: list[dict[str, Any]] = self.control("GET", "requests")["requests"]
        return logged

    def reset(self) -> None:
        """Let records, ids and clock be as at the start, and forget faults and requests."""
        self.control("POST", f"snapshots/{_START}/restore")
        self.control("DELETE", "faults")
        self.control("DELETE", "requests")

    def _json(self, method: str, path: str, content: Any, headers: dict[str, str]) -> Any:
        body = b"" if content is None else json.dumps(content).encode()
        answer = self._send(method, path, body, headers | {"content-type": "application/json"})
        return json.loads(answer) if answer else None

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            message = f"{method} {path} was answered with {answer.status}: {content.decode()}"
            raise LocalOrgError(message)
        return content


@contextmanager
def running(settings: LocalOrgSettings) -> Iterator[LocalOrg]:
    """An org in a process of its own, which ends with the block or with this process."""
    command = [sys.executable, "-m", "localorg", "serve", "--port", "0", "--control"]
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, "--exit-with-stdin", *settings.words()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            org = LocalOrg(url=_address(process))
            org.control("PUT", f"snapshots/{_START}")
            yield org
        finally:
            process.communicate(timeout=_PATIENCE_SECONDS)


def _address(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith(_READY):
        message = "`localorg serve` ended before it was ready. Its last words are among the output."
        raise LocalOrgError(message)
    return line.removeprefix(_READY).strip()
