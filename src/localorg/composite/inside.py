"""Requests that the org sends to itself, in process, as the user of the request they belong to."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.types import Message, Scope

from localorg.errors import SalesforceError

_logger = logging.getLogger(__name__)
_JSON_HEADERS = ((b"accept", b"application/json"), (b"content-type", b"application/json"))
# The handlers for these are for the outermost layer, which an inner request doesn't pass.
_OUTERMOST = (Exception, HTTPStatus.INTERNAL_SERVER_ERROR)


@dataclass(slots=True)
class InnerAnswer:
    """The answer to a request that the org sent to itself."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def value(self) -> Any:
        """What its JSON says; None where it has no body."""
        return orjson.loads(self.body) if self.body else None


async def ask(
    request: Request,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> InnerAnswer:
    """The answer of the org's own handlers; it is not counted as an API request.

    `url` is a path with a query, percent-encoded; `body` is sent as JSON unless it is None.
    """
    content = b"" if body is None else orjson.dumps(body)
    scope = _scope(request, method, url, headers or {})
    answer = InnerAnswer()
    pieces: list[bytes] = []
    handlers = request.app.exception_handlers.items()
    app = ExceptionMiddleware(
        request.app.router, {key: value for key, value in handlers if key not in _OUTERMOST}
    )
    try:
        await app(scope, _Body(content), partial(_collect, answer, pieces))
    except Exception:
        _logger.exception("The subrequest %s %s failed", method, url)
        return InnerAnswer(body=orjson.dumps(_unexpected().body()))
    answer.body = b"".join(pieces)
    return answer


class _Body:
    """Gives a request's body at once, and then waits as a client does that stays connected."""

    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content

    async def __call__(self) -> Message:
        if self._content is None:
            await asyncio.Event().wait()
        content, self._content = self._content, None
        return {"type": "http.request", "body": content}


async def _collect(answer: InnerAnswer, pieces: list[bytes], message: Message) -> None:
    if message["type"] == "http.response.start":
        answer.status = message["status"]
        answer.headers = tuple(_texts(message["headers"]))
    elif message["type"] == "http.response.body":
        pieces.append(message.get("body", b""))


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        yield name.decode("latin-1"), value.decode("latin-1")


def _scope(request: Request, method: str, url: str, headers: Mapping[str, str]) -> Scope:
    path, _, query = url.partition("?")
    own = [
        (name.lower().encode("latin-1"), str(value).encode("latin-1", "replace"))
        for name, value in headers.items()
    ]
    outer = request.scope
    return {
        "type": "http",
        "asgi": outer["asgi"],
        "http_version": "1.1",
        "method": method,
        "scheme": outer["scheme"],
        "path": unquote(path.removesuffix("/")),
        "raw_path": path.encode("ascii", "replace"),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [*_JSON_HEADERS, (b"host", request.headers.get("host", "").encode()), *own],
        "client": outer.get("client"),
        "server": outer.get("server"),
        "app": request.app,
        "state": dict(outer.get("state", {})),
    }


def _unexpected() -> SalesforceError:
    text = "An unexpected error occurred. Please include this ErrorId if you contact support: 0-0"
    return SalesforceError(HTTPStatus.INTERNAL_SERVER_ERROR, "UNKNOWN_EXCEPTION", text)
