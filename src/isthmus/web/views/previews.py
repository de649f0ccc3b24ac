"""Previews: what a run of a goal would do, before and after, with nothing written."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from isthmus.connections import goal_setting, previews
from isthmus.connections.errors import NoSignIn, StateRefused, TakesTooLong
from isthmus.connections.models import IMPORT, Goal
from isthmus.domain.roles import Right
from isthmus.web import addresses, called, preview_page
from isthmus.web.access import access, who
from isthmus.web.connection_tabs import tabs
from isthmus.web.masking import sees_personal_data
from isthmus.web.preview_page import Asked, Teller
from isthmus.web.views.found import find, find_goal
from isthmus.web.views.runs import STOP_POLLING


@access(Right.LOOK)
@require_safe
def preview(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """The newest preview of a goal: live while it is under way."""
    goal = find_goal(find(connection_key), goal_key)
    found = previews.latest(goal)
    hides = not sees_personal_data(request)
    shown = {
        **_about(goal),
        "preview": preview_page.shown(found, hides=hides) if found else None,
        **(_rows(request, found, hides=hides) if found and found.is_told else {}),
    }
    answer = render(request, "web/preview.html", shown)
    asks: Any = getattr(request, "htmx", None)
    if asks and asks.target == "live" and not (found and found.is_open):
        answer.status_code = STOP_POLLING
    return answer


def _about(goal: Goal) -> dict[str, Any]:
    row = goal.connection
    places = {"connection_key": row.key, "goal_key": goal.key}
    return {
        "connection": row,
        "goal": goal,
        "goal_name": goal.definition.name,
        "is_import": goal.direction == IMPORT,
        "tabs": tabs(row, f"goal:{goal.key}", goal_setting.in_order(row)),
        "goal_address": addresses.of("goal", **places),
        "ask_address": addresses.of("goal-preview-ask", **places),
        "stop_address": addresses.of("goal-preview-stop", **places),
    }


def _rows(request: HttpRequest, found: previews.Preview, *, hides: bool) -> dict[str, Any]:
    """The rows that are asked for, and the problems by cause."""
    if found.is_lost:
        return {}
    asked = Asked.of(request)
    teller = Teller.of(found.goal, hides=hides)
    try:
        rows = preview_page.find(request, found, asked, teller)
        problems = preview_page.grouped(found, teller)
    except TakesTooLong as error:
        rows, problems = preview_page.Found(lines=[], nothing=str(error)), []
    figures = preview_page.figures(found)
    return {
        "q": asked.q,
        "search_hint": "Record or profile id" if hides else "Record, profile, or identifier",
        "kinds": preview_page.kinds(figures, found.goal, asked),
        "rows": rows.lines,
        "notes": rows.notes,
        "nothing": rows.nothing,
        "page": rows.page,
        "problems": problems,
        "names": called.names(request, (line.profile_id for line in rows.lines)),
    }


@access(Right.EDIT)
@require_POST
def ask(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """Ask for a preview of the goal as it is stored."""
    goal = find_goal(find(connection_key), goal_key)
    user = who(request)
    try:
        previews.ask(goal.connection, goal, by=(user.name or user.email) if user else "")
    except NoSignIn as error:
        messages.error(request, str(error))
    return redirect("goal-preview", connection_key=connection_key, goal_key=goal_key)


@access(Right.EDIT)
@require_POST
def stop(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """End the preview that is under way."""
    goal = find_goal(find(connection_key), goal_key)
    found = previews.latest(goal)
    if found is not None:
        try:
            previews.stop(found)
        except StateRefused:
            messages.success(request, "The preview has ended already.")
    return redirect("goal-preview", connection_key=connection_key, goal_key=goal_key)
