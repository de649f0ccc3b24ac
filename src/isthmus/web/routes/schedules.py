"""Addresses of schedules."""

from django.urls import URLPattern, path

from isthmus.web.views import schedules

_ONE = "connections/<str:connection_key>"

patterns: list[URLPattern] = [
    path(f"{_ONE}/schedule", schedules.schedule, name="connection-schedule"),
    path(f"{_ONE}/schedule/draft", schedules.draft, name="schedule-draft"),
]
