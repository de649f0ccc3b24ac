"""A line of the log for each page that is asked for."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

log = logging.getLogger("isthmus.requests")

_QUIET = frozenset({"health", "metrics"})
"""What programs ask for every few seconds; only where it does not go well a line is of use."""

_WELL = 400


class RequestLogMiddleware:
    """Says which page it was, by its name and not its address: that may name people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and say how long it took."""
        began = time.monotonic()
        response = self.get_response(request)
        found = request.resolver_match
        route = found.view_name if found else None
        if route in _QUIET and response.status_code < _WELL:
            return response
        facts = {
            "method": request.method if request.method in _METHODS else "other",
            "route": route,
            "status": response.status_code,
            "ms": round((time.monotonic() - began) * 1000, 1),
        }
        log.info("request", extra={"event": "request", "facts": facts})
        return response


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
