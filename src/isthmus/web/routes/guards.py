"""Addresses of runs that wait for a yes, and of runs of a few records."""

from django.urls import URLPattern, path

from isthmus.web.views import guards

_ONE = "connections/<str:connection_key>"
_GOAL = f"{_ONE}/goals/<str:goal_key>"
_RUN = f"{_ONE}/runs/<int:number>"

patterns: list[URLPattern] = [
    path(f"{_ONE}/asks-first", guards.asks_first, name="connection-asks-first"),
    path(f"{_ONE}/first", guards.first_of_all, name="connection-first"),
    path(f"{_GOAL}/first", guards.first, name="goal-first"),
    path(f"{_GOAL}/only", guards.only, name="goal-only"),
    path(f"{_RUN}/confirm", guards.confirm, name="confirm-run"),
    path(f"{_RUN}/refuse", guards.refuse, name="refuse-run"),
]
