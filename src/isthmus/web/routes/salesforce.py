"""Addresses of signing in to Salesforce: by connection, of all authorizations, and of the apps."""

from django.urls import URLPattern, path

from isthmus.web.views import authorizations, connecting, salesforce_apps, signing_in_there

_ONE = "connections/<str:connection_key>/sign-in"
_APP = "salesforce-apps/<int:app_id>"
_AUTHORIZATION = "authorizations/<int:authorization_id>"

patterns: list[URLPattern] = [
    path(_ONE, connecting.connect, name="connection-sign-in"),
    path(f"{_ONE}/certificate.crt", connecting.certificate, name="connection-certificate"),
    path(f"{_ONE}/check", connecting.check, name="connection-check"),
    path(f"{_ONE}/disconnect", connecting.disconnect, name="connection-disconnect"),
    path(f"{_ONE}/new-org", connecting.accept_org, name="connection-accept-org"),
    path(f"{_ONE}/new-org/losses", connecting.org_losses, name="connection-org-losses"),
    path(f"{_ONE}/browser", signing_in_there.begin, name="connection-begin"),
    path(f"{_ONE}/browser/state", signing_in_there.attempt, name="connection-attempt"),
    path("salesforce/callback", signing_in_there.callback, name="salesforce-callback"),
    path("authorizations", authorizations.authorizations, name="authorizations"),
    path(f"{_AUTHORIZATION}/check", authorizations.check, name="check-authorization"),
    path(
        f"{_AUTHORIZATION}/disconnect", authorizations.disconnect, name="disconnect-authorization"
    ),
    path(
        f"{_AUTHORIZATION}/certificate.crt",
        authorizations.certificate,
        name="authorization-certificate",
    ),
    path("salesforce-apps", salesforce_apps.apps, name="salesforce-apps"),
    path("new-salesforce-app", salesforce_apps.new, name="new-salesforce-app"),
    path(_APP, salesforce_apps.app, name="salesforce-app"),
    path(f"{_APP}/delete", salesforce_apps.delete, name="delete-salesforce-app"),
]
