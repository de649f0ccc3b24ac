"""Goals in the table of a connection: active or not, their order, copies and deletion."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from isthmus.connections import goal_setting, removing, sizes
from isthmus.connections.errors import RunAlreadyGoing
from isthmus.connections.models import Goal
from isthmus.domain.roles import Right
from isthmus.web.access import access
from isthmus.web.confirming import Confirmation, ask
from isthmus.web.views.connection import said_of
from isthmus.web.views.found import changing, find, find_goal


@access(Right.EDIT)
@require_POST
def active(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """Whether runs include the goal."""
    wanted = request.POST.get("active") == "on"
    with changing(connection_key) as row:
        goal = find_goal(row, goal_key)
        goal_setting.set_active(goal, active=wanted)
    said = "Runs include it from now on." if wanted else "Runs leave it out."
    messages.success(request, f"{goal.definition.name} is {'active' if wanted else 'off'}. {said}")
    return redirect("connection", connection_key=connection_key)


@access(Right.EDIT)
@require_POST
def move(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """Let the goal run one place earlier or later."""
    up, past = request.POST.get("to") != "down", request.POST.get("past", "")
    with changing(connection_key) as row:
        moved = goal_setting.move(find_goal(row, goal_key), up=up, past=past)
    if not moved:
        messages.warning(
            request, "Somebody else changed the order meanwhile, so nothing was moved. Look again."
        )
    return redirect("connection", connection_key=connection_key)


@access(Right.EDIT)
@require_POST
def copy(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """Copy the goal."""
    with changing(connection_key) as row:
        made = goal_setting.copy(find_goal(row, goal_key))
    messages.success(request, f"{made.definition.name} was made. It is not active yet.")
    return redirect("connection", connection_key=connection_key)


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """Ask, and then delete the goal."""
    goal = find_goal(find(connection_key), goal_key)
    blocked = ""
    if request.method == "POST":
        try:
            with transaction.atomic(), changing(connection_key) as row:
                removing.delete_goal(find_goal(row, goal_key))
        except RunAlreadyGoing:
            blocked = "A run is going on. Stop it, or wait for its end, and delete then."
        else:
            messages.success(request, f"{goal.definition.name} was deleted.")
            return redirect("connection", connection_key=connection_key)
    return ask(request, _question(goal, blocked))


def _question(goal: Goal, blocked: str) -> Confirmation:
    places = {"connection_key": goal.connection.key, "goal_key": goal.key}
    return Confirmation(
        title=f"Delete {goal.definition.name}?",
        words=(
            "What it knew of records goes; a goal that does the same later reads and sends all "
            "again. This can't be undone."
        ),
        counted=reverse("goal-losses", kwargs=places),
        act="Delete the goal",
        address=reverse("goal-delete", kwargs=places),
        back=reverse("connection", kwargs={"connection_key": goal.connection.key}),
        blocked=blocked,
    )


@access(Right.EDIT)
@require_safe
def losses(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """What goes with the goal, in numbers."""
    goal = find_goal(find(connection_key), goal_key)
    said = said_of(sizes.losses_of_goal(goal))
    return render(request, "web/losses.html", {"losses": said, "back": goal.connection})
