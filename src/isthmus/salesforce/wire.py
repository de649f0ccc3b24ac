"""Requests and answers as values: nothing here does I/O."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from isthmus.salesforce.errors import UnexpectedAnswer

Body = bytes | Iterable[bytes] | None


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request. Its `repr` shows neither query, headers nor body: they hold secrets."""

    method: str
    url: str
    """Absolute for sign-in; a path on the instance otherwise."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None
    repeatable: bool = False
    """Whether sending it twice does no harm."""

    @property
    def target(self) -> str:
        """Method and path for messages, without the query: SOQL holds people's data."""
        return f"{self.method} {urlsplit(self.url).path}"

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent a second time: an iterator is used up by the first."""
        return self.body is None or isinstance(self.body, bytes) or iter(self.body) is not self.body

    def to(self, url: str, headers: Mapping[str, str]) -> Self:
        """The same request to an absolute URL, with more headers."""
        return replace(self, url=url, headers={**headers, **self.headers})

    def __repr__(self) -> str:
        return f"<Request {self.target}>"


@dataclass(frozen=True, kw_only=True)
class Response:
    """One whole answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """With lower-case names."""
    body: bytes = b""
    target: str = ""
    """Method and path of the request it answers."""

    def json(self) -> Any:
        """The body as JSON. Raises `UnexpectedAnswer` where it is something else."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise UnexpectedAnswer(
                f"The answer to {self.target} ({self.status}) is not JSON. A proxy or a "
                "maintenance page may stand in between; try again later.",
                status=self.status,
                path=self.target,
            ) from error

    def __repr__(self) -> str:
        return f"<Response {self.status} to {self.target}>"


@contextlib.contextmanager
def understood(what: str) -> Iterator[None]:
    """Raise `UnexpectedAnswer` where the code inside cannot find its way in an answer's JSON."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer(
            f"Salesforce's answer is not {what} ({error!r}). {UnexpectedAnswer.advice}"
        ) from error
