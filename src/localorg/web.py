"""What every API area needs of HTTP: JSON in, JSON out, routes that ignore case."""

import re
import zlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from localorg.errors import SalesforceError, json_parser_error
from localorg.org import Org
from localorg.schema import Schema
from localorg.xml_bodies import read_xml

JSON = "application/json;charset=UTF-8"
_MOST_BYTES = 50 * 1024 * 1024
_WINDOWS = {"gzip": 31, "deflate": 15}
_KINDS = {type(None): "null", bool: "a boolean", list: "an array", str: "a string"}


class JsonAnswer(Response):
    """An answer whose body is `content` as JSON."""

    media_type = JSON

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        return orjson.dumps(content)


def org_of(request: Request) -> Org:
    """The org that a request came to."""
    org: Org = request.app.state.org
    return org


def user_of(request: Request) -> str:
    """The id of the user whose access token a request carries."""
    user_id: str = request.state.user_id
    return user_id


def schema_of(request: Request) -> Schema:
    """The objects and fields that the user who asks may see."""
    return org_of(request).rights.schema_for(user_of(request))


def version_of(request: Request) -> str:
    """The API version in a request's path, such as `66.0`."""
    version: str = request.path_params["version"]
    return version


async def read_json(request: Request) -> Any:
    """The body of a request; raises JSON_PARSER_ERROR where it is no JSON.

    A body that comes as XML is what it would be in JSON; raises XML_PARSER_ERROR.
    """
    body = await read_body(request)
    if "xml" in request.headers.get("content-type", ""):
        return read_xml(body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
        raise json_parser_error(message) from None


async def read_object(request: Request) -> dict[str, Any]:
    """The body of a request; raises JSON_PARSER_ERROR where it is no JSON object."""
    body = await read_json(request)
    if not isinstance(body, dict):
        kind = _KINDS.get(type(body), "a number")
        raise json_parser_error(f"A JSON object is expected, not {kind} at [line:1, column:1]")
    return body


async def read_body(request: Request) -> bytes:
    """The bytes of a request's body, unpacked where they came as gzip or deflate."""
    body = await _received(request)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in _WINDOWS:
        body = await run_in_threadpool(_unpacked, body, encoding)
    elif encoding != "identity":
        message = f"The Content-Encoding {encoding} is not supported. Use gzip, deflate or none."
        raise SalesforceError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
    _check_size(len(body))
    return body


def methods_at(request: Request) -> str:
    """The methods that the path of a request takes, as an Allow header lists them."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return ", ".join(sorted(methods))


def ignoring_case(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The routes, changed so that the literal parts of their paths match in any case."""
    found = list(routes)
    for route in found:
        if isinstance(route, Route):
            # `$` would match before a line end too, and `.` none.
            whole = route.path_regex.pattern.removesuffix("$") + r"\Z"
            route.path_regex = re.compile(whole, re.IGNORECASE | re.DOTALL)
    return found


async def _received(request: Request) -> bytes:
    """The bytes as they came; what is too much is read to its end, but not kept."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size <= _MOST_BYTES:
            pieces.append(piece)
        else:
            pieces.clear()
    _check_size(size)
    return b"".join(pieces)


def _check_size(size: int) -> None:
    if size > _MOST_BYTES:
        message = f"The body has more than the {_MOST_BYTES} bytes that are allowed."
        raise SalesforceError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "EXCEEDED_MAX_SIZE_REQUEST", message
        )


def _unpacked(body: bytes, encoding: str) -> bytes:
    """The body without its packing, cut off where it is longer than any body may be."""
    pieces: list[bytes] = []
    room, rest = _MOST_BYTES + 1, body
    # What is packed as gzip may be several pieces, one behind the other.
    while room > 0 and (rest or not pieces):
        packer = zlib.decompressobj(_WINDOWS[encoding])
        try:
            piece = packer.decompress(rest, room)
        except zlib.error as error:
            raise json_parser_error(f"The body can't be unpacked: {error}") from error
        if not packer.eof and len(piece) < room:
            raise json_parser_error("The body can't be unpacked: its end is missing")
        pieces.append(piece)
        room, rest = room - len(piece), packer.unused_data
    return b"".join(pieces)
