"""What every page knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from isthmus.domain.roles import Right
from isthmus.people.models import User
from isthmus.web import access, troubles

THEMES = [("", "As the system", "screen"), ("light", "Light", "sun"), ("dark", "Dark", "moon")]
THEME_COOKIE = "theme"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the navigation."""

    word: str
    icon: str
    address: str
    here: bool
    troubled: int = 0  # so many things behind it need attention


_ENTRIES: list[tuple[str, str, str, Right]] = [
    ("Home", "home", "home", Right.LOOK),
    ("Profiles", "people", "profiles", Right.LOOK),
    ("Segments", "segment", "segments", Right.LOOK),
    ("Connections", "plug", "connections", Right.LOOK),
]
_MAKING = {
    "home-profiles": "home",
    "profiles-over-time": "profiles",
    "new-segment": "segments",
    "new-property": "properties",
    "new-salesforce-app": "salesforce-apps",
    "org": "connections",
    "org-share": "connections",
}
"""Pages that belong to an entry although their address does not say so."""

_SETTINGS = [
    ("Properties", "doc", "properties", Right.LOOK),
    ("People", "people", "people", Right.ADMINISTER),
    ("Authorizations", "link", "authorizations", Right.LOOK),
    ("Salesforce apps", "cloud", "salesforce-apps", Right.ADMINISTER),
    ("E-mail", "mail", "mail", Right.ADMINISTER),
    ("Audit log", "clock", "audit", Right.ADMINISTER),
    ("Components", "spark", "components", Right.ADMINISTER),
]


def page(request: HttpRequest) -> dict[str, Any]:
    """The theme, the account, and the parts of the application that are for it."""
    user = access.who(request) if hasattr(request, "user") else None
    tabs = list(_entries(request, user, _SETTINGS))
    return {
        "theme": theme_of(request),
        "themes": THEMES,
        "user": user,
        "may_edit": user is not None and user.may(Right.EDIT),
        "may_administer": user is not None and user.may(Right.ADMINISTER),
        "navigation": [*_entries(request, user, _ENTRIES), *_settings(tabs)],
        "settings_tabs": tabs,
        "find_address": reverse("profiles") if user and user.may(Right.LOOK) else "",
    }


def theme_of(request: HttpRequest) -> str:
    """What was chosen in this browser; empty where the system decides."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in {value for value, _, _ in THEMES} else ""


def _entries(
    request: HttpRequest, user: User | None, entries: list[tuple[str, str, str, Right]]
) -> Iterator[Entry]:
    for word, icon, name, right in entries:
        if user is not None and user.may(right):
            address = reverse(name)
            within = request.path == address or request.path.startswith(f"{address.rstrip('/')}/")
            here = (within and address != "/") or _is_of(request, name)
            number = troubles.number(request) if name == "connections" else 0
            yield Entry(word=word, icon=icon, address=address, here=here, troubled=number)


def _is_of(request: HttpRequest, entry: str) -> bool:
    """Whether the page belongs to the entry although its address does not say so."""
    page = _name(request)
    return page == entry or _MAKING.get(page) == entry


def _name(request: HttpRequest) -> str:
    """The name of the page; empty where there is none at the address."""
    return (request.resolver_match.url_name or "") if request.resolver_match else ""


def _settings(tabs: list[Entry]) -> Iterator[Entry]:
    """One line of the navigation for all of them: it leads to the first."""
    for first in tabs[:1]:
        here = any(tab.here for tab in tabs)
        yield Entry(word="Settings", icon="gear", address=first.address, here=here)
