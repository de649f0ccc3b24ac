"""Addresses of connections."""

from django.urls import URLPattern, path

from isthmus.web.views import connection, connections, goal_pages, goal_property, goals

_ONE = "connections/<str:connection_key>"
_GOAL = f"{_ONE}/goals/<str:goal_key>"

patterns: list[URLPattern] = [
    path("connections", connections.connections, name="connections"),
    path("connection-types", connections.types, name="connection-types"),
    path("connection-types/<str:type_key>", connections.new, name="new-connection"),
    path(_ONE, connection.connection, name="connection"),
    path(f"{_ONE}/title", connection.title, name="connection-title"),
    path(f"{_ONE}/about", connection.about, name="connection-about"),
    path(f"{_ONE}/switch", connections.switch, name="connection-switch"),
    path(f"{_ONE}/favourite", connections.favourite, name="connection-favourite"),
    path(f"{_ONE}/run", connection.run, name="connection-run"),
    path(f"{_ONE}/stop", connection.stop, name="connection-stop"),
    path(f"{_ONE}/yaml", connection.yaml, name="connection-yaml"),
    path(f"{_ONE}/document.yaml", connection.yaml_file, name="connection-yaml-file"),
    path(f"{_ONE}/copy", connection.copy, name="connection-copy"),
    path(f"{_ONE}/losses", connection.losses, name="connection-losses"),
    path(f"{_ONE}/delete", connection.delete, name="connection-delete"),
    path(f"{_ONE}/goals/new/import", goal_pages.new_import, name="new-import-goal"),
    path(f"{_ONE}/goals/new/export", goal_pages.new_export, name="new-export-goal"),
    path(f"{_ONE}/goals/new/property", goal_property.new_property, name="goal-property"),
    path(_GOAL, goal_pages.goal, name="goal"),
    path(f"{_GOAL}/active", goals.active, name="goal-active"),
    path(f"{_GOAL}/move", goals.move, name="goal-move"),
    path(f"{_GOAL}/copy", goals.copy, name="goal-copy"),
    path(f"{_GOAL}/losses", goals.losses, name="goal-losses"),
    path(f"{_GOAL}/delete", goals.delete, name="goal-delete"),
]
