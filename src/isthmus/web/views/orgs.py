"""The page of a Salesforce org: its API calls, who made them, and our share of them."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from isthmus.connections import budget
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.models import Org
from isthmus.domain.roles import Right
from isthmus.web import edits, org_calls
from isthmus.web.access import access
from isthmus.web.forms.orgs import ShareForm

_LABELS = {"share_percent": "Percent of the org\u2019s API calls"}


@access(Right.LOOK)
@require_safe
def org(request: HttpRequest, org_id: str) -> HttpResponse:
    """Calls used and left, and ours by connection and by hour."""
    return _shown(request, _find(org_id))


@access(Right.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest, org_id: str) -> HttpResponse:
    """Change our share; the address opened again leads to the page."""
    found = _find(org_id)
    if request.method != "POST":
        return redirect("org", org_id=found.org_id)
    form = ShareForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, status=422, form=form)
    typed = {"share_percent": form.cleaned_data["share_percent"]}
    with transaction.atomic():
        row = budget.held(found.org_id)
        seen = edits.unseal(_thing(row), request.POST.get(edits.NAME, ""))
        conflicts = edits.conflicts(seen, _now(row), typed)
        if not conflicts:
            wanted = edits.merged(seen, _now(row), typed)["share_percent"]
            row = budget.set_share(row.org_id, wanted)
    if conflicts:
        said = edits.shown(conflicts, _LABELS)
        return _shown(request, row, status=409, form=form, conflicts=said)
    messages.success(
        request, f"Isthmus may use {row.share_percent} % of the org\u2019s API calls now."
    )
    return redirect("org", org_id=row.org_id)


def _find(org_id: str) -> Org:
    try:
        return budget.find(org_id)
    except NoSuchThing as error:
        raise Http404 from error


def _thing(row: Org) -> str:
    return f"org {row.org_id} share"


def _now(row: Org) -> dict[str, Any]:
    return {"share_percent": row.share_percent}


def _shown(request: HttpRequest, row: Org, *, status: int = 200, **more: Any) -> HttpResponse:
    counted = budget.counted(row)
    shown = {
        "org": row,
        "name": org_calls.name_of(row),
        "calls": org_calls.of_org(row),
        "connections": org_calls.by_connection(row, counted),
        "counted": counted[: org_calls.MOST_ROWS],
        "more": max(len(counted) - org_calls.MOST_ROWS, 0),
        "form": ShareForm(initial=_now(row)),
        "seen": edits.seal(_thing(row), _now(row)),
        **more,
    }
    return render(request, "web/org.html", shown, status=status)
