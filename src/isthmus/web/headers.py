"""Headers that every answer carries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

_OURS = ("script-src", "style-src", "font-src", "connect-src", "form-action")
_NONE = ("default-src", "frame-ancestors", "base-uri")
_DIRECTIVES = [f"{name} 'none'" for name in _NONE] + [f"{name} 'self'" for name in _OURS]

POLICY = "; ".join([*_DIRECTIVES, "img-src 'self' data:"])
"""Nothing but our own files, and nothing written into a page runs or styles it."""

UNUSED = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class HeadersMiddleware:
    """Adds the content security policy, and keeps pages with people's data out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the headers."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", UNUSED)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
