"""Runs that wait for a yes, and runs of a few records: the first of a goal, or one."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from isthmus.connections import few_records, guards, queueing
from isthmus.connections.errors import (
    ConnectionOff,
    FewRefused,
    NoSignIn,
    NothingToRun,
    StateRefused,
)
from isthmus.connections.few_records import Few
from isthmus.connections.models import IMPORT, Connection, Goal, Run
from isthmus.connections.rows import storable
from isthmus.domain.roles import Right
from isthmus.profiles import looking, properties, searching
from isthmus.profiles.errors import TooSlow
from isthmus.web import called, edits, guard_page
from isthmus.web.access import access, who
from isthmus.web.confirming import Confirmation, ask
from isthmus.web.forms.guards import FIRST, FirstForm, GuardForm
from isthmus.web.guard_page import Waiting
from isthmus.web.views.connection import shown_with
from isthmus.web.views.found import changing, find, find_goal
from isthmus.web.views.runs import run_of

MOST_FOUND: Final = 10
"""Profiles of which one is chosen; who finds more looks for something closer."""

REFUSED: Final = (ConnectionOff, FewRefused, NoSignIn, NothingToRun, StateRefused)

_LABELS: Final = {"confirm_above": "Percent", "confirm_hours": "Hours"}


def by(request: HttpRequest) -> str:
    """Who asks, as runs keep it."""
    user = who(request)
    return (user.name or user.email) if user else ""


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def asks_first(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Set from how many changes on a run asks; the address opened again leads to the page."""
    found = find(connection_key)
    if request.method != "POST":
        return redirect("connection", connection_key=found.key)
    form = GuardForm(request.POST)
    if not form.is_valid():
        return shown_with(request, found, 422, guard_form=form)
    typed = {name: form.cleaned_data[name] for name in _LABELS}
    with changing(connection_key) as row:
        seen = edits.unseal(f"connection {row.key} guard", request.POST.get(edits.NAME, ""))
        now = {name: getattr(row, name) for name in _LABELS}
        conflicts = edits.conflicts(seen, now, typed)
        if not conflicts:
            for name, value in edits.merged(seen, now, typed).items():
                setattr(row, name, value)
            row.save(update_fields=list(_LABELS))
    if conflicts:
        said = edits.shown(conflicts, _LABELS)
        return shown_with(request, row, 409, guard_form=form, guard_conflicts=said)
    if row.confirm_above is None:
        messages.success(request, "No run asks before it changes records.")
    else:
        messages.success(
            request, f"A run that would change more than {row.confirm_above} % asks first."
        )
    return redirect("connection", connection_key=connection_key)


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, connection_key: str, number: int) -> HttpResponse:
    """Ask, in numbers, and then let a run go on that waits for a yes."""
    run, _ = run_of(connection_key, number)
    token = request.GET.get("asked", "")
    if request.method == "POST":
        act = partial(guards.confirm, run, by=by(request), token=token or "none")
        return _settled(request, run, act, f"Run #{number} goes on.")
    return _question(
        request,
        run,
        lambda shown: Confirmation(
            title=f"Let run #{number} change this?",
            words=shown.sentence,
            act="Let it run",
            icon="play",
            address=shown.confirm,
            back=shown.review,
            keep="Back",
        ),
    )


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, connection_key: str, number: int) -> HttpResponse:
    """Ask, and then end a run that waits for a yes."""
    run, _ = run_of(connection_key, number)
    if request.method == "POST":
        act = partial(guards.refuse, run, by=by(request))
        return _settled(request, run, act, f"Run #{number} is stopped. Nothing more is changed.")
    return _question(
        request,
        run,
        lambda shown: Confirmation(
            title=f"End run #{number}?",
            words=(
                f"{shown.sentence} None of that is done, nor what comes after it in the run. What "
                f"the run did before stays, and the next run takes up the rest."
            ),
            act="Don\u2019t let it run",
            icon="stop",
            address=shown.refuse,
            back=shown.review,
            keep="Back",
        ),
    )


def _settled(request: HttpRequest, run: Run, act: Callable[[], object], done: str) -> HttpResponse:
    """Answer the run's question, and go to its page."""
    try:
        act()
    except StateRefused as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, done)
    return redirect("run", connection_key=run.connection.key, number=run.number)


def _question(
    request: HttpRequest, run: Run, confirmation: Callable[[Waiting], Confirmation]
) -> HttpResponse:
    """Ask about a run that waits; of any other it is said that it doesn't."""
    shown = guard_page.waiting(run, run.connection)
    if shown is None:
        messages.warning(request, f"Run #{run.number} does not wait for confirmation.")
        return redirect("run", connection_key=run.connection.key, number=run.number)
    return ask(request, confirmation(shown))


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def first_of_all(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The first records of every active goal."""
    return _first(request, find(connection_key), None)


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def first(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """The first records of one goal."""
    connection = find(connection_key)
    return _first(request, connection, find_goal(connection, goal_key))


def _first(request: HttpRequest, connection: Connection, goal: Goal | None) -> HttpResponse:
    form = FirstForm(request.POST if request.method == "POST" else None, initial={"first": FIRST})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            few = Few(goals=[goal.key] if goal else [], first=form.cleaned_data["first"])
            try:
                return _begun(request, queueing.ask_few(connection, few, by=by(request)))
            except REFUSED as error:
                form.add_error("first", str(error))
    shown = {
        "connection": connection,
        "goal": goal,
        "name": goal.definition.name if goal else "",
        "form": form,
    }
    return render(request, "web/guards/first_page.html", shown, status=status)


def _begun(request: HttpRequest, run: Run) -> HttpResponse:
    messages.success(request, f"Run #{run.number} is queued: {few_records.words(run)}.")
    return redirect("run", connection_key=run.connection.key, number=run.number)


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def only(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """Send one profile as a test, or take one record: found, chosen, and done for real."""
    connection = find(connection_key)
    goal = find_goal(connection, goal_key)
    shown: dict[str, Any] = {
        "connection": connection,
        "goal": goal,
        "name": goal.definition.name,
        "is_import": goal.direction == IMPORT,
        "only": "",
        "error": "",
    }
    if request.method == "POST":
        shown["only"] = request.POST.get("only", "")
        few = Few(goals=[goal.key], only=shown["only"], full=request.POST.get("full") == "on")
        try:
            return _begun(request, queueing.ask_few(connection, few, by=by(request)))
        except REFUSED as error:
            shown["error"] = str(error)
        return render(request, "web/guards/only_page.html", shown, status=422)
    text = request.GET.get("find", "").strip()
    if text and goal.direction != IMPORT:
        shown |= {"find": text, **_found(request, text)}
    return render(request, "web/guards/only_page.html", shown)


def _found(request: HttpRequest, text: str) -> Mapping[str, Any]:
    """Profiles that a text names: an exact identifier finds its profile, whoever asks."""
    ids = []
    if storable(text):
        try:
            with looking.session() as session:
                wanted = searching.Search(value=text)
                known = properties.definitions()
                ids = searching.search(session, wanted, known, after=None, most=MOST_FOUND)
        except TooSlow:
            return {"found": [], "slow": True}
    names = called.names(request, ids)
    return {"found": [(each, names.get(each, "")) for each in ids]}


def addresses(connection: Connection, goal: Goal) -> dict[str, str]:
    """Where a goal's page leads to."""
    names = {"connection_key": connection.key, "goal_key": goal.key}
    return {
        "first": reverse("goal-first", kwargs=names),
        "only": reverse("goal-only", kwargs=names),
    }
