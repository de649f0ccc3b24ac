"""Who hears of the runs of a connection: e-mail addresses, and a webhook."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from isthmus.connections import trying, webhook_setting, who_hears
from isthmus.connections.models import Connection, When
from isthmus.domain.roles import Right
from isthmus.web import edits, notify_page
from isthmus.web.access import access
from isthmus.web.forms.notifying import WebhookForm
from isthmus.web.views.connection import shown_with
from isthmus.web.views.found import changing, find


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def notify(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Change who hears of what by e-mail; the address opened again leads to the page."""
    found = find(connection_key)
    if request.method != "POST":
        return redirect("connection", connection_key=found.key)
    form = notify_page.form_of(request, found, request.POST)
    if not form.is_valid():
        return shown_with(request, found, 422, notify_form=form, notify_is_open=True)
    typed = {name: form.cleaned_data[name] for name in notify_page.shown(request, found)}
    with changing(connection_key) as row:
        seen = edits.unseal(notify_page.thing(row), request.POST.get(edits.NAME, ""))
        now = notify_page.shown(request, row)
        conflicts = edits.conflicts(seen, now, typed)
        if not conflicts:
            merged = edits.merged(seen, now, typed)
            row.notify_to = merged.get("to", row.notify_to)
            row.notify_when = merged["when"]
            row.save(update_fields=who_hears.COLUMNS)
    if conflicts:
        said = [_in_words(each) for each in edits.shown(conflicts, notify_page.LABELS)]
        return shown_with(request, row, 409, **_open(notify_form=form, notify_conflicts=said))
    messages.success(request, f"{who_hears.words(row)}.")
    return _back(connection_key)


def _back(key: str) -> HttpResponse:
    """The page again, with the fold open that somebody has just worked in, where that is."""
    return redirect(f"{reverse('connection', args=[key])}?open=about")


def _open(**shown: Any) -> dict[str, Any]:
    """What the page shows, with the fold that holds it unfolded."""
    return {"notify_is_open": True, **shown}


def _in_words(conflict: Mapping[str, Any]) -> dict[str, Any]:
    """The conflict as people read it."""
    return {name: _words(value) for name, value in conflict.items()}


def _words(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(value) or "nobody"
    return When(value).label if value in When.values else value


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Change where the webhook leads; a secret that was made for it is shown this once."""
    found = find(connection_key)
    if request.method != "POST":
        return redirect("connection", connection_key=found.key)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return shown_with(request, found, 422, webhook_form=form, notify_is_open=True)
    typed, made = {"url": form.cleaned_data["url"]}, ""
    with changing(connection_key) as row:
        seen = edits.unseal(f"{notify_page.thing(row)} webhook", request.POST.get(edits.NAME, ""))
        conflicts = edits.conflicts(seen, {"url": row.webhook_url}, typed)
        if not conflicts:
            made = webhook_setting.set_webhook(row, typed["url"])
            row.save(update_fields=webhook_setting.COLUMNS)
    if conflicts:
        said = edits.shown(conflicts, notify_page.LABELS)
        return shown_with(request, row, 409, **_open(webhook_form=form, webhook_conflicts=said))
    if made:
        return _with_secret(request, row, made)
    messages.success(
        request, "The webhook was saved." if row.webhook_url else "There is no webhook any more."
    )
    return _back(connection_key)


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_secret(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Make another secret, and show it this once."""
    found = find(connection_key)
    if request.method != "POST" or not found.webhook_url:
        return redirect("connection", connection_key=found.key)
    with changing(connection_key) as row:
        made = webhook_setting.renew(row)
        row.save(update_fields=webhook_setting.COLUMNS)
    return _with_secret(request, row, made)


@sensitive_variables()
def _with_secret(request: HttpRequest, row: Connection, secret: str) -> HttpResponse:
    """The page, with the secret: it goes into no session, and no browser keeps the page."""
    answer = shown_with(request, row, 200, **_open(new_webhook_secret=secret))
    answer["Cache-Control"] = "no-store"
    return answer


@access(Right.EDIT)
@require_POST
def webhook_test(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Call the webhook with an event that tells of nothing."""
    row = find(connection_key)
    tested = trying.try_webhook(row)
    (messages.success if tested.is_good else messages.error)(request, tested.words)
    return _back(row.key)
