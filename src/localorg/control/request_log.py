from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request that the org answered."""

    method: str
    # The path with its query string.
    path: str
    status: int


class RequestLog:
    """The last 100,000 requests, oldest first; those of the control endpoints are left out."""

    def __init__(self) -> None:
        """Start empty."""
        self._requests: deque[LoggedRequest] = deque(maxlen=_KEPT)

    def add(self, request: LoggedRequest) -> None:
        """Note one request."""
        self._requests.append(request)

    def clear(self) -> None:
        """Forget all of them."""
        self._requests.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """All of them as JSON objects."""
        return [asdict(request) for request in tuple(self._requests)]
