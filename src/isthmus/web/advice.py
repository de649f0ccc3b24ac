"""What pages say about the app in Salesforce that people sign in through."""

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest

from isthmus.salesforce import SCOPES
from isthmus.web import callback

_SCOPES: Final[Mapping[str, str]] = {
    "api": "Manage user data via APIs",
    "refresh_token": "Perform requests at any time",
    "id": "Access the identity URL service",
}
"""As Salesforce's pages call them."""


def of_app(request: HttpRequest) -> dict[str, Any]:
    """What `web/app_advice.html` shows."""
    return {
        "callback_url": callback.url(request),
        "callback_trouble": callback.trouble(request),
        "scopes": " ".join(SCOPES),
        "scope_names": [_SCOPES.get(each, each) for each in SCOPES],
    }
