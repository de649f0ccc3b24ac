"""What the pages of one profile show."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest
from django.utils import timezone
from psycopg import Connection

from isthmus.connections import sources
from isthmus.connections.models import IMPORT
from isthmus.connections.outcomes import reason_words
from isthmus.connections.sources import Linking, Part
from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.values import Value
from isthmus.people import accounts
from isthmus.profiles import finding, history, looking, properties
from isthmus.profiles.finding import Link, Profile
from isthmus.profiles.history import Asked, Change, Merge, Source
from isthmus.profiles.models import Segment
from isthmus.web import addresses, masking, paging, showing
from isthmus.web.paging import Page, Place
from isthmus.web.words import State

CHANGES: Final = 20
"""Changes that the profile's page shows."""

AT_ONCE: Final = 50
"""Filled properties that the page shows at once; links lead to those before and behind."""

FEW_PROPERTIES: Final = 12
"""So many need no filter."""

FEW_SEGMENTS: Final = 30
"""So many are worked out before the page is shown; more come after it."""

_MERGED: Final = 5
_LINKS: Final = 20


class BecameAnother(Exception):
    """The profile is part of another one."""

    def __init__(self, merge: Merge) -> None:
        super().__init__()
        self.merge = merge


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who or what changed something, as it is shown."""

    icon: str
    kind: str  # in or out: the colour; empty: none
    words: str
    address: str  # of the run; empty: there is none to show
    at: datetime | None
    record_id: str
    record_address: str  # in the org
    story: str  # address of what runs did to the record

    @property
    def apart(self) -> tuple[str, str]:
        """The words without the run's number, which stays in sight where they are cut; and it."""
        goal, _, number = self.words.rpartition(" #") if self.kind else ("", "", "")
        return (goal, f"#{number}") if goal else (self.words, "")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One property with its value."""

    definition: PropertyDefinition
    value: Value
    hidden: bool
    origin: Origin


@dataclass(frozen=True, kw_only=True)
class ShownStep:
    """One property in a change."""

    label: str
    definition: PropertyDefinition | None
    before: Value
    after: Value
    hidden: bool


@dataclass(frozen=True, kw_only=True)
class ShownChange:
    """A change as it is shown."""

    origin: Origin
    steps: list[ShownStep]
    merged: Sequence[UUID]


@dataclass(frozen=True, kw_only=True)
class ShownLink:
    """A Salesforce record of the profile."""

    record_id: str
    object: str
    address: str
    state: State
    why: str
    goals: list[tuple[str, str]]  # words, and the connection's address
    story: str  # address of what runs did to it


def read(
    session: Connection[Any], profile_id: UUID, known: Mapping[str, PropertyDefinition]
) -> Profile:
    """The profile. Raises `BecameAnother`, and `Http404` where nothing is known of it."""
    found = finding.read(session, [profile_id], known)
    if found:
        return found[0]
    merge = history.survivor(session, profile_id)
    if merge is None:
        raise Http404
    raise BecameAnother(merge)


@dataclass(kw_only=True)
class _Origins:
    """Words for where changes came from, with one query for all of them."""

    parts: Mapping[int, Part]
    names: Mapping[str, str]
    orgs: Mapping[str, str]  # by connection

    @classmethod
    def of(cls, found: Iterable[Source], linking: Iterable[Linking]) -> "_Origins":
        found = list(found)
        return cls(
            parts=sources.parts(each.run_goal for each in found if each.run_goal is not None),
            names=accounts.names(each.by for each in found if each.by is not None),
            orgs={each.connection_key: each.org for each in linking},
        )

    def origin(self, source: Source) -> Origin:
        part = self.parts.get(source.run_goal) if source.run_goal is not None else None
        words, icon, kind = "Not known", "dash", ""
        if part is not None:
            words, icon, kind = f"{part.goal} #{part.number}", "in", "in"
        elif source.by is not None:
            words, icon = self.names.get(source.by, source.by), "pencil"
        elif source.run_goal is not None:
            words, icon = "A run that is gone", "in"
        org = self.orgs.get(part.connection_key, "") if part else ""
        return Origin(
            icon=icon,
            kind=kind,
            words=words,
            address=run_address(part),
            at=source.at,
            record_id=source.record_id or "",
            record_address=f"{org}/{source.record_id}" if org and source.record_id else "",
            story=_story(part.connection_key, source.record_id) if part else "",
        )


def _story(connection_key: str, record_id: str | None) -> str:
    """Where all is shown that runs did to a record."""
    if not record_id:
        return ""
    return addresses.of("record", connection_key=connection_key, record_id=record_id)


def run_address(part: Part | None) -> str:
    """Where a run is shown."""
    if part is None:
        return ""
    return addresses.of("run", connection_key=part.connection_key, number=part.number)


def whole(request: HttpRequest, profile_id: UUID) -> dict[str, Any]:
    """What the profile's page shows."""
    known = properties.definitions()
    with looking.session() as session:
        found = read(session, profile_id, known)
        days = history.kept_days(session)
        newest = history.sources(session, profile_id)
        asked = Asked(profile_id=profile_id, most=CHANGES + 1)
        changed = history.changes(session, asked, found.properties, known)
        merged = history.merged(session, profile_id, _MERGED)
        later = "segments" not in request.GET and Segment.objects.count() > FEW_SEGMENTS
        segments = None if later else _segments(session, profile_id, known)
    linking = sources.linking(link.goal for link in found.links)
    rows = _choose(request, found, known)
    shown = [newest[each.key] for each in rows["filled"] if each.key in newest]
    origins = _Origins.of([*shown, *(each.source for each in changed)], linking.values())
    return {
        **_head(request, found, known),
        **_rows(request, found, rows, _from(found, days, newest, origins)),
        "identifiers": _identifiers(request, found, known),
        "links": _links(found.links[:_LINKS], linking),
        "more_links": max(len(found.links) - _LINKS, 0),
        "merged": merged,
        "changes": [_shown(request, each, known, origins) for each in changed[:CHANGES]],
        "more_changes": len(changed) > CHANGES,
        "days": days,
        "segments": segments,
    }


