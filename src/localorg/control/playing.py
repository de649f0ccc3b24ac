"""What a planned fault does to one request: no answer, another one, or a part of it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localorg.control.fault_kinds import ANSWER_LOST, CUT, NEVER_ANSWER
from localorg.control.faults import Fault

# Where the server leaves the connection of a request, for faults to close.
TRANSPORT = "localorg.transport"
_Headers = Sequence[tuple[bytes, bytes]]


async def play(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request as `fault` says; `app` does the work where the fault wants it done."""
    if fault.kind == NEVER_ANSWER:
        await _say_nothing(fault, scope, receive)
    elif fault.kind == ANSWER_LOST:
        await app(scope, receive, _drop)
        await _close(scope, receive)
    elif fault.kind == CUT:
        await app(scope, receive, _Cut(fault, scope, send))
        await _close(scope, receive)
    else:
        response = Response(fault.body, fault.status, media_type=fault.content_type)
        response.headers.update(fault.headers)
        await response(scope, receive, send)


async def _say_nothing(fault: Fault, scope: Scope, receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(fault.seconds or None):
            await _disconnected(receive)
    await _close(scope, receive)


async def _drop(_message: Message) -> None:
    pass


async def _close(scope: Scope, receive: Receive) -> None:
    """Close the connection, and come back when the server knows that it is closed."""
    scope["extensions"][TRANSPORT].close()
    await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Cut:
    """Sends an answer up to a byte of its body, and nothing of it after."""

    def __init__(self, fault: Fault, scope: Scope, send: Send) -> None:
        self._left = fault.after_bytes
        self._framing = fault.framing
        self._announced = fault.after_bytes + 1
        self._scope = scope
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message["status"], message["headers"])
        else:
            body = message.get("body", b"")[: self._left]
            self._left -= len(body)
            if body:
                await self._send_body(body)

    async def _start(self, status: int, headers: _Headers) -> None:
        kept = [pair for pair in headers if pair[0].lower() != b"content-length"]
        if self._framing == "close":
            self._scope["extensions"][TRANSPORT].write(_head(status, kept))
            return
        if self._framing == "content_length":
            # An answer whose length nobody knows yet promises more than it will keep.
            length = dict(headers).get(b"content-length", b"%d" % self._announced)
            kept.append((b"content-length", length))
        await self._send({"type": "http.response.start", "status": status, "headers": kept})

    async def _send_body(self, body: bytes) -> None:
        if self._framing == "close":
            self._scope["extensions"][TRANSPORT].write(body)
        else:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


def _head(status: int, headers: _Headers) -> bytes:
    """The head of an answer that ends when the connection does, as in HTTP 1.0."""
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%s: %s" % pair for pair in headers]
    return b"\r\n".join((*lines, b"connection: close", b"\r\n"))
