"""Addresses of the pages."""

from isthmus.web.routes import (
    accounts,
    components,
    connections,
    guards,
    profiles,
    properties,
    runs,
    segments,
)
from isthmus.web.views import errors

urlpatterns = [
    *accounts.patterns,
    *connections.patterns,
    *runs.patterns,
    *guards.patterns,
    *profiles.patterns,
    *properties.patterns,
    *segments.patterns,
    *components.patterns,
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken
