"""Calls below `/services/data/vNN.0`, for the parts of the client that know what they mean."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from isthmus.salesforce.session import Session
from isthmus.salesforce.settings import ClientSettings, Clock
from isthmus.salesforce.transport import Answer
from isthmus.salesforce.wire import Body, Request, Response

Params = Mapping[str, str | int | None]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call. Only what may safely be sent twice is `repeatable`."""

    method: str
    path: str
    """Below the version (`/limits`), or from `/services/` on, as Salesforce's own links are."""
    params: Params = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None
    repeatable: bool = False
    version: str | None = None
    """Defaults to the client's own version."""


def _exact(value: object) -> orjson.Fragment:
    """A decimal with all its digits, which a float does not have room for."""
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} is no JSON. Give text, numbers, booleans or None.")


class Rest:
    """Makes calls in a session."""

    def __init__(self, session: Session, settings: ClientSettings, clock: Clock) -> None:
        self.session = session
        self.settings = settings
        self.clock = clock

    def get(self, path: str, params: Params | None = None, *, version: str | None = None) -> Any:
        """The JSON at a path."""
        call = Call(method="GET", path=path, params=params or {}, repeatable=True, version=version)
        return self.session.json(self.request(call))

    def send_json(
        self,
        method: str,
        path: str,
        content: object,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        version: str | None = None,
    ) -> Any:
        """The JSON that answers a JSON body."""
        sent = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
        call = Call(
            method=method,
            path=path,
            headers=sent,
            body=orjson.dumps(content, default=_exact),
            repeatable=repeatable,
            version=version,
        )
        return self.session.json(self.request(call))

    def answer(self, call: Call) -> Response:
        """The whole answer to a call."""
        return self.session.send(self.request(call))

    def stream(self, call: Call) -> AbstractContextManager[Answer]:
        """The answer to a call while its body is coming."""
        return self.session.stream(self.request(call))

    def request(self, call: Call) -> Request:
        """The request that a call stands for."""
        query = urlencode({k: v for k, v in call.params.items() if v is not None}, quote_via=quote)
        return Request(
            method=call.method,
            url=f"{self._full_path(call)}{'?' if query else ''}{query}",
            headers={"Accept": "application/json", **call.headers},
            body=call.body,
            repeatable=call.repeatable,
        )

    def _full_path(self, call: Call) -> str:
        if call.path.startswith(("/services/", "//", "https://", "http://")):
            return call.path  # A link; the session sees to it that it stays on the instance.
        return f"/services/data/v{call.version or self.settings.api_version}{call.path}"
