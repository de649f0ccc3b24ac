"""What happens to every request before it reaches a handler, and to every answer after."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localorg.control.fault_kinds import CUT, LATENCY, PLAYED_AT_THE_DOOR
from localorg.control.faults import Fault
from localorg.control.playing import play
from localorg.control.request_log import LoggedRequest, client_of, without_secrets
from localorg.errors import SalesforceError, invalid_session
from localorg.hosts import kind_of
from localorg.long_requests import LongRequests
from localorg.media import send_in_form
from localorg.oauth.sessions import Session
from localorg.org import Org
from localorg.rights import api_disabled
from localorg.versions import check_version
from localorg.web import JsonAnswer

_LOG = logging.getLogger(__name__)
CONTROL_PREFIX = "/_localorg"
_VERSIONED = re.compile(r"/services/data/v([^/]+)(/|$)", re.IGNORECASE)
_MOST_HEAD_BYTES = 16_384
# Of a header in a request: the colon, the space and the end of the line.
_BYTES_AROUND_HEADER = 4
_ERROR_ID = (
    "An unexpected error occurred. Please include this ErrorId if you contact support: 0-0. "
    "The output of localorg has the details."
)


@dataclass(slots=True)
class _Exchange:
    """One request and what is known of its answer."""

    scope: Scope
    # The path with its query string, as they were sent.
    target: str
    headers: Mapping[bytes, bytes]
    # 0 until an answer begins.
    status: int = 0
    bytes: int = 0
    user_id: str | None = None
    limit_info: str | None = None
    fault: str | None = None
    # The number under which it counts as running; None where it was let in without.
    running: int | None = None


class FrontDoor:
    """Logs, plays planned faults, checks version and access token, counts API requests."""

    def __init__(self, app: ASGIApp, org: Org) -> None:
        """Stand in front of `app`."""
        self._app = app
        self._org = org
        self._catching_up = asyncio.Lock()
        settings = org.settings
        self._long = LongRequests(settings.concurrent_long_requests, settings.long_request_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, _target(scope), dict(scope["headers"]))

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                self._add_headers(message, exchange)
            else:
                exchange.bytes += len(message.get("body", b""))
            await send(message)

        if scope["path"].startswith(CONTROL_PREFIX):
            await self._catch_up()
            await self._let_in(scope, receive, answering)
        else:
            await self._logged(exchange, receive, answering)

    async def _logged(self, exchange: _Exchange, receive: Receive, send: Send) -> None:
        method, began = exchange.scope["method"], time.perf_counter()
        try:
            await self._handle(exchange, receive, send)
        finally:
            if exchange.running is not None:
                self._long.end(exchange.running)
            if self._org.settings.control:
                milliseconds = (time.perf_counter() - began) * 1000
                self._org.request_log.add(self._entry(exchange, method, milliseconds))

    async def _handle(self, exchange: _Exchange, receive: Receive, send: Send) -> None:
        await self._catch_up()
        fault = await self._fault(exchange)
        if fault is None:
            await self._answer(exchange, receive, send)
            return

        async def answer(_scope: Scope, receive: Receive, send: Send) -> None:
            async def sending(message: Message) -> None:
                # A fault may send the answer's head past the door.
                if message["type"] == "http.response.start":
                    self._add_headers(message, exchange)
                    exchange.status = message["status"] if fault.kind == CUT else 0
                await send(message)

            await self._answer(exchange, receive, sending)

        await play(fault, answer, exchange.scope, receive, send)

    async def _catch_up(self) -> None:
        """Do what the org's clock has come to."""
        if not self._org.is_behind():
            return
        async with self._catching_up:
            if self._org.is_behind():
                await run_in_threadpool(self._org.catch_up)

    async def _fault(self, exchange: _Exchange) -> Fault | None:
        """Wait as long as the faults want it, and answer the one that happens then."""
        faults, method = self._org.faults, exchange.scope["method"]
        if (slow := faults.take(LATENCY, exchange.target, method)) is not None:
            exchange.fault = slow.kind
            await asyncio.sleep(slow.seconds)
        fault = faults.take_first(PLAYED_AT_THE_DOOR, exchange.target, method)
        if fault is not None:
            exchange.fault = fault.kind
        return fault

    async def _answer(self, exchange: _Exchange, receive: Receive, send: Send) -> None:
        """What the org answers, or why it does not."""
        _normalise(exchange.scope)
        try:
            self._admit(exchange)
        except SalesforceError as error:
            answer = JsonAnswer(error.body(), error.status)
            await send_in_form(answer, exchange.scope, receive, send)
        else:
            await self._let_in(exchange.scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def sending(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            # The client went away while it sent its request: there is nobody to answer.
            return
        except Exception:
            if began:
                raise
            _LOG.exception("%s %s failed", scope["method"], scope["path"])
            error = SalesforceError(500, "UNKNOWN_EXCEPTION", _ERROR_ID)
            await JsonAnswer(error.body(), 500)(scope, receive, send)

    def _admit(self, exchange: _Exchange) -> None:
        _check_head(exchange)
        scope = exchange.scope
        versioned = _VERSIONED.match(scope["path"])
        if versioned is None:
            return
        if kind_of(exchange.headers.get(b"host", b"").decode("latin-1")) in {"login", "test"}:
            raise _url_not_reset()
        check_version(versioned[1])
        session = self._org.sessions.session_of(_access_token(exchange.headers))
        if session is None or not session.calls_api:
            raise invalid_session()
        exchange.user_id = session.user_id
        scope.setdefault("state", {}).update(user_id=session.user_id, session=session)
        self._count(exchange, session)
        if not self._org.rights.allows(session.user_id, "PermissionsApiEnabled"):
            raise api_disabled()
        exchange.running = self._long.begin()
        if exchange.running is None:
            raise _limit_exceeded("ConcurrentPerOrgLongTxn Limit exceeded.")

    def _count(self, exchange: _Exchange, session: Session) -> None:
        """Count a request where there is room for it, and say in its answer how many there were."""
        usage = self._org.usage
        counts = [("DailyApiRequests", usage.daily_api_requests)]
        if session.app_daily_limit is not None:
            counts.append((f"DailyApiRequests of {session.app_name}", session.app_daily_limit))
        # What is refused is not counted, or the window would never move on.
        is_full = any(usage.used(name) >= most for name, most in counts)
        said = [f"{usage.add(name, not is_full)}/{most}" for name, most in counts]
        exchange.limit_info = f"api-usage={said[0]}"
        if len(said) > 1:
            exchange.limit_info += f"; per-app-api-usage={said[1]}(appName={session.app_name})"
        if is_full:
            raise _limit_exceeded("TotalRequests Limit exceeded.")

    def _add_headers(self, message: Message, exchange: _Exchange) -> None:
        headers = MutableHeaders(scope=message)
        headers["date"] = format_datetime(self._org.clock.now(), usegmt=True)
        if exchange.limit_info is not None:
            headers["sforce-limit-info"] = exchange.limit_info

    def _entry(self, exchange: _Exchange, method: str, milliseconds: float) -> LoggedRequest:
        path, _, query = exchange.target.partition("?")
        options = exchange.headers.get(b"sforce-call-options", b"").decode("latin-1")
        return LoggedRequest(
            method=method,
            path=path,
            query=without_secrets(query),
            status=exchange.status,
            user=exchange.user_id,
            client=client_of(options),
            milliseconds=round(milliseconds, 3),
            bytes=exchange.bytes,
            fault=exchange.fault,
            moment=self._org.clock.now(),
            ended=round(time.time(), 6),
        )


def _target(scope: Scope) -> str:
    query: str = scope["query_string"].decode("latin-1")
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return f"{path}?{query}" if query else path


def _check_head(exchange: _Exchange) -> None:
    target = len(exchange.target)
    if target > _MOST_HEAD_BYTES:
        message = f"The URI has {target} bytes; {_MOST_HEAD_BYTES} are allowed."
        raise SalesforceError(HTTPStatus.REQUEST_URI_TOO_LONG, "URI_TOO_LONG", message)
    headers = exchange.scope["headers"]
    size = target + sum(len(name) + len(text) + _BYTES_AROUND_HEADER for name, text in headers)
    if size > _MOST_HEAD_BYTES:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        message = f"The URI and headers have {size} bytes; {_MOST_HEAD_BYTES} are allowed."
        raise SalesforceError(status, status.name, message)


def _normalise(scope: Scope) -> None:
    """One slash at the beginning, none at the end; `_HttpMethod` says what a POST really is."""
    path = scope["path"]
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    if path.endswith("/") and len(path) > 1:
        path = path[:-1]
    scope["path"] = path
    if scope["method"] == "POST" and scope["query_string"]:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        method = query.get("_HttpMethod", ["POST"])[0].upper()
        if method in {"PATCH", "DELETE", "GET"}:
            scope["method"] = method


def _access_token(headers: Mapping[bytes, bytes]) -> str:
    kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() not in {"bearer", "oauth"} or not token:
        raise SalesforceError(HTTPStatus.UNAUTHORIZED, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
    return token.strip()


def _limit_exceeded(message: str) -> SalesforceError:
    return SalesforceError(HTTPStatus.FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", message)


def _url_not_reset() -> SalesforceError:
    """What an API call to a login host is answered."""
    message = "Destination URL not reset. The URL returned from login must be set"
    return SalesforceError(HTTPStatus.NOT_FOUND, "URL_NOT_RESET", message)
