"""Addresses of previews."""

from django.urls import URLPattern, path

from isthmus.web.views import previews

_ONE = "connections/<str:connection_key>/goals/<str:goal_key>/preview"

patterns: list[URLPattern] = [
    path(_ONE, previews.preview, name="goal-preview"),
    path(f"{_ONE}/ask", previews.ask, name="goal-preview-ask"),
    path(f"{_ONE}/stop", previews.stop, name="goal-preview-stop"),
]
