"""All components of the pages in their states, for those who make or check pages."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from isthmus.domain.roles import Right
from isthmus.web import edits, figures
from isthmus.web.access import access
from isthmus.web.confirming import Confirmation, Loss, ask
from isthmus.web.forms.base import Form
from isthmus.web.words import State

STATES = [
    State(kind="ok", icon="ok", word="Finished"),
    State(kind="warn", icon="warn", word="With problems"),
    State(kind="bad", icon="bad", word="Failed"),
    State(kind="run", icon="load", word="Running"),
    State(kind="run", icon="hand", word="Waiting for confirmation"),
    State(kind="idle", icon="clock", word="Queued"),
    State(kind="idle", icon="stop", word="Stopped"),
]
COUNTS = {
    "created": 3_514,
    "updated": 138_187,
    "unchanged": 935_775,
    "removed": 212,
    "skipped": 34_234,
    "failed": 1_939,
}
FIELDS = [
    ("Title", "text", "text", "Head of Procurement · 采购经理 · Geschäftsführerin", ""),
    ("NumberOfEmployees", "number", "hash", "12 · 250 · 4", ""),
    ("Birthdate", "date", "calendar", "1980-02-29", ""),
    ("DoNotCall", "yes or no", "bool", "", "A text can't be summed."),
]
KINDS = ["ok", "ok", "warn", "ok", "bad", "ok", "ok", "none", "ok", "ok", "ok", "warn", "ok", "run"]


class ExampleForm(Form):
    """Fields of every kind."""

    host = forms.CharField(label="Login host", help_text="Production, a sandbox, or your own.")
    key = forms.CharField(label="Key", max_length=20)
    choice = forms.ChoiceField(label="Kind", choices=[("a", "One"), ("b", "Another")])
    ticked = forms.BooleanField(label="Create profiles", help_text="For records without a match.")


@access(Right.ADMINISTER)
@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """The page of all components."""
    form = ExampleForm({"host": "https://example.my.salesforce.com", "key": "lead source" * 2})
    conflict = edits.Conflict(name="name", seen="Acme", now="Acme Europe", typed="Acme EMEA")
    shown: dict[str, Any] = {
        "states": STATES,
        "counts": COUNTS,
        "received": sum(COUNTS.values()),
        "form": form,
        "marks": _marks(),
        "fields": FIELDS,
        "conflicts": [{"label": "Title", **vars(conflict)}],
        "moments": [timezone.now() - timedelta(days=days) for days in (0, 1, 9, 400)],
        "long": "https://example.com/" + "a-very-long-name-without-any-blank" * 3,
    }
    return render(request, "web/components.html", shown)


@access(Right.ADMINISTER)
@require_safe
def confirmation(request: HttpRequest) -> HttpResponse:
    """How a page asks before something is lost. This one does nothing."""
    return ask(
        request,
        Confirmation(
            title="Delete the example?",
            words="This can't be undone. What goes:",
            losses=[
                Loss(icon="trash", words="1 connection with 3 goals and 483 runs"),
                Loss(icon="link", words="48,211 links to records; the records stay in Salesforce"),
            ],
            act="Delete",
            address="",
            back="/components",
            blocked="It is only an example, so there is nothing to delete.",
        ),
    )


def _marks() -> list[figures.Mark]:
    return [
        figures.Mark(kind=kind, records=0 if kind == "none" else 400 + 70 * place, title=kind)
        for place, kind in enumerate(KINDS)
    ]
