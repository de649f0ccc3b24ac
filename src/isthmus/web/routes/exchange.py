"""Addresses of the profiles that came and went through a connection."""

from django.urls import URLPattern, path

from isthmus.web.views import exchange

_ONE = "connections/<str:connection_key>"

patterns: list[URLPattern] = [
    path(f"{_ONE}/exchange", exchange.page, name="connection-exchange"),
    path(f"{_ONE}/exchange/profiles", exchange.profiles, name="exchange-profiles"),
    path(f"{_ONE}/exchange.csv", exchange.file, name="exchange-file"),
]
