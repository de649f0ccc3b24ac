"""Where people find the pages, for links in what is sent to them.

`ISTHMUS_URL` says it. Where a process has not got it, the address counts under which `isthmus web`
served the pages last, which that process keeps in the store.
"""

from typing import Final
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils import timezone

from isthmus.connections.models import PageAddress

SETTING: Final = "ISTHMUS_URL"

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def keep(url: str) -> None:
    """Keep where the pages are served from now on."""
    PageAddress.objects.update_or_create(
        id=1, defaults={"url": url.rstrip("/"), "served_at": timezone.now()}
    )


def base() -> str:
    """The address without a slash at its end; empty where nobody knows it."""
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    return PageAddress.objects.values_list("url", flat=True).first() or ""


def is_only_here(url: str) -> bool:
    """Whether the address leads to the pages on their own machine alone."""
    return (urlsplit(url).hostname or "") in _HERE


def connection(key: str) -> str:
    """The path of a connection's page."""
    return f"/connections/{quote(key)}"


def run(key: str, number: int) -> str:
    """The path of a run's page."""
    return f"{connection(key)}/runs/{number}"


def problems(key: str, number: int) -> str:
    """The path of its problems, by cause."""
    return f"{run(key, number)}/problems"