def _hides(request: HttpRequest) -> showing.Hides:
    return partial(masking.hides, request)


def _head(
    request: HttpRequest, found: Profile, known: Mapping[str, PropertyDefinition]
) -> dict[str, Any]:
    identity = showing.identity(
        found.profile_id, found.properties, found.identifiers, known, _hides(request)
    )
    return {"profile": found, "identity": identity}


def _identifiers(
    request: HttpRequest, found: Profile, known: Mapping[str, PropertyDefinition]
) -> list[tuple[PropertyDefinition, list[str], bool]]:
    """By property: its values, and whether they are hidden."""
    by_key: dict[str, list[str]] = {}
    for key, each in found.identifiers:
        by_key.setdefault(key, []).append(each)
    hides = _hides(request)
    return [(known[key], each, hides(known[key])) for key, each in by_key.items() if key in known]


def _from(
    found: Profile, days: int, newest: Mapping[str, Source], origins: _Origins
) -> Callable[[str], Origin]:
    """Where the value of a property came from."""
    nothing = Origin(
        icon="dash",
        kind="",
        words="",
        address="",
        at=None,
        record_id="",
        record_address="",
        story="",
    )
    if found.created_at > history.begins(days):
        since = _same(nothing, **_since_made(found))
    else:
        since = _same(nothing, words=f"Unchanged for {days} days or more")
    return lambda key: origins.origin(newest[key]) if key in newest else since


def _same(origin: Origin, **changes: Any) -> Origin:
    return Origin(**{**origin.__dict__, **changes})


