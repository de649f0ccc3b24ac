"""The address that Salesforce sends people back to: one for all connections."""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}


def url(request: HttpRequest) -> str:
    """The callback URL that the app in Salesforce has to know."""
    return f"{_base(request)}{reverse('salesforce-callback')}"


def trouble(request: HttpRequest) -> str:
    """Why nobody would come back to this browser's session, and what to do; empty: all is well."""
    base = urlsplit(_base(request))
    if base.scheme != "https" and base.hostname not in _LOCAL:
        return (
            f"Salesforce sends people back by https only, and these pages are at "
            f"{base.scheme}://{base.netloc}. Put a proxy with HTTPS before them, and its address "
            f"into ISTHMUS_URL."
        )
    if settings.PUBLIC_URL and request.get_host() != base.netloc:
        # The session here belongs to another host: the answer would not find it.
        return (
            f"Salesforce sends people back to {settings.PUBLIC_URL}, and you opened these pages at "
            f"{request.get_host()}. Open them at {settings.PUBLIC_URL}, and connect there."
        )
    return ""


def _base(request: HttpRequest) -> str:
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
