"""Addresses to go on to."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme


def ours(request: HttpRequest, asked: str) -> str:
    """The path that was asked for, where it is one of ours; else the start.

    What has no slash before it would be taken for the name of a page.
    """
    safe = asked.startswith("/") and url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if safe else reverse("home")


def of(name: str, **places: Any) -> str:
    """The address of that name; empty where there is none, or none for such places."""
    try:
        return reverse(name, kwargs=places)
    except NoReverseMatch:
        return ""
