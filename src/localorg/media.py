"""The forms of requests and answers: JSON or XML, indented or not, and which can't be had."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localorg.errors import SalesforceError, not_found
from localorg.xml_answers import as_xml

_DATA = "/services/data"
_SUFFIX = re.compile(r"\.(json|xml)$", re.IGNORECASE)
_JSON = "application/json"
_XML = "application/xml"
_XML_TYPES = frozenset({_XML, "text/xml"})
_TAKEN = frozenset({_JSON, "text/csv", "multipart/form-data", *_XML_TYPES})
_GIVEN = frozenset({_JSON, "text/csv", "application/*", "text/*", "*/*", "*", *_XML_TYPES})
_WITH_BODY = frozenset({"POST", "PATCH", "PUT"})


@dataclass(frozen=True, slots=True)
class Form:
    """The form in which an answer is wanted."""

    xml: bool = False
    pretty: bool = False


_PLAIN = Form()


class Media:
    """Lets handlers speak plain JSON only: reads the wish, and changes the answer where need be."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].lower().startswith(_DATA):
            await self._app(scope, receive, send)
            return
        try:
            form = form_of(scope)
        except SalesforceError as error:
            await _refuse(error, send)
            return
        if form == _PLAIN:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _FormedSend(send, scope["path"], form))


async def send_in_form(answer: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer that is ready, such as a refusal, in the form which the request asks for."""
    try:
        form = form_of(scope)
    except SalesforceError:
        form = _PLAIN
    formed = send if form == _PLAIN else _FormedSend(send, scope["path"], form)
    await answer(scope, receive, formed)


def form_of(scope: Scope) -> Form:
    """The form that a request wants; takes a `.json` or `.xml` away from the end of its path.

    Raises SalesforceError: 404 for a double slash, 406 and 415 for unknown media types.
    """
    if b"//" in (scope.get("raw_path") or scope["path"].encode()).lstrip(b"/"):
        raise not_found()
    accept, content_type, pretty = _headers(scope)
    if content_type and scope["method"] in _WITH_BODY:
        _check_content_type(content_type)
    ranges = _media_ranges(accept)
    if accept and not _GIVEN.intersection(ranges):
        message = (
            f"The Accept header asks for {accept}; this resource is given as {_JSON} or {_XML}."
        )
        raise SalesforceError(HTTPStatus.NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message)
    suffix = _SUFFIX.search(scope["path"])
    if suffix:
        scope["path"] = scope["path"][: suffix.start()]
        return Form(xml=suffix[1].lower() == "xml", pretty=pretty)
    return Form(xml=_prefers_xml(ranges), pretty=pretty)


def _headers(scope: Scope) -> tuple[str, str, bool]:
    """The values of Accept, Content-Type and X-PrettyPrint."""
    accept = content_type = ""
    pretty = False
    for name, value in scope["headers"]:
        if name == b"accept":
            accept = value.decode("latin-1")
        elif name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"x-prettyprint":
            pretty = value.strip() == b"1"
    return accept, content_type, pretty


def _check_content_type(text: str) -> None:
    if text.partition(";")[0].strip().lower() not in _TAKEN:
        message = f"Content-Type header specified in HTTP request is not supported: {text}"
        raise SalesforceError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)


def _media_ranges(accept: str) -> list[str]:
    """The media types of an Accept header, the best liked first, without those of weight 0.

    What is named comes before what is only let through by a `*`.
    """
    weights = {}
    for entry in accept.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weights[name] = next((_weight(part) for part in parameters if part.startswith("q=")), 1.0)
    wanted = [name for name, weight in weights.items() if weight]
    return sorted(wanted, key=lambda name: ("*" in name, -weights[name]))


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 1.0


def _prefers_xml(ranges: list[str]) -> bool:
    """Whether XML is asked for and nothing before it that JSON would do for."""
    for name in ranges:
        if name in _XML_TYPES:
            return True
        if name in _GIVEN:
            return False
    return False


async def _refuse(error: SalesforceError, send: Send) -> None:
    body = orjson.dumps(error.body())
    headers = [
        (b"content-type", b"application/json;charset=UTF-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": int(error.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _FormedSend:
    """Collects an answer of JSON and sends it on in its form; other answers pass."""

    def __init__(self, send: Send, path: str, form: Form) -> None:
        self._send = send
        self._path = path
        self._form = form
        self._start: Message | None = None
        self._pieces: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        """Take one message."""
        if message["type"] == "http.response.start" and _is_json(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._pieces.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = b"".join(self._pieces)
        if body:
            body = await run_in_threadpool(self._formed, start["status"], body)
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        if self._form.xml:
            headers["content-type"] = f"{_XML};charset=UTF-8"
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    def _formed(self, status: int, body: bytes) -> bytes:
        value: Any = orjson.loads(body)
        if self._form.xml:
            return as_xml(self._path, status, value, pretty=self._form.pretty)
        return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def _is_json(start: Message) -> bool:
    return MutableHeaders(scope=start).get("content-type", "").startswith(_JSON)
