"""How many profiles meet conditions, and a few of them: parts that load after the editor."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.roles import Right
from isthmus.domain.segments import SegmentError, parse, plain
from isthmus.domain.segments.naming import named_properties
from isthmus.profiles import estimating
from isthmus.profiles.estimating import Asked
from isthmus.profiles.finding import Profile
from isthmus.profiles.models import Segment
from isthmus.web import addresses, showing, words
from isthmus.web.access import access, who
from isthmus.web.conditions.desk import Desk
from isthmus.web.conditions.reading import Read
from isthmus.web.conditions.tree import from_form

MOST_COLUMNS = 5
_MOST_ELEMENTS = 5
_LONGEST = 80
_SMALL_SHARE = 0.001


@access(Right.LOOK)
@require_POST
def estimate(request: HttpRequest) -> HttpResponse:
    """About how many meet the conditions that are posted."""
    desk = Desk.of(request)
    shown = {**panel(desk, _read(request, desk)), "behind": _behind(request)}
    return render(request, "web/segment_estimate.html", shown)


def panel(desk: Desk, read: Read) -> dict[str, Any]:
    """What the panel beside the editor shows."""
    if read.condition is None:
        missing = [*read.wrong.values(), *read.missing.values(), *filter(None, [read.refused])]
        return {"missing": list(dict.fromkeys(missing))[:_MOST_ELEMENTS], "panel": True}
    found = estimating.estimate(desk.asked(read.where), seed=datetime.now(UTC).toordinal())
    share = _share(found)
    shown = {"estimate": found, "share": share, "percent": _percent(share)}
    return {**shown, "panel": True, "late": found is None}


@access(Right.LOOK)
@require_POST
def count(request: HttpRequest) -> HttpResponse:
    """How many meet the conditions that are posted, exactly."""
    desk = Desk.of(request)
    read = _read(request, desk)
    if read.condition is None:
        return render(request, "web/segment_estimate.html", panel(desk, read))
    counted = estimating.count(desk.asked(read.where))
    total = estimating.profiles() if counted else None
    number = counted.number if counted else 0
    share = number / max(total, number) if total else None
    shown = {
        "counted": counted,
        "seconds": words.span(counted.seconds) if counted else "",
        "total": max(total, number) if total is not None else None,
        "share": share,
        "percent": _percent(share),
    }
    return render(request, "web/segment_count.html", {**shown, "behind": _behind(request)})


def _behind(request: HttpRequest) -> str:
    """Where the profiles that are counted can be seen, for a page that shows a number alone."""
    key = request.POST.get("segment", "")
    return addresses.of("segment", segment_key=key) if key and "linked" in request.POST else ""


@access(Right.LOOK)
@require_POST
def sample(request: HttpRequest) -> HttpResponse:
    """Ten that meet the conditions that are posted."""
    desk = Desk.of(request)
    read = _read(request, desk)
    shown: dict[str, Any] = {"ready": read.condition is not None}
    if read.condition is not None:
        shown |= drawn(desk, desk.asked(read.where), read.where)
    return render(request, "web/segment_sample.html", shown)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A value in the table of the sample."""

    label: str
    text: str
    masked: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """A profile in the table of the sample."""

    profile_id: Any
    address: str
    identity: showing.Identity
    cells: list[Cell]


def drawn(desk: Desk, asked: Asked, where: Any) -> dict[str, Any]:
    """The table of the sample: who, and the properties that the conditions ask for."""
    found = estimating.sample(asked)
    named = named_properties(where)
    columns = [
        each for key, each in desk.properties.items() if key in named and not each.identifier
    ]
    shown = columns[:MOST_COLUMNS]
    return {
        "late": found is None,
        "columns": [each.label for each in shown],
        "rows": [_row(desk, each, shown) for each in found or []],
    }


def _row(desk: Desk, profile: Profile, columns: Iterable[PropertyDefinition]) -> Row:
    return Row(
        profile_id=profile.profile_id,
        address=addresses.of("profile", profile_id=profile.profile_id),
        identity=showing.identity(
            profile.profile_id,
            profile.properties,
            profile.identifiers,
            desk.properties,
            lambda each: f"property:{each.key}" in desk.hidden,
        ),
        cells=[_cell(desk, each, profile.properties.get(each.key)) for each in columns],
    )


def _cell(desk: Desk, definition: PropertyDefinition, value: Any) -> Cell:
    # Whether there is a value tells something, too.
    masked = f"property:{definition.key}" in desk.hidden
    return Cell(label=definition.label, text="" if masked else _text(value), masked=masked)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        more = "…" if len(value) > _MOST_ELEMENTS else ""
        return ", ".join(map(_text, value[:_MOST_ELEMENTS])) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _share(found: estimating.Estimate | None) -> float | None:
    return found.number / found.total if found and found.total else None


def _percent(share: float | None) -> str:
    """The share in words; empty where there is none."""
    if not share:
        return ""
    return f"{share * 100:.1f} %" if share >= _SMALL_SHARE else "less than 0.1 %"


def _read(request: HttpRequest, desk: Desk) -> Read:
    """The posted form of somebody who may edit; of anybody else the stored segment."""
    user = who(request)
    key = request.POST.get("segment", "")
    there = None if "\0" in key else Segment.objects.filter(key=key).first()
    where = there.where if there else None
    if user is not None and user.may(Right.EDIT) and "c.join" in request.POST:
        return desk.read(from_form(request.POST), where)
    try:
        condition = parse(where, desk.properties)
    except SegmentError as error:
        return Read(refused=str(error))
    return Read(where=plain(condition), condition=condition)
