"""Addresses of the pages."""

from isthmus.web.routes import (
    accounts,
    components,
    connections,
    guards,
    home,
    notifying,
    previews,
    profiles,
    properties,
    runs,
    salesforce,
    segments,
)
from isthmus.web.views import errors

urlpatterns = [
    *home.patterns,
    *accounts.patterns,
    *connections.patterns,
    *previews.patterns,
    *runs.patterns,
    *guards.patterns,
    *notifying.patterns,
    *profiles.patterns,
    *properties.patterns,
    *segments.patterns,
    *salesforce.patterns,
    *components.patterns,
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken
