"""What every page knows."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from isthmus.domain.roles import Right
from isthmus.web import access

THEMES = [("", "As the system", "screen"), ("light", "Light", "sun"), ("dark", "Dark", "moon")]
THEME_COOKIE = "theme"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the navigation."""

    word: str
    icon: str
    address: str
    here: bool


_ENTRIES = [("People", "people", "people", Right.ADMINISTER)]


def page(request: HttpRequest) -> dict[str, Any]:
    """The theme, the account, and the parts of the application that are for it."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    known = {value for value, _, _ in THEMES}
    return {
        "theme": chosen if chosen in known else "",
        "themes": THEMES,
        "user": access.who(request) if hasattr(request, "user") else None,
        "navigation": list(_navigation(request)),
    }


def _navigation(request: HttpRequest) -> list[Entry]:
    user = access.who(request) if hasattr(request, "user") else None
    return [
        Entry(
            word=word,
            icon=icon,
            address=(address := reverse(name)),
            here=request.path.startswith(address),
        )
        for word, icon, name, right in _ENTRIES
        if user is not None and user.may(right)
    ]
