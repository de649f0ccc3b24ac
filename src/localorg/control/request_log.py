"""The requests that the org answered, for tests to look at."""

import re
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from localorg.clock import stored_datetime

_KEPT = 100_000
_CLIENT = re.compile(r"(?:^|[,;\s])client\s*=\s*([^,;\s]+)", re.IGNORECASE)
# What nobody has to find in a log. They come in the query of a few OAuth requests.
_SECRETS = frozenset(
    {"token", "access_token", "refresh_token", "oauth_token", "code", "client_secret", "assertion"}
    | {"password", "code_verifier", "sid"}
)
_LOOKS_SECRET = re.compile("|".join(sorted(_SECRETS)), re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request that the org answered, or was told not to answer."""

    method: str
    path: str
    # What follows the question mark, as it was sent; secrets in it are hidden.
    query: str
    # 0 where the connection was closed without an answer.
    status: int
    # The id of the user whose access token it carried.
    user: str | None
    # The client of `Sforce-Call-Options: client=…`.
    client: str | None
    milliseconds: float
    # Of the answer's body, as they were sent.
    bytes: int
    # The kind of the planned fault that happened to it.
    fault: str | None
    # The org's time of the answer.
    moment: datetime
    # The machine's time of the answer in seconds since 1970, to tell which requests met.
    ended: float


@dataclass(frozen=True, kw_only=True)
class Search:
    """Which requests are asked for; what is not given fits all."""

    method: str = ""
    # A part of the path, without regard to case.
    path: str = ""
    status: int | None = None
    client: str = ""
    user: str = ""
    # The number of a request: only later ones.
    after: int = 0
    # The org's time: only requests of this moment or later.
    since: datetime | None = None

    def fits(self, number: int, request: LoggedRequest) -> bool:
        """Whether a request is asked for."""
        return (
            number > self.after
            and (not self.method or request.method == self.method.upper())
            and self.path.lower() in request.path.lower()
            and self.status in {None, request.status}
            and self.client in {"", request.client}
            and self.user in {"", request.user}
            and (self.since is None or request.moment >= self.since)
        )


class RequestLog:
    """The last 100,000 requests, oldest first; those of the control endpoints are left out."""

    def __init__(self) -> None:
        """Start empty."""
        self._requests: deque[tuple[int, LoggedRequest]] = deque(maxlen=_KEPT)
        self._numbers = 0
        self._lock = threading.Lock()

    def add(self, request: LoggedRequest) -> None:
        """Note one request."""
        with self._lock:
            self._numbers += 1
            self._requests.append((self._numbers, request))

    def clear(self) -> None:
        """Forget all of them; numbers go on."""
        with self._lock:
            self._requests.clear()

    def found(self, search: Search) -> list[dict[str, Any]]:
        """What is asked for as JSON objects."""
        with self._lock:
            requests = tuple(self._requests)
        return list(_as_json(entry for entry in requests if search.fits(*entry)))


def client_of(options: str) -> str | None:
    """The client that a Sforce-Call-Options header names."""
    found = _CLIENT.search(options)
    return found[1] if found else None


def without_secrets(query: str) -> str:
    """A query string with the values of its secrets hidden."""
    if not _LOOKS_SECRET.search(query):
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode(
        [(name, "hidden" if name.lower() in _SECRETS else value) for name, value in pairs]
    )


def _as_json(entries: Iterable[tuple[int, LoggedRequest]]) -> Iterable[dict[str, Any]]:
    for number, request in entries:
        shown = asdict(request)
        moment = stored_datetime(shown.pop("moment"))
        yield {"number": number} | shown | {"moment": moment}
