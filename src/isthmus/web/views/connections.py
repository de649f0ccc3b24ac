"""The list of connections, the gallery of their types, and making a new one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from isthmus.connections import due, overview, setting_up
from isthmus.connections.due import NextRun
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.kinds import KINDS, Kind
from isthmus.connections.overview import Overview, PastRun
from isthmus.domain.roles import Right
from isthmus.web import connection_words, paging, run_words, words
from isthmus.web.access import access, who
from isthmus.web.addresses import ours
from isthmus.web.forms.connections import PRODUCTION, SANDBOX, NewConnectionForm
from isthmus.web.views.found import find

_ROWS: Final = 25
"""Connections of a page: each draws its last runs."""

_LONGEST: Final = 200
"""Characters of a search; titles are not longer."""

_STATES: Final[Mapping[str, tuple[str, str, Callable[[Overview], bool]]]] = {
    "": ("All", "", lambda _: True),
    "attention": ("Needs attention", "warn", lambda each: each.is_troubled),
    "on": ("On", "", lambda each: each.active),
    "off": ("Off", "", lambda each: not each.active),
    "favourites": ("Favourites", "star", lambda each: each.is_favourite),
}


@access(Right.LOOK)
@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    """All connections."""
    text, label = (_asked(request, name) for name in ("q", "label"))
    chosen = request.GET.get("state", "")
    state = chosen if chosen in _STATES else ""
    wanted = overview.Wanted(words=text, label=label, user=_user_id(request))
    every = overview.connections(wanted)
    is_in_state = _STATES[state][2]
    rows = sorted((each for each in every if each.matched and is_in_state(each)), key=_sorting)
    page = paging.page(request, lambda after, most: _behind(rows, after)[:most], _place, size=_ROWS)
    runs = overview.last_runs(each.id for each in page.rows)
    following = due.next_runs(each.id for each in page.rows)
    return render(
        request,
        "web/connections.html",
        {
            "rows": [
                _row(each, runs.get(each.id, []), following.get(each.id)) for each in page.rows
            ],
            "page": page,
            "found": len(rows),
            "total": len(every),
            "states": [
                {"value": value, "word": word, "icon": icon, "number": sum(map(test, every))}
                for value, (word, icon, test) in _STATES.items()
            ],
            "state": state,
            "q": text,
            "label": label,
            "labels": overview.labels(),
        },
    )


def _row(of: Overview, runs: list[PastRun], following: NextRun | None) -> dict[str, Any]:
    last = runs[-1] if runs else None
    return {
        "of": of,
        "host": connection_words.host(of.login_url),
        "health": connection_words.health(of),
        "sign_in_address": connection_words.address("connection", of.key) + "#authorization"
        if of.health in connection_words.ABOUT_SIGN_IN
        else "",
        "marks": connection_words.marks(of.key, runs, timezone.now()),
        "next": following,
        "next_ahead": words.ahead(following.at, timezone.now())
        if following and following.at
        else "",
        "last": last,
        "last_state": run_words.state(last.state) if last else None,
        "records": connection_words.records(last) if last else 0,
        "address": connection_words.address("run", of.key, last.number) if last else "",
        "took": last.finished_at - last.at if last and last.finished_at else None,
    }


def _asked(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "\N{REPLACEMENT CHARACTER}").strip()[:_LONGEST]


def _user_id(request: HttpRequest) -> int:
    user = who(request)
    return user.id if user else 0


def _place(of: Overview) -> paging.Place:
    """Favourites first, then by title."""
    return [0 if of.is_favourite else 1, of.name.casefold(), of.id]


def _sorting(of: Overview) -> tuple[Any, ...]:
    return tuple(_place(of))


def _behind(rows: list[Overview], after: paging.Place | None) -> list[Overview]:
    if after is None:
        return rows
    if [type(value) for value in after] != [int, str, int]:
        raise BadRequest
    return [row for row in rows if _sorting(row) > tuple(after)]


@access(Right.LOOK)
@require_POST
def favourite(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Mark a connection for oneself, or no longer: that changes nothing for anybody else."""
    user = who(request)
    if user is not None:
        wanted = request.POST.get("favourite") == "on"
        setting_up.set_favourite(find(connection_key), user, favourite=wanted)
    return redirect(_back(request))


@access(Right.EDIT)
@require_POST
def switch(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Switch a connection on or off."""
    active = request.POST.get("active") == "on"
    try:
        row = setting_up.switch(connection_key, on=active)
    except NoSuchThing as error:
        raise Http404 from error
    if active:
        messages.success(request, f"{row.name} is on.")
    else:
        messages.success(
            request, f"{row.name} is off: no run starts. One that is going on comes to its end."
        )
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    return ours(request, request.POST.get("next", "") or "/connections")


@access(Right.EDIT)
@require_safe
def types(request: HttpRequest) -> HttpResponse:
    """What can be connected."""
    return render(request, "web/connection_types.html", {"kinds": KINDS.values()})


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, type_key: str) -> HttpResponse:
    """Make a connection of a type."""
    kind = _kind(type_key)
    user = who(request)
    initial = {"kind_of_org": PRODUCTION, "timezone": user.timezone if user else "UTC"}
    posted = request.POST if request.method == "POST" else None
    form = NewConnectionForm(posted, initial=initial)
    if form.is_valid():
        given = form.cleaned_data
        made = setting_up.make(
            given["name"],
            sandbox=given["kind_of_org"] == SANDBOX,
            timezone=given["timezone"],
        )
        messages.success(request, f"{made.name} was made, and is off until it is complete.")
        return redirect("connection", connection_key=made.key)
    status = 422 if form.errors else 200
    shown = {"form": form, "kind": kind}
    return render(request, "web/new_connection.html", shown, status=status)


def _kind(key: str) -> Kind:
    if key not in KINDS:
        raise Http404
    return KINDS[key]
