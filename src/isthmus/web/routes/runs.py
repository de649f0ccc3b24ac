"""Addresses of runs."""

from django.urls import URLPattern, path

from isthmus.web.views import run_rows, runs

_ALL = "connections/<str:connection_key>/runs"
_ONE = f"{_ALL}/<int:number>"

patterns: list[URLPattern] = [
    path(_ALL, runs.runs, name="runs"),
    path(_ONE, runs.run, name="run"),
    path(f"{_ONE}/stop", runs.stop, name="stop-run"),
    path(f"{_ONE}/log.csv", runs.log, name="run-log"),
    path(f"{_ONE}/rows", run_rows.rows, name="run-rows"),
    path(f"{_ONE}/problems", run_rows.problems, name="run-problems"),
    path(
        "connections/<str:connection_key>/records/<str:record_id>", run_rows.record, name="record"
    ),
]
