"""Profiles: finding one, or looking at the newest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial as bound
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from isthmus.domain import naming
from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.roles import Right
from isthmus.profiles import looking, properties, searching
from isthmus.profiles.errors import NotComparable, TooSlow
from isthmus.profiles.searching import Found
from isthmus.web import addresses, masking, paging, partial, showing
from isthmus.web.access import access
from isthmus.web.forms.profiles import OPERATORS, Asked, asked
from isthmus.web.paging import Page, Place

AT_ONCE_MS: Final = 50
"""For a search that may have to read every profile: it goes on after the page."""

PATIENT_MS: Final = 10_000
"""For the same once the page is there."""

_COLUMNS: Final = 2
"""Properties that every list of profiles shows."""

_IDENTIFIERS: Final = 2
"""Identifiers of a profile that a list shows."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A profile in the list."""

    found: Found
    identity: showing.Identity
    cells: list[tuple[PropertyDefinition, Any, bool]]  # property, value, whether it is hidden
    identifiers: Sequence[str]
    more: int  # identifiers that are not shown


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What stands in the place of the rows."""

    page: Page[Line] | None = None
    trouble: str = ""  # refused, error, waits or slow; empty: the rows are there
    words: str = ""


@access(Right.LOOK)
@require_safe
def everyone(request: HttpRequest) -> HttpResponse:
    """The newest profiles, or those that were looked for."""
    known = properties.definitions()
    hides = bound(masking.hides, request)
    wanted = asked(request.GET, known, hides, _zone())
    patient = _take_patience(request)
    columns = _columns(known, wanted, hides)
    shown = _shown(request, wanted, known, columns=columns, patient=patient)
    if found := _only_one(request, wanted, shown):
        return redirect("profile", profile_id=found)
    return render(
        request,
        "web/profiles.html",
        {
            "asked": wanted,
            "shown": shown,
            "columns": columns,
            "choices": [(each, hides(each)) for each in known.values()],
            "operators": OPERATORS,
            "by_name": _by_name(wanted, known, hides),
            "searched": known.get(wanted.key),
            "masks": not masking.sees_personal_data(request),
            "connections_address": addresses.of("connections"),
            "segments_address": addresses.of("segments"),
        },
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


def _take_patience(request: HttpRequest) -> bool:
    """Whether a slow search may take its time. Links of the page don't carry it on."""
    query = request.GET.copy()
    patient = bool(query.pop("patient", None))
    request.GET = query  # type: ignore[assignment]
    return patient


def _shown(
    request: HttpRequest,
    wanted: Asked,
    known: Mapping[str, PropertyDefinition],
    *,
    columns: Sequence[PropertyDefinition],
    patient: bool,
) -> Shown:
    if wanted.refusal:
        return Shown(trouble="refused", words=wanted.refusal)
    if wanted.error:
        return Shown(trouble="error", words=wanted.error)
    patience = looking.PATIENCE_MS
    if wanted.where is not None:
        patience = PATIENT_MS if patient else AT_ONCE_MS
    try:
        with looking.session(patience) as session:
            read = _reader(session, wanted, known)
            found = paging.page(request, read, _place)
            session.execute("SELECT set_config('statement_timeout', '2s', false)")
            lines = searching.lines(session, found.rows, _needed(known, columns))
    except NotComparable as error:
        return Shown(trouble="error", words=str(error))
    except TooSlow:
        return Shown(trouble="slow") if patient else _waits()
    rows = [_line(request, each, known, columns) for each in lines]
    return Shown(page=Page(rows=rows, next=found.next, is_first=found.is_first))


def _reader(
    session: Any, wanted: Asked, known: Mapping[str, PropertyDefinition]
) -> Callable[[Place | None, int], Sequence[UUID]]:
    search = wanted.search(timezone.get_current_timezone_name())

    def read(after: Place | None, most: int) -> Sequence[UUID]:
        return searching.search(session, search, known, after=_behind(after), most=most)

    return read


def _behind(after: Place | None) -> UUID | None:
    try:
        return UUID(str(after[0])) if after else None
    except ValueError as error:
        raise BadRequest from error


def _place(profile_id: UUID) -> Place:
    return [str(profile_id)]


def _waits() -> Shown:
    with looking.session() as session:
        number = searching.about_how_many(session)
    return Shown(trouble="waits", words=f"{number:,}" if number else "")


def _only_one(request: HttpRequest, wanted: Asked, shown: Shown) -> UUID | None:
    """The profile that a whole identifier or id leads to straight on."""
    whole = wanted.q and not wanted.key and not partial.asks(request)
    page = shown.page
    if not whole or page is None or len(page.rows) != 1 or not page.is_first:
        return None
    return page.rows[0].found.profile_id


def _columns(
    known: Mapping[str, PropertyDefinition], wanted: Asked, hides: showing.Hides
) -> list[PropertyDefinition]:
    """The property that was looked for, and the first ones that are nobody's secret."""
    names = naming.name_properties(known)
    first = [
        each
        for each in known.values()
        if not (each.personal or each.identifier or each.list or each.key in names)
    ]
    searched = known.get(wanted.key)
    if searched is None or hides(searched) or searched.identifier or searched.key in names:
        return first[:_COLUMNS]
    return [searched, *(each for each in first if each.key != searched.key)][: _COLUMNS + 1]


def _needed(
    known: Mapping[str, PropertyDefinition], columns: Sequence[PropertyDefinition]
) -> list[PropertyDefinition]:
    keys = dict.fromkeys([*naming.name_properties(known), *(each.key for each in columns)])
    return [known[key] for key in keys]


def _line(
    request: HttpRequest,
    found: Found,
    known: Mapping[str, PropertyDefinition],
    columns: Sequence[PropertyDefinition],
) -> Line:
    hides = bound(masking.hides, request)
    identity = showing.identity(found.profile_id, found.values, found.identifiers, known, hides)
    seen = [
        value
        for key, value in found.identifiers
        if key in known and not hides(known[key]) and value != identity.title
    ]
    return Line(
        found=found,
        identity=identity,
        cells=[(each, found.values[each.key], hides(each)) for each in columns],
        identifiers=seen[:_IDENTIFIERS],
        more=max(len(seen) - _IDENTIFIERS, 0),
    )


def _by_name(
    wanted: Asked, known: Mapping[str, PropertyDefinition], hides: showing.Hides
) -> list[tuple[PropertyDefinition, str]]:
    """The properties in which what was typed may stand instead, where it is no identifier."""
    if not wanted.q or wanted.key:
        return []
    words = wanted.q.split()
    keys = [key for key in naming.name_properties(known) if not hides(known[key])]
    if len(keys) == 1:
        return [(known[keys[0]], wanted.q)]
    return [(known[key], word) for key, word in zip(keys, [words[0], words[-1]], strict=False)]
