"""Compressed answers, for clients that ask for them with Accept-Encoding."""

import zlib
from collections.abc import Iterable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The fast end of zlib: an org next door is worth more seconds than bytes.
_LEVEL = 1
_WINDOW_OF = {"gzip": 31, "deflate": 15}
_FEWEST_BYTES = 512
# Pieces of more bytes are compressed in a thread, away from the event loop.
_MOST_BYTES_IN_LOOP = 16_384
_COMPRESSIBLE = ("application/json", "application/xml", "text/")
_WITHOUT_BODY = frozenset({204, 304})


class Compression:
    """Compresses answers as gzip or deflate; answers to others pass through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        encoding = _wanted(scope["headers"]) if scope["type"] == "http" else None
        if encoding is None or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _CompressedSend(send, encoding))


class _CompressedSend:
    """Passes an answer's messages on, its body compressed piece by piece."""

    def __init__(self, send: Send, encoding: str) -> None:
        self._send = send
        self._encoding = encoding
        self._start: Message | None = None
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_OF[encoding])
        self._as_it_is = False

    async def __call__(self, message: Message) -> None:
        """Take one message."""
        if message["type"] == "http.response.start":
            # Kept back until the first piece of the body shows whether it is worth it.
            self._start = message
        elif self._as_it_is:
            await self._send(message)
        elif self._start is not None:
            await self._begin(self._start, message)
        else:
            await self._go_on(message)

    async def _begin(self, start: Message, message: Message) -> None:
        self._start = None
        self._as_it_is = not _is_worth_it(start, message)
        if self._as_it_is:
            await self._send(start)
            await self._send(message)
            return
        headers = MutableHeaders(scope=start)
        headers["content-encoding"] = self._encoding
        headers.add_vary_header("accept-encoding")
        del headers["content-length"]
        if message.get("more_body"):
            await self._send(start)
            await self._go_on(message)
        else:
            body = await self._packed(message["body"], last=True)
            headers["content-length"] = str(len(body))
            await self._send(start)
            await self._send({"type": "http.response.body", "body": body})

    async def _go_on(self, message: Message) -> None:
        more = bool(message.get("more_body"))
        packed = await self._packed(message.get("body", b""), last=not more)
        if packed or not more:
            await self._send({"type": "http.response.body", "body": packed, "more_body": more})

    async def _packed(self, piece: bytes, *, last: bool) -> bytes:
        if len(piece) > _MOST_BYTES_IN_LOOP:
            return await run_in_threadpool(self._pack, piece, last=last)
        return self._pack(piece, last=last)

    def _pack(self, piece: bytes, *, last: bool) -> bytes:
        packed = self._packer.compress(piece)
        return packed + self._packer.flush() if last else packed


def _is_worth_it(start: Message, first: Message) -> bool:
    headers = MutableHeaders(scope=start)
    if first["type"] != "http.response.body" or start["status"] in _WITHOUT_BODY:
        return False
    if "content-encoding" in headers:
        return False
    long_enough = first.get("more_body") or len(first.get("body", b"")) >= _FEWEST_BYTES
    return bool(long_enough) and headers.get("content-type", "").startswith(_COMPRESSIBLE)


def _wanted(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The encoding that a request asks for, or None."""
    for name, value in headers:
        if name == b"accept-encoding":
            return _encoding_in(value.decode("latin-1").lower())
    return None


def _encoding_in(text: str) -> str | None:
    found = set()
    for entry in text.split(","):
        name, _, parameters = entry.partition(";")
        if not _is_refused(parameters):
            found.add(name.strip())
    return next((name for name in _WINDOW_OF if name in found), None)


def _is_refused(parameters: str) -> bool:
    quality = parameters.replace(" ", "").removeprefix("q=")
    return quality.rstrip("0") in {"0.", ""} and quality != ""
