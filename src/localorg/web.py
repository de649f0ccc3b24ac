"""What every API area needs of HTTP: JSON in, JSON out, routes that ignore case."""

import gzip
import re
import zlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.errors import SalesforceError, json_parser_error
from localorg.org import Org
from localorg.schema import Schema

JSON = "application/json;charset=UTF-8"
_MOST_BYTES = 50 * 1024 * 1024


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
    """The body of a request; raises JSON_PARSER_ERROR where it is no JSON."""
    body = await read_body(request)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
        raise json_parser_error(message) from None


async def read_object(request: Request) -> dict[str, Any]:
    """The body of a request; raises JSON_PARSER_ERROR where it is no JSON object."""
    body = await read_json(request)
    if not isinstance(body, dict):
        message = f"A JSON object is expected, not {type(body).__name__} at [line:1, column:1]"
        raise json_parser_error(message)
    return body


async def read_body(request: Request) -> bytes:
    """The bytes of a request's body, unpacked where they came as gzip or deflate."""
    body = await request.body()
    try:
        body = _unpacked(body, request.headers.get("content-encoding", "identity").lower())
    except (OSError, EOFError, zlib.error) as error:
        raise json_parser_error(f"The body can't be unpacked: {error}") from error
    if len(body) > _MOST_BYTES:
        message = f"The body has {len(body)} bytes; {_MOST_BYTES} are allowed."
        raise SalesforceError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "EXCEEDED_MAX_SIZE_REQUEST", message
        )
    return body


def ignoring_case(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The routes, changed so that the literal parts of their paths match in any case."""
    found = list(routes)
    for route in found:
        if isinstance(route, Route):
            route.path_regex = re.compile(route.path_regex.pattern, re.IGNORECASE)
    return found


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    return body
