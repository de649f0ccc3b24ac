"""Addresses of the audit log."""

from django.urls import URLPattern, path

from isthmus.web.views import audit

patterns: list[URLPattern] = [
    path("audit", audit.log, name="audit"),
    path("audit/log.csv", audit.table, name="audit-log"),
    path("audit/<uuid:action_id>", audit.entry, name="audit-entry"),
]
