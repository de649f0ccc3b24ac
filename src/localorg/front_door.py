"""What happens to every request before it reaches a handler, and to every answer after."""

import re
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localorg.control.request_log import LoggedRequest
from localorg.errors import SalesforceError, invalid_session
from localorg.org import Org
from localorg.versions import check_version
from localorg.web import JsonAnswer

CONTROL_PREFIX = "/_localorg"
_VERSIONED = re.compile(r"/services/data/v([^/]+)(/|$)", re.IGNORECASE)
_MOST_PATH_BYTES = 16_384


@dataclass(slots=True)
class _Exchange:
    """One request and what is known of its answer."""

    path: str
    # What a handler that fails is answered with, further out.
    status: int = 500
    limit_info: str | None = None


class FrontDoor:
    """Logs, plays planned faults, checks version and access token, counts API requests."""

    def __init__(self, app: ASGIApp, org: Org) -> None:
        """Stand in front of `app`."""
        self._app = app
        self._org = org

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(_path_with_query(scope))

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                self._add_headers(message, exchange)
            await send(message)

        try:
            await self._handle(scope, receive, answering, exchange)
        finally:
            if not scope["path"].startswith(CONTROL_PREFIX):
                logged = LoggedRequest(scope["method"], exchange.path, exchange.status)
                self._org.request_log.add(logged)

    async def _handle(
        self, scope: Scope, receive: Receive, send: Send, exchange: _Exchange
    ) -> None:
        answer: Response | None = None
        if not scope["path"].startswith(CONTROL_PREFIX):
            _normalise(scope)
            answer = self._fault(exchange.path) or self._refusal(scope, exchange)
        await (answer or self._app)(scope, receive, send)

    def _fault(self, path: str) -> Response | None:
        fault = self._org.faults.take_http(path)
        if fault is None:
            return None
        return Response(fault.body, fault.status, media_type=fault.content_type)

    def _refusal(self, scope: Scope, exchange: _Exchange) -> Response | None:
        """The answer to a request that gets no further, or None."""
        try:
            self._admit(scope, exchange)
        except SalesforceError as error:
            return JsonAnswer(error.body(), error.status)
        return None

    def _admit(self, scope: Scope, exchange: _Exchange) -> None:
        if len(exchange.path) > _MOST_PATH_BYTES:
            message = f"The URI has {len(exchange.path)} bytes; {_MOST_PATH_BYTES} are allowed."
            raise SalesforceError(HTTPStatus.REQUEST_URI_TOO_LONG, "URI_TOO_LONG", message)
        versioned = _VERSIONED.match(scope["path"])
        if versioned is None:
            return
        check_version(versioned[1])
        user_id = self._org.sessions.user_of(_access_token(scope))
        if user_id is None:
            raise invalid_session()
        scope.setdefault("state", {})["user_id"] = user_id
        self._count(exchange)

    def _count(self, exchange: _Exchange) -> None:
        most = self._org.usage.daily_api_requests
        used = self._org.usage.add("DailyApiRequests")
        exchange.limit_info = f"api-usage={min(used, most)}/{most}"
        if used > most:
            raise SalesforceError(
                HTTPStatus.FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."
            )

    def _add_headers(self, message: Message, exchange: _Exchange) -> None:
        headers = MutableHeaders(scope=message)
        headers["date"] = format_datetime(self._org.clock.now(), usegmt=True)
        if exchange.limit_info is not None:
            headers["sforce-limit-info"] = exchange.limit_info


def _path_with_query(scope: Scope) -> str:
    query: str = scope["query_string"].decode("latin-1")
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return f"{path}?{query}" if query else path


def _normalise(scope: Scope) -> None:
    """Take one trailing slash away, and let `_HttpMethod` say what a POST really is."""
    path = scope["path"]
    if path.endswith("/") and len(path) > 1:
        scope["path"] = path[:-1]
    if scope["method"] == "POST" and scope["query_string"]:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        method = query.get("_HttpMethod", ["POST"])[0].upper()
        if method in {"PATCH", "DELETE", "GET"}:
            scope["method"] = method


def _access_token(scope: Scope) -> str:
    kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if kind.lower() not in {"bearer", "oauth"} or not token:
        raise SalesforceError(HTTPStatus.UNAUTHORIZED, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
    return token.strip()
