"""A small application to stand behind a middleware, and a client that talks ASGI to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = dict[str, str]


@dataclass
class Heard:
    """What came back, and what the application behind was asked for."""

    messages: list[Message] = field(default_factory=list)
    path: str | None = None

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> Headers:
        return {key.decode(): value.decode() for key, value in self.messages[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])


def heard(  # noqa: PLR0913 - a request and the answer behind it, all with defaults
    middleware: Callable[[ASGIApp], ASGIApp],
    headers: Headers | None = None,
    *,
    path: str = "/services/data/v66.0/sobjects/Lead",
    method: str = "GET",
    pieces: Sequence[bytes] = (b"{}",),
    content_type: str = "application/json;charset=UTF-8",
    status: int = 200,
    own: Headers | None = None,
) -> Heard:
    """What a client hears through a middleware from an application that answers `pieces`."""
    found = Heard()

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        found.path = scope["path"]
        answered = {"content-type": content_type} | (own or {})
        if len(pieces) == 1:
            answered["content-length"] = str(len(pieces[0]))
        await send({"type": "http.response.start", "status": status, "headers": _raw(answered)})
        for place, piece in enumerate(pieces):
            more = place < len(pieces) - 1
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    async def send(message: Message) -> None:
        found.messages.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "headers": _raw(headers or {}),
    }
    anyio.run(middleware(app), scope, receive, send)
    return found


def _raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
