"""Talks to an org's web application without a network, and holds its clock still."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from localorg.app import create_app
from localorg.clock import Clock
from localorg.org import Org
from localorg.settings import Settings
from localorg.store import INTEGRATION_USER_ID, Store

BASE = "/services/data/v66.0"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and the last line of the message."""
        [error] = self.json
        return self.status, error["errorCode"], error["message"].split("\n")[-1]


class Client:
    """A signed-in client of an org."""

    def __init__(self, store: Store, now: datetime) -> None:
        self.org = Org(store, Clock(lambda: now), Settings())
        self.app = create_app(self.org)
        self._token = self.org.sessions.open(INTEGRATION_USER_ID)

    def wait(self, seconds: float) -> None:
        """Let the org's clock go on, and sign in again, as the session may be over."""
        self.org.clock.advance(seconds)
        self._token = self.org.sessions.open(INTEGRATION_USER_ID)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, None, headers)

    def post(self, path: str, body: Any) -> Answer:
        return self.send("POST", path, body)

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return asyncio.run(self._send(method, path, body, headers or {}))

    def query(self, text: str, resource: str = "query", **headers: str) -> Answer:
        return self.get(f"{BASE}/{resource}?q={quote(text)}", **headers)

    def records(self, text: str, resource: str = "query") -> list[dict[str, Any]]:
        answer = self.query(text, resource)
        assert answer.status == 200, answer.body
        records: list[dict[str, Any]] = answer.json["records"]
        return records

    async def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        parts = urlsplit(path)
        sent = {"authorization": f"Bearer {self._token}"} | headers
        names = ((name.replace("_", "-"), value) for name, value in sent.items())
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in names],
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
        }
        messages: list[Any] = []
        content = b"" if body is None else orjson.dumps(body)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await self.app(scope, receive, send)
        start, *rest = messages
        return Answer(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )
