"""Addresses of who hears of runs, and of the mail server."""

from django.urls import URLPattern, path

from isthmus.web.views import mail, notifying

_ONE = "connections/<str:connection_key>"

patterns: list[URLPattern] = [
    path(f"{_ONE}/notify", notifying.notify, name="connection-notify"),
    path(f"{_ONE}/webhook", notifying.webhook, name="connection-webhook"),
    path(f"{_ONE}/webhook/secret", notifying.webhook_secret, name="connection-webhook-secret"),
    path(f"{_ONE}/webhook/test", notifying.webhook_test, name="connection-webhook-test"),
    path("mail", mail.mail, name="mail"),
    path("mail/test", mail.test, name="test-mail"),
    path("mail/again", mail.try_again, name="mail-again"),
    path("mail/unset", mail.unset, name="unset-mail"),
]
