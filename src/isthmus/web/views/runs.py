"""Runs: the list of a connection's, one of them live, its log, and its end by hand."""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from isthmus.connections import budget, few_records, history, masking, queueing, reading, standing
from isthmus.connections.errors import NoSuchThing, StateRefused
from isthmus.connections.models import OPEN, Connection, Run, RunGoal, RunState
from isthmus.connections.overview import SignIn
from isthmus.connections.rows import storable
from isthmus.domain.roles import Right
from isthmus.web import guard_page, paging, run_figures, run_words
from isthmus.web.access import access, who
from isthmus.web.masking import sees_personal_data
from isthmus.web.run_rows import ANY_CODE, Asked

STOP_POLLING: Final = 286
"""What tells the page's script that nothing more will come."""

_PIECE: Final = 1 << 16


def connection_of(key: str) -> Connection:
    """The connection that the address names."""
    if not storable(key):
        raise Http404
    try:
        return history.named(key)
    except NoSuchThing as error:
        raise Http404 from error


def run_of(key: str, number: int) -> tuple[Run, list[RunGoal]]:
    """The run that the address names, with its goals."""
    if number >= 1 << 31:
        raise Http404
    try:
        return history.one(connection_of(key), number)
    except NoSuchThing as error:
        raise Http404 from error


@access(Right.LOOK)
@require_safe
def runs(request: HttpRequest, connection_key: str) -> HttpResponse:
    """A connection's runs, newest first."""
    connection = connection_of(connection_key)
    state = request.GET.get("state", "")
    if state and state not in RunState.values:
        raise Http404

    def read(after: paging.Place | None, most: int) -> list[Run]:
        return history.page(connection, state, paging_number(after), most)

    page = paging.page(request, read, lambda run: [run.number])
    shown = {
        "connection": connection,
        "page": page,
        "history": run_figures.history(page.rows),
        "state": state,
        "states": [(each.value, run_words.STATES[each]) for each in RunState],
    }
    return render(request, "web/runs.html", shown)


def paging_number(after: paging.Place | None) -> int | None:
    """The number that a cursor holds."""
    if after is None:
        return None
    match after:
        case [int(number)] if 0 <= number < 1 << 31:
            return number
        case _:
            raise Http404


@access(Right.LOOK)
@require_safe
def run(request: HttpRequest, connection_key: str, number: int) -> HttpResponse:
    """One run: live while it is under way."""
    found, parts = run_of(connection_key, number)
    shown = _shown(request, found, parts)
    is_open = found.state in OPEN
    shown["is_open"] = is_open
    answer = render(request, "web/run.html", shown)
    asks: Any = getattr(request, "htmx", None)
    if not is_open and asks and asks.target == "live":
        answer.status_code = STOP_POLLING
        answer.headers["HX-Trigger"] = "run-ended"
    return answer


def _shown(request: HttpRequest, found: Run, parts: list[RunGoal]) -> dict[str, Any]:
    hides = not sees_personal_data(request)
    waits = guard_page.waiting(found, found.connection)
    worked_on = reading.worked_on([found])
    left = reading.is_left_behind(found, worked_on)
    goals = [run_figures.goal(found, part, hides=hides, left_behind=left) for part in parts]
    total = run_figures.figures(found, parts)
    states = [part.state for part in parts]
    return {
        "run": found,
        "connection": found.connection,
        "state": run_words.run_state(found, worked_on),
        "left_behind": left,
        "goals": goals,
        "current": next((each for each in goals if each.progress), None),
        "total": total,
        "still": max(total.counts.received - total.counts.accounted, 0),
        "ended": {name: states.count(name) for name in ("finished", "problems", "failed")},
        "took": run_figures.took(found),
        "message": masking.masked_message(found.message) if hides else found.message,
        "log": run_figures.address("run-log", found),
        "stop": run_figures.address("stop-run", found),
        "org_address": _org_address(found),
        "problems": run_figures.address("run-problems", found),
        "all_problems": run_figures.address("run-rows", found, code=ANY_CODE),
        "sign_in_lost": found.state == RunState.FAILED
        and standing.sign_in(found.connection) is SignIn.LOST,
        "waiting": waits,
        "few": few_records.words(found),
        "one": guard_page.one(request, found, parts),
        # Whoever may stop one that waits for a yes refuses it.
        "may_stop": found.state in OPEN and found.state != RunState.STOPPING and not waits,
        "by": run_words.by_whom(found),
    }


def _org_address(found: Run) -> str:
    """Of a run that waits for API calls: where those of its org are shown."""
    if found.state != RunState.WAITING or budget.of_connection(found.connection) is None:
        return ""
    return reverse("org", kwargs={"org_id": found.connection.org_id})


@access(Right.EDIT)
@require_POST
def stop(request: HttpRequest, connection_key: str, number: int) -> HttpResponse:
    """Ask for the run's end."""
    found, _ = run_of(connection_key, number)
    user = who(request)
    try:
        stopped = queueing.stop(found, by=(user.name or user.email) if user else "Somebody")
    except StateRefused as error:
        messages.warning(request, str(error))
    else:
        name = f"Run #{number}"
        if stopped.state == RunState.STOPPING:
            messages.success(request, f"{name} ends after what is under way. What was done stays.")
        else:
            messages.success(request, f"{name} is stopped. What was done stays.")
    return redirect("run", connection_key=connection_key, number=number)


@access(Right.LOOK)
@require_safe
def log(request: HttpRequest, connection_key: str, number: int) -> StreamingHttpResponse:
    """The run's log as CSV, or the lines of one number; streamed, however long it is."""
    found, parts = run_of(connection_key, number)
    asked = Asked.of(request)
    chosen = [part.id for part in parts if part.key == asked.goal]
    if asked.goal and not chosen:
        raise Http404
    view = reading.LogView(
        hides=not sees_personal_data(request),
        neutral=True,
        goals=chosen,
        all_problems=asked.code == ANY_CODE,
        fields_only=asked.fields,
        code=asked.wanted.code,
        cause=asked.cause,
        field=asked.field,
        outcome=asked.outcome,
        reason=asked.reason,
    )
    answer = StreamingHttpResponse(
        _pieces(found, view), content_type="text/csv; charset=utf-8; header=present"
    )
    name = f"{connection_key}-run-{number}{'' if view.is_whole else '-part'}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    # A compressed stream is held back until there is enough to compress.
    answer.headers["Content-Encoding"] = "identity"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _pieces(found: Run, view: reading.LogView) -> Iterator[bytes]:
    """Lines together in pieces that are worth sending."""
    held = bytearray()
    for line in reading.log_csv(found, view):
        held += line
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)