def _since_made(found: Profile) -> dict[str, Any]:
    """Of a value that is as it was when the profile was made."""
    part = sources.making((link.goal for link in found.links), found.created_at)
    words = f"{part.goal} #{part.number}" if part else "Since the profile was made"
    return {
        "icon": "in" if part else "plus",
        "kind": "in" if part else "",
        "words": words,
        "address": run_address(part),
        "at": found.created_at,
    }


def _choose(
    request: HttpRequest, found: Profile, known: Mapping[str, PropertyDefinition]
) -> dict[str, Any]:
    """Which properties are shown: those with a value, as many as are asked for, and the others."""
    wanted = request.GET.get("q", "").strip().lower()
    fitting = [
        each
        for each in known.values()
        if wanted in each.label.lower() or wanted in each.key.lower()
    ]
    filled = [each for each in fitting if _is_filled(found.properties.get(each.key))]
    first = _first(request, len(filled))
    return {
        "filled": filled[first : first + AT_ONCE],
        "first": first + 1,
        "last": min(first + AT_ONCE, len(filled)),
        "before": first - AT_ONCE if first else None,
        "behind": first + AT_ONCE if first + AT_ONCE < len(filled) else None,
        "empty": [each for each in fitting if not _is_filled(found.properties.get(each.key))],
        "of_filled": len(filled),
        "of": len(fitting),
        "many": len(known) > FEW_PROPERTIES,
    }


