"""Addresses of the pages."""

from isthmus.web.routes import (
    accounts,
    audit,
    components,
    connections,
    exchange,
    guards,
    home,
    notifying,
    orgs,
    previews,
    profiles,
    properties,
    runs,
    salesforce,
    schedules,
    segments,
)
from isthmus.web.views import errors

urlpatterns = [
    *home.patterns,
    *accounts.patterns,
    *audit.patterns,
    *connections.patterns,
    *exchange.patterns,
    *previews.patterns,
    *runs.patterns,
    *guards.patterns,
    *schedules.patterns,
    *notifying.patterns,
    *profiles.patterns,
    *properties.patterns,
    *segments.patterns,
    *salesforce.patterns,
    *orgs.patterns,
    *components.patterns,
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken
