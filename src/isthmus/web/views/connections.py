"""The list of connections, the gallery of their types, and making a new one."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Self

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
from isthmus.connections.overview import Health, Overview, PastRun
from isthmus.domain.roles import Right
from isthmus.web import attention, connection_words, paging, run_words, words
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
}
_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)


def _time(at: datetime | None, missing: datetime) -> str:
    """A moment so that texts are in the order of moments; what has none comes last."""
    return (at or missing).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0")


_SORTS: Final[Mapping[str, Callable[[Overview], str]]] = {
    "": lambda each: ("0" if each.is_favourite else "1") + each.name.casefold(),
    "name": lambda each: each.name.casefold(),
    "last": lambda each: _time(each.last_at, _LATEST),
    "-last": lambda each: _time(each.last_at, _EARLIEST),
    "next": lambda each: _time(each.due_at if each.active else None, _LATEST),
    "-next": lambda each: _time(each.due_at if each.active else None, _EARLIEST),
    "-name": lambda each: each.name.casefold(),
}
"""By what the list can be in order; with a minus the other way round. Favourites first, else."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the address asks for. All of it holds at once."""

    words: str
    label: str
    state: str
    health: str
    favourites: bool
    sort: str

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """What is asked for; what is not understood is as if it were not there."""
        state, health, sort = (request.GET.get(name, "") for name in ("state", "health", "sort"))
        return cls(
            words=_text(request, "q"),
            label=_text(request, "label"),
            # Favourites were a state once, and addresses are kept.
            favourites="favourites" in (request.GET.get("favourites"), state),
            state=state if state in _STATES else "",
            health=health if health in {str(each) for each in Health} else "",
            sort=sort if sort in _SORTS else "",
        )

    def takes(self, each: Overview, *, besides: str = "") -> bool:
        """Whether a connection is one of those; `besides` names what is left out of account."""
        return (
            each.matched
            and (besides == "state" or _STATES[self.state][2](each))
            and (besides == "health" or self.health in ("", each.health))
            and (besides == "favourites" or not self.favourites or each.is_favourite)
        )


@access(Right.LOOK)
@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    """All connections."""
    asked = _Asked.of(request)
    wanted = overview.Wanted(words=asked.words, label=asked.label, user=_user_id(request))
    every = overview.connections(wanted)
    rows = _in_order([each for each in every if asked.takes(each)], asked.sort)
    place = partial(_place, asked.sort)
    page = paging.page(
        request, lambda after, most: _behind(rows, after, asked.sort)[:most], place, size=_ROWS
    )
    runs = overview.last_runs(each.id for each in page.rows)
    following = due.next_runs(each.id for each in page.rows)
    reasons = attention.of_rows(page.rows, attention.looks_of(request))
    return render(
        request,
        "web/connections.html",
        {
            "rows": [
                {
                    **_row(each, runs.get(each.id, []), following.get(each.id)),
                    "reason": reasons.get(each.id),
                }
                for each in page.rows
            ],
            "page": page,
            "found": len(rows),
            "total": len(every),
            "orgs": len({each.org_id[:15] for each in rows if each.org_id}),
            **_filters(asked, every),
            "asked": asked,
            "q": asked.words,
            "label": asked.label,
            "labels": overview.labels(),
        },
    )


def _filters(asked: _Asked, every: list[Overview]) -> dict[str, Any]:
    """The choices, each with how many connections there are with it and all else that is asked."""
    by_state = [each for each in every if asked.takes(each, besides="state")]
    by_health = Counter(each.health for each in every if asked.takes(each, besides="health"))
    loved = (each for each in every if asked.takes(each, besides="favourites"))
    return {
        "states": [
            {"value": value, "word": word, "icon": icon, "number": sum(map(test, by_state))}
            for value, (word, icon, test) in _STATES.items()
        ],
        "healths": [
            (str(each), connection_words.health_word(each), by_health[each])
            for each in Health
            if by_health[each] or asked.health == each
        ],
        "favourites": sum(each.is_favourite for each in loved),
    }


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


def _text(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "\N{REPLACEMENT CHARACTER}").strip()[:_LONGEST]


def _user_id(request: HttpRequest) -> int:
    user = who(request)
    return user.id if user else 0


def _place(sort: str, of: Overview) -> paging.Place:
    """Where it stands; of two that are alike the older comes first."""
    return [_SORTS[sort](of), of.id]


def _in_order(rows: list[Overview], sort: str) -> list[Overview]:
    by_age = sorted(rows, key=lambda each: each.id)
    return sorted(by_age, key=_SORTS[sort], reverse=sort.startswith("-"))


def _behind(rows: list[Overview], after: paging.Place | None, sort: str) -> list[Overview]:
    if after is None:
        return rows
    if [type(value) for value in after] != [str, int]:
        raise BadRequest
    text, number = str(after[0]), int(after[1] or 0)
    down = sort.startswith("-")

    def is_behind(row: Overview) -> bool:
        own = _SORTS[sort](row)
        return row.id > number if own == text else (own < text if down else own > text)

    return [row for row in rows if is_behind(row)]


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
