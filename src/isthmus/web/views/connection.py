"""The first page of a connection: what it does, its runs, and changing it."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from isthmus import blueprint
from isthmus.connections import goal_setting, overview, queueing, removing, setting_up, sizes
from isthmus.connections.errors import (
    ConnectionOff,
    NoSignIn,
    NoSuchThing,
    NothingToRun,
    RunAlreadyGoing,
    StateRefused,
)
from isthmus.connections.models import OPEN, UNDER_WAY, Connection, Run, RunState
from isthmus.domain.roles import Right
from isthmus.web import (
    attention,
    authorization_card,
    connection_page,
    connection_words,
    edits,
    exchange_page,
    notify_page,
    org_calls,
    schedule_page,
)
from isthmus.web.access import access, who
from isthmus.web.confirming import Confirmation, Loss, ask
from isthmus.web.connection_tabs import SETUP, YAML, tabs
from isthmus.web.forms.connections import AboutForm, TitleForm
from isthmus.web.forms.guards import GuardForm
from isthmus.web.masking import sees_personal_data
from isthmus.web.views.connecting import OPENS_WINDOWS
from isthmus.web.views.found import changing, find
from isthmus.web.words import plural


@access(Right.LOOK)
@require_safe
def connection(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The page, whole; while a run goes on it asks for itself again."""
    return _shown(request, find(connection_key))


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def title(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Change the title; whoever opens the address of an answer again comes to the page."""
    if request.method != "POST":
        return redirect("connection", connection_key=find(connection_key).key)
    form = TitleForm(request.POST)
    thing = _thing("title", connection_key)
    if not form.is_valid():
        error = " ".join(str(each) for each in form.errors["name"])
        return _with_title(request, find(connection_key), error, status=422)
    with changing(connection_key) as row:
        seen = edits.unseal(thing, request.POST.get(edits.NAME, ""))
        now = {"name": row.name}
        if edits.conflicts(seen, now, form.cleaned_data):
            error = (
                f"Somebody else changed it to \u201c{row.name}\u201d meanwhile, so yours was not "
                f"saved. Save again to replace theirs."
            )
            return _with_title(request, row, error, status=409)
        row.name = edits.merged(seen, now, form.cleaned_data)["name"]
        row.save(update_fields=["name"])
    messages.success(request, f"The title is {row.name} now.")
    return redirect("connection", connection_key=connection_key)


def _with_title(request: HttpRequest, row: Connection, error: str, *, status: int) -> HttpResponse:
    typed = request.POST.get("name", "")
    return _shown(request, row, status=status, title_error=error, typed_title=typed)


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def about(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Change labels and description; whoever opens the address again comes to the page."""
    found = find(connection_key)
    if request.method != "POST":
        return redirect("connection", connection_key=found.key)
    initial = _initial(found)
    form = AboutForm(request.POST, initial=initial, known=overview.labels())
    if not form.is_valid():
        return _shown(request, found, status=422, form=form)
    typed = {name: form.cleaned_data[name] for name in ("labels", "description")}
    with changing(connection_key) as row:
        seen = edits.unseal(_thing("about", connection_key), request.POST.get(edits.NAME, ""))
        now = {"labels": row.labels, "description": row.description}
        conflicts = edits.conflicts(seen, now, typed)
        if not conflicts:
            merged = edits.merged(seen, now, typed)
            row.labels, row.description = merged["labels"], merged["description"]
            row.save(update_fields=["labels", "description"])
    if conflicts:
        said = [_in_words(each) for each in edits.shown(conflicts, _ABOUT)]
        return _shown(request, row, status=409, form=form, conflicts=said)
    messages.success(request, f"{row.name} was saved.")
    return redirect(f"{connection_words.address('connection', row.key)}?open=about")


_ABOUT: Final = {"labels": "Labels", "description": "Description"}


def _in_words(conflict: Mapping[str, Any]) -> dict[str, Any]:
    """The conflict with lists as people read them."""
    return {
        name: ", ".join(value) or "none" if isinstance(value, list) else value
        for name, value in conflict.items()
    }


def _initial(row: Connection) -> dict[str, Any]:
    return {"label": row.labels, "description": row.description}


def _thing(part: str, key: str) -> str:
    return f"connection {key} {part}"


def shown_with(request: HttpRequest, row: Connection, status: int, **more: Any) -> HttpResponse:
    """The page with what was typed into a form of it, and what is wrong there."""
    return _shown(request, row, status=status, **more)


def _shown(
    request: HttpRequest, row: Connection, *, status: int = 200, **more: Any
) -> HttpResponse:
    user = who(request)
    labels = overview.labels()
    prefetch_related_objects([row], "goals")  # several parts of the page ask for them
    card = authorization_card.of(row)
    shown = {
        "connection": row,
        "tabs": tabs(row, SETUP, goal_setting.in_order(row)),
        "is_favourite": user is not None and row.favoured_by.filter(id=user.id).exists(),
        "form": AboutForm(initial=_initial(row), known=labels),
        "seen_title": edits.seal(_thing("title", row.key), {"name": row.name}),
        "seen": edits.seal(
            _thing("about", row.key), {"labels": row.labels, "description": row.description}
        ),
        "card": card,
        "calls": org_calls.of_connection(row),
        "guard_form": GuardForm(
            initial={"confirm_above": row.confirm_above, "confirm_hours": row.confirm_hours}
        ),
        "seen_guard": edits.seal(
            _thing("guard", row.key),
            {"confirm_above": row.confirm_above, "confirm_hours": row.confirm_hours},
        ),
        "schedule": schedule_page.shown(row),
        "seen_schedule": edits.seal(_thing("schedule", row.key), {"schedule": row.schedule}),
        "runs_address": connection_words.address("runs", row.key),
        "alerts": attention.of_connection(row, attention.looks_of(request)),
        **connection_page.gather(row, hides=not sees_personal_data(request)),
        **notify_page.gather(request, row),
        **exchange_page.card(row, request.GET.get("exchange", "")),
        **more,
    }
    answer = render(request, "web/connection.html", shown, status=status)
    answer["Cross-Origin-Opener-Policy"] = OPENS_WINDOWS
    return answer


@access(Right.EDIT)
@require_POST
def run(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Ask for a run: of all active goals or of one; of what changed or of everything."""
    row = find(connection_key)
    user = who(request)
    goal = request.POST.get("goal", "")
    before = list(row.runs.filter(state__in=OPEN))
    try:
        asked = queueing.ask(
            row,
            goals=[goal] if goal else [],
            full=request.POST.get("full") == "on",
            by=(user.name or user.email) if user else "",
        )
    except (ConnectionOff, NoSignIn, NothingToRun) as error:
        messages.error(request, str(error))
    except NoSuchThing as error:
        raise Http404 from error
    except StateRefused as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _asked(asked, before))
    return redirect("connection", connection_key=connection_key)


def _asked(asked: Run, before: list[Run]) -> str:
    if any(each.id == asked.id for each in before):
        return f"Run #{asked.number} is queued already and does this too: no other is added."
    if any(each.state in UNDER_WAY for each in before):
        return f"A run is going on. Run #{asked.number} follows when it has ended."
    return f"Run #{asked.number} is queued, and starts as soon as a worker is free."


@access(Right.EDIT)
@require_POST
def stop(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Stop the run that is under way, else the one that is queued."""
    row = find(connection_key)
    still = list(row.runs.filter(state__in=OPEN))
    user = who(request)
    going = [each for each in still if each.state != RunState.QUEUED] or still
    if not going:
        messages.success(request, "No run is going on.")
    for each in going[:1]:
        try:
            stopped = queueing.stop(each, by=(user.name or user.email) if user else "Somebody")
        except StateRefused:
            messages.success(request, f"Run #{each.number} has ended already.")
        else:
            messages.success(request, _stopped(stopped))
    return redirect("connection", connection_key=connection_key)


def _stopped(run: Run) -> str:
    if run.state == RunState.STOPPED:
        return f"Run #{run.number} is stopped."
    return f"Run #{run.number} stops after what is under way. What was applied stays."


@access(Right.LOOK)
@require_safe
def yaml(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The connection as a set-up document; secrets are names of environment variables."""
    row = find(connection_key)
    shown = {
        "connection": row,
        "tabs": tabs(row, YAML, goal_setting.in_order(row)),
        "document": _document(request, row),
        "is_example": row.authorization is None,
    }
    return render(request, "web/connection_yaml.html", shown)


@access(Right.LOOK)
@require_safe
def yaml_file(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The same document as a file."""
    row = find(connection_key)
    answer = HttpResponse(
        _document(request, row),
        content_type="application/yaml; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="{row.key}.yaml"'
    return answer


def _document(request: HttpRequest, row: Connection) -> str:
    hides = not notify_page.sees_all(request)
    return blueprint.export_connection(row.key, example=True, hides_notify=hides)


@access(Right.EDIT)
@require_POST
def copy(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Copy the connection."""
    made = setting_up.copy(find(connection_key))
    messages.success(
        request,
        f"{made.name} was made with all goals. It is off, and has no sign-in: secrets are not "
        f"copied.",
    )
    return redirect("connection", connection_key=made.key)


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Ask, and then delete the connection."""
    row = find(connection_key)
    blocked = ""
    if request.method == "POST":
        try:
            removing.delete_connection(row)
        except RunAlreadyGoing:
            blocked = "A run is going on. Stop it, or wait for its end, and delete then."
        else:
            messages.success(request, f"{row.name} was deleted.")
            return redirect("connections")
    return ask(
        request,
        Confirmation(
            title=f"Delete {row.name}?",
            words="Its goals, its runs and its sign-in go. This can't be undone.",
            counted=connection_words.address("connection-losses", row.key),
            act="Delete the connection",
            address=connection_words.address("connection-delete", row.key),
            back=connection_words.address("connection", row.key),
            blocked=blocked,
        ),
    )


@access(Right.EDIT)
@require_safe
def losses(request: HttpRequest, connection_key: str) -> HttpResponse:
    """What goes with the connection, in numbers."""
    row = find(connection_key)
    lost = sizes.losses_of_connection(row)
    said = [
        Loss(icon="x", words=f"{plural(lost.goals, 'goal')} and {plural(lost.runs, 'run')}"),
        *said_of(lost),
    ]
    return render(request, "web/losses.html", {"losses": said, "back": row})


def said_of(lost: sizes.Losses) -> list[Loss]:
    """The losses that a connection and a goal have in common, and what stays."""
    said = []
    if lost.links.number:
        links = connection_words.about(lost.links)
        said.append(Loss(icon="x", words=f"{links} links between records and profiles"))
    if lost.exchanged and (lost.exchanged.imported or lost.exchanged.exported):
        came = plural(lost.exchanged.imported, "profile")
        sent = f"{lost.exchanged.exported:,} sent through it"
        said.append(Loss(icon="x", words=f"the count of {came} imported and {sent}"))
    words = "All profiles stay as they are"
    if lost.journal.number:
        kept = connection_words.about(lost.journal)
        words += f", and {kept} rows on what runs did stay for as long as such rows are kept"
    said.append(Loss(icon="check", words=words))
    return said
