"""The network between the client and an org, on which answers can be changed and moments caught."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from urllib3.response import HTTPResponse

from isthmus.salesforce import ClientSettings
from isthmus.salesforce.transport import Answer, PoolTransport
from isthmus.salesforce.wire import Request

Tamper = Callable[[bytes, dict[str, str]], bytes]
"""Gets an answer's body and headers (lower-case names, may be changed); returns the body."""


@dataclass(kw_only=True)
class Spot:
    """Requests at which something happens, the first `times` of them after `skip`."""

    method: str
    path: str  # regular expression, found anywhere in the address
    times: int
    skip: int = 0
    before: Callable[[], None] | None = None
    tamper: Tamper | None = None

    def meets(self, request: Request) -> bool:
        """Whether it is this request's turn, which counts it."""
        if request.method != self.method or not re.search(self.path, request.url):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return self.times >= 0


class Wire:
    """Real HTTP, with spots at which something happens to a request or its answer."""

    def __init__(self, settings: ClientSettings) -> None:
        self._pool = PoolTransport(settings)
        self.spots: list[Spot] = []

    def before(
        self, method: str, path: str, happening: Callable[[], None], *, skip: int = 0
    ) -> None:
        """Let something happen right before a request is sent, once."""
        self.spots.append(Spot(method=method, path=path, times=1, skip=skip, before=happening))

    def tamper(self, method: str, path: str, change: Tamper, *, times: int = 1) -> None:
        """Change the answers to requests."""
        self.spots.append(Spot(method=method, path=path, times=times, tamper=change))

    def open(self, request: Request) -> Answer:
        """The answer, as it was or changed."""
        met = [spot for spot in self.spots if spot.meets(request)]
        for spot in met:
            if spot.before:
                spot.before()
        answer = self._pool.open(request)
        for spot in met:
            if spot.tamper:
                answer = _changed(answer, request, spot.tamper)
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def break_off(self) -> None:
        """Break off what is waited for."""
        self._pool.break_off()

    @property
    def calls(self) -> int:
        """How many requests were sent."""
        return self._pool.calls


def _changed(answer: Answer, request: Request, change: Tamper) -> Answer:
    response = answer.read()
    answer.close()
    given = {"content-encoding", "content-length", "transfer-encoding"}
    headers = {name: value for name, value in response.headers.items() if name not in given}
    body = change(response.body, headers)
    raw = HTTPResponse(
        body=io.BytesIO(body), headers=headers, status=response.status, preload_content=False
    )
    return Answer(raw, request)
