"""Addresses to go on to."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def ours(request: HttpRequest, asked: str) -> str:
    """The address that was asked for, where it is one of ours; else the start."""
    safe = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if safe else reverse("home")