def _first(request: HttpRequest, filled: int) -> int:
    """Where the filled properties that are asked for begin."""
    asked = request.GET.get("from", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 0  # noqa: PLR2004
    return number - number % AT_ONCE if number < filled else 0


def _rows(
    request: HttpRequest,
    found: Profile,
    chosen: dict[str, Any],
    origin: Callable[[str], Origin],
) -> dict[str, Any]:
    hides = _hides(request)
    rows = [
        Row(
            definition=each,
            value=found.properties[each.key],
            hidden=hides(each),
            origin=origin(each.key),
        )
        for each in chosen["filled"]
    ]
    return {
        **chosen,
        "rows": rows,
        "filled": chosen["of_filled"],
        "empty": [(each, hides(each)) for each in chosen["empty"]],
        "q": request.GET.get("q", ""),
    }


def _is_filled(held: Value) -> bool:
    return held not in (None, "", [])


def _segments(
    session: Connection[Any], profile_id: UUID, known: Mapping[str, PropertyDefinition]
) -> dict[str, Any]:
    inside, broken = finding.memberships(
        session, profile_id, timezone.get_current_timezone_name(), known
    )
    return {
        "inside": [(each, addresses.of("segment", segment_key=each.key)) for each in inside],
        "broken": list(broken),
        "of": Segment.objects.count(),
    }


def _links(links: Sequence[Link], linking: Mapping[int, Linking]) -> list[ShownLink]:
    """A line for each record, whichever goals link it, where they say the same of it."""
    shown: dict[tuple[Any, ...], ShownLink] = {}
    for link in links:
        goal = linking.get(link.goal)
        state, why = _state(link)
        org = goal.org if goal else ""
        line = shown.setdefault(
            (link.record_id, state.word, why),
            ShownLink(
                record_id=link.record_id,
                object=link.object,
                address=f"{org}/{link.record_id}" if org and link.gone != "deleted" else "",
                state=state,
                why=why,
                goals=[],
                story=_story(goal.connection_key, link.record_id) if goal else "",
            ),
        )
        line.goals.append(_goal_words(goal))
    return list(shown.values())


def _goal_words(goal: Linking | None) -> tuple[str, str]:
    if goal is None:
        return "a goal that is gone", ""
    address = addresses.of("connection", connection_key=goal.connection_key)
    return f"{goal.goal} of {goal.connection}", address


_GONE: Final = {
    "deleted": State(kind="idle", icon="trash", word="Deleted in Salesforce"),
    "merged": State(kind="idle", icon="merge", word="Merged in Salesforce"),
    "converted": State(kind="idle", icon="merge", word="Converted in Salesforce"),
}
_REASONS: Final = {
    "identifier_taken": "One of its identifiers belongs to another profile.",
    "problem": "One of its fields does not fit its property; the run lists which.",
}


def _state(link: Link) -> tuple[State, str]:
    if link.gone is not None:
        unknown = State(kind="idle", icon="dash", word=link.gone.capitalize())
        why = f"{link.successor} took over." if link.successor else ""
        return _GONE.get(link.gone, unknown), why
    if link.reason is not None:
        why = _REASONS.get(link.reason) or reason_words(IMPORT, link.reason)
        words = State(kind="warn", icon="warn", word="Not fully applied")
        return words, why or link.reason.replace("_", " ").capitalize() + "."
    return State(kind="ok", icon="link", word="Linked"), ""


def _shown(
    request: HttpRequest,
    change: Change,
    known: Mapping[str, PropertyDefinition],
    origins: _Origins,
) -> ShownChange:
    origin = origins.origin(change.source)
    if change.merged and change.source.run_goal is None:
        origin = _same(origin, icon="merge", words="Merged")
    return ShownChange(
        origin=origin,
        merged=change.merged,
        steps=[
            ShownStep(
                label=known[step.key].label if step.key in known else step.key,
                definition=known.get(step.key),
                before=step.before,
                after=step.after,
                # Of a property that is gone nobody knows any more whether it was personal data.
                hidden=masking.hides(request, known[step.key])
                if step.key in known
                else not masking.sees_personal_data(request),
            )
            for step in change.steps
        ],
    )


def all_changes(request: HttpRequest, profile_id: UUID) -> dict[str, Any]:
    """What the page of all changes shows."""
    known = properties.definitions()
    with looking.session() as session:
        found = read(session, profile_id, known)
        page = _page(request, session, found, None, known)
        days = history.kept_days(session)
    return {**_head(request, found, known), **_changes(request, page, found, known), "days": days}


def one_value(
    request: HttpRequest, profile_id: UUID, definition: PropertyDefinition
) -> dict[str, Any]:
    """What the page of one value shows."""
    known = properties.definitions()
    with looking.session() as session:
        found = read(session, profile_id, known)
        page = _page(request, session, found, definition.key, known)
        newest = history.sources(session, profile_id)
        days = history.kept_days(session)
    shown = _changes(request, page, found, known)
    linking = sources.linking(link.goal for link in found.links)
    own = [newest[definition.key]] if definition.key in newest else []
    origins = _Origins.of(own, linking.values())
    origin = _from(found, days, newest, origins)(definition.key)
    row = Row(
        definition=definition,
        value=found.properties.get(definition.key),
        hidden=masking.hides(request, definition),
        origin=origin,
    )
    return {**_head(request, found, known), **shown, "row": row, "days": days}


def _changes(
    request: HttpRequest,
    page: Page[Change],
    found: Profile,
    known: Mapping[str, PropertyDefinition],
) -> dict[str, Any]:
    linking = sources.linking(link.goal for link in found.links)
    origins = _Origins.of((each.source for each in page.rows), linking.values())
    return {
        "page": page,
        "changes": [_shown(request, each, known, origins) for each in page.rows],
    }


def _page(
    request: HttpRequest,
    session: Connection[Any],
    found: Profile,
    key: str | None,
    known: Mapping[str, PropertyDefinition],
) -> Page[Change]:
    def read_page(after: Place | None, most: int) -> Sequence[Change]:
        asked = Asked(profile_id=found.profile_id, key=key, after=_place(after), most=most)
        return history.changes(session, asked, found.properties, known)

    return paging.page(request, read_page, lambda change: list(change.place))


def _place(after: Place | None) -> tuple[str, str] | None:
    try:
        return history.place(str(after[0]), str(after[1])) if after else None
    except (ValueError, IndexError) as error:
        raise BadRequest from error
