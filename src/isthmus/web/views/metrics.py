"""Figures for Prometheus: for a program that knows the token, or one on this machine."""

import hmac
import ipaddress
import os
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from isthmus.monitoring.figures import Collector
from isthmus.web.access import Anyone, access

TOKEN: Final = "ISTHMUS_METRICS_TOKEN"  # noqa: S105 - the name of a setting

_PROXIED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
"""What a proxy adds: whoever asks is not on this machine then, whatever the address says."""

_registry = CollectorRegistry(auto_describe=False)
_registry.register(Collector())


@access(Anyone.EVERYBODY)
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as text, or 401 with what is missing. Nobody's session is looked at."""
    refusal = _refusal(request)
    if refusal:
        answer = HttpResponse(f"{refusal}\n", status=401, content_type="text/plain; charset=utf-8")
        answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return answer
    return HttpResponse(generate_latest(_registry), content_type=CONTENT_TYPE_LATEST)


def _refusal(request: HttpRequest) -> str:
    token = os.environ.get(TOKEN, "").strip()
    if token:
        given = request.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return ""
        return f"Give the token that is set as {TOKEN}, as a bearer token."
    proxied = bool(settings.PUBLIC_URL) or any(name in request.headers for name in _PROXIED)
    if proxied or not _is_local(request.META.get("REMOTE_ADDR", "")):
        return f"From elsewhere than this machine a token is needed: set {TOKEN}."
    return ""


def _is_local(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
