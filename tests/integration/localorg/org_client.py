"""A running org and a plain HTTP client for it."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from localorg.certificates import ServerContext
from localorg.org import Org
from localorg.server import Server, listen

V = "/services/data/v66.0"
FORM = {"content-type": "application/x-www-form-urlencoded"}
_DEADLINE_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def code(self) -> str:
        """The errorCode of a REST error."""
        [error] = self.json
        return str(error["errorCode"])

    @property
    def message(self) -> str:
        """The message of a REST error."""
        [error] = self.json
        return str(error["message"])


class OrgClient:
    """Sends requests as they are, and asks for no more than it is told to."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.token = ""
        self._http = urllib3.PoolManager()

    def close(self) -> None:
        self._http.clear()

    def sign_in(self) -> None:
        answer = self.token_answer(
            grant_type="client_credentials",
            client_id="localorg",
            client_secret="localorg-secret",
        )
        self.token = answer.json["access_token"]

    def token_answer(self, headers: Mapping[str, str] | None = None, /, **form: str) -> Answer:
        return self.send(
            "POST",
            "/services/oauth2/token",
            body=urlencode(form).encode(),
            headers=FORM | dict(headers or {}),
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request without an access token."""
        answer = self._http.request(
            method, self.base + path, body=body, headers=dict(headers or {}), retries=False
        )
        return Answer(answer.status, answer.headers, answer.data)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request with the access token, its body as JSON unless it is bytes."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        own = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        return self.send(method, path, body=data, headers=own | dict(headers or {}))

    def insert(self, name: str, **values: Any) -> str:
        """The id of a new record."""
        answer = self.call("POST", f"{V}/sobjects/{name}", values)
        assert answer.status == 201, answer.text
        return str(answer.json["id"])

    def record(self, name: str, record_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"{V}/sobjects/{name}/{record_id}")
        assert answer.status == 200, answer.text
        record: dict[str, Any] = answer.json
        return record


def give(client: OrgClient, permission: str) -> None:
    """Give everybody in the org a permission, such as BulkApiHardDelete."""
    body = json.dumps({"permission": permission, "given": True}).encode()
    assert client.send("POST", "/_localorg/rights", body=body).status == 200


@contextmanager
def serving(org: Org, tls: ServerContext | None = None) -> Iterator[OrgClient]:
    """Serve an org in a thread on a free port; the org is closed at the end."""
    listening = listen("127.0.0.1", 0)
    server = Server(org, listening, tls)
    thread = threading.Thread(target=server.serve_until_stopped)
    thread.start()
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    client = OrgClient(server.url)
    try:
        yield client
    finally:
        client.close()
        server.stop()
        thread.join(_DEADLINE_SECONDS)
        listening.close()
    assert not thread.is_alive()
