"""Who may use the control endpoints: programs, but no web pages that somebody visits meanwhile.

A page of any site can send a simple POST to a port of this machine. Browsers say which page it is
that asks, and a name that a site leads to this machine shows in the Host header.
"""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from localorg.errors import SalesforceError
from localorg.hosts import (
    LOCALHOST,
    LOGIN_HOST,
    TEST_HOST,
    base_url,
    is_own_host,
    my_domain_host,
    plain_origin,
)
from localorg.settings import Settings
from localorg.web import org_of

_FOREIGN = frozenset({"cross-site", "same-site"})


def keep_out_web_pages(routes: Iterable[BaseRoute]) -> None:
    """Let the routes refuse what comes from a web page, however their path was written."""
    for route in routes:
        if isinstance(route, Route):
            route.app = _Guarded(route.app)


class _Guarded:
    """An application that web pages don't reach."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or raise SalesforceError INVALID_CONTROL."""
        request = Request(scope)
        _check_host(request)
        _check_page(request)
        await self._app(scope, receive, send)


def _check_host(request: Request) -> None:
    host, names = request.headers.get("host", ""), _names(org_of(request).settings)
    if not is_own_host(host, names):
        raise _refused(
            f"{host!r} is no host of this org. Use an IP address or one of "
            f"{', '.join((LOCALHOST, *names))}, or start it with --host-name NAME."
        )


def _names(settings: Settings) -> tuple[str, ...]:
    return (LOGIN_HOST, TEST_HOST, my_domain_host(settings.my_domain), *settings.host_names)


def _check_page(request: Request) -> None:
    own = base_url(request)
    origin = request.headers.get("origin")
    is_foreign = origin is not None and plain_origin(origin) != own
    if is_foreign or request.headers.get("sec-fetch-site", "").lower() in _FOREIGN:
        raise _refused(
            f"A web page of {origin or 'another site'} can't use the control endpoints. Send the "
            f"request from a program, without Origin and Sec-Fetch-Site, or from a page of {own}."
        )


def _refused(message: str) -> SalesforceError:
    return SalesforceError(HTTPStatus.FORBIDDEN, "INVALID_CONTROL", message)
