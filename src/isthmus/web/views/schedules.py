"""When a connection runs by itself: changing it, and what a change would mean."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from isthmus.connections import due
from isthmus.connections.models import Connection
from isthmus.domain import schedules
from isthmus.domain.roles import Right
from isthmus.domain.schedules import ScheduleInvalid
from isthmus.web import edits, partial, schedule_page
from isthmus.web.access import access
from isthmus.web.schedule_page import Draft
from isthmus.web.views.connection import shown_with
from isthmus.web.views.found import changing, find


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def schedule(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Change the schedule; whoever opens the address again comes to the page."""
    found = find(connection_key)
    if request.method != "POST":
        return redirect("connection", connection_key=found.key)
    typed = Draft.typed(request.POST)
    try:
        wanted = typed.read()
    except ScheduleInvalid:
        return _again(request, found, typed, 422)
    after = {"schedule": wanted.as_plain()}
    with changing(connection_key) as row:
        seen = edits.unseal(f"connection {row.key} schedule", request.POST.get(edits.NAME, ""))
        now = {"schedule": row.schedule}
        conflicts = edits.conflicts(seen, now, after)
        if not conflicts and edits.merged(seen, now, after) != now:
            due.change(row, wanted)
    if conflicts:
        said = [_in_words(each, row) for each in edits.shown(conflicts, {"schedule": "Schedule"})]
        return _again(request, row, typed, 409, schedule_conflicts=said)
    messages.success(request, f"Saved. {due.schedule_of(row).words(row.timezone)}.")
    return redirect("connection", connection_key=connection_key)


def _again(
    request: HttpRequest, row: Connection, typed: Draft, status: int, **more: Any
) -> HttpResponse:
    """The page with what was typed, and what is wrong with it."""
    shown = schedule_page.shown(row, typed)
    return shown_with(request, row, status, schedule=shown, **more)


def _in_words(conflict: dict[str, Any], row: Connection) -> dict[str, Any]:
    """The conflict with schedules as people read them."""
    said = dict(conflict)
    for name in ("seen", "now"):
        try:
            said[name] = schedules.read(conflict[name]).words(row.timezone)
        except ScheduleInvalid:
            said[name] = "one that can\u2019t be read"
    return said


@access(Right.EDIT)
@require_safe
def draft(request: HttpRequest, connection_key: str) -> HttpResponse:
    """What a schedule that is not saved would mean: its words and next times, or what is wrong."""
    row = find(connection_key)
    typed = Draft.typed(request.GET)
    if not partial.asks(request):
        return _again(request, row, typed, 200)
    shown = {"connection": row, "schedule": schedule_page.shown(row, typed)}
    return render(request, "web/schedule/draft.html", shown)
