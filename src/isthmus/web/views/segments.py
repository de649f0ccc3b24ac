"""Segments: which there are, and the editor of one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from isthmus.connections.uses import Use, uses
from isthmus.connections.uses import delete_segment as remove_segment
from isthmus.domain.roles import Right
from isthmus.domain.segments import SegmentError
from isthmus.profiles import estimating, setting_up
from isthmus.profiles.errors import SegmentRefused
from isthmus.profiles.models import Segment
from isthmus.web import addresses, edits, paging
from isthmus.web.access import access, who
from isthmus.web.conditions import drawing, personal
from isthmus.web.conditions.desk import Desk
from isthmus.web.conditions.reading import Read
from isthmus.web.conditions.tree import (
    MOST_CHARACTERS,
    MOST_TESTS,
    Group,
    Test,
    Tree,
    act,
    from_form,
)
from isthmus.web.confirming import Confirmation, Loss, ask
from isthmus.web.forms.segments import NewSegmentForm, SegmentForm
from isthmus.web.paging import Place
from isthmus.web.used_by import listed
from isthmus.web.views.segment_counts import panel

_LONG = 1_000
"""Characters of conditions that take longer than most to answer."""

CHANGED = "conditions"
"""Tells the page's script that the form was changed by the server."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A segment in the list."""

    segment: Segment
    sentence: str
    used: int
    estimate: estimating.Estimate | None


@access(Right.LOOK)
@require_safe
def segments(request: HttpRequest) -> HttpResponse:
    """All segments, in pages; about how many profiles are in each loads after the page."""
    query = request.GET.get("q", "").strip()

    def read(after: Place | None, size: int) -> list[Segment]:
        return _behind(query, after, size)

    page = paging.page(request, read, lambda each: [each.name, each.id])
    desk = Desk.of(request)
    counted = "counted" in request.GET
    numbers = _estimates(desk, page.rows) if counted else {}
    used = uses().segments
    rows = [
        Row(
            segment=each,
            sentence=desk.teller.all_of(each.conditions),
            used=len(used.get(each.key, [])),
            estimate=numbers.get(each.id),
        )
        for each in page.rows
    ]
    shown = {"rows": rows, "page": page, "q": query, "counted": counted}
    return render(request, "web/segments.html", shown)


def _behind(query: str, after: Place | None, size: int) -> list[Segment]:
    if "\0" in query:
        return []
    found = Segment.objects.order_by("name", "id")
    if query:
        found = found.filter(Q(name__icontains=query) | Q(key__icontains=query))
    if after:
        if [type(each) for each in after] != [str, int]:
            raise BadRequest
        name, number = after
        found = found.filter(Q(name__gt=name) | Q(name=name, id__gt=number))
    return list(found[:size])


def _estimates(desk: Desk, rows: Sequence[Segment]) -> dict[int, estimating.Estimate]:
    """By the segment's row id, by one look at the store for all of them.

    Those of many conditions are asked for apart, so that the others need not do with less.
    """
    few: dict[int, estimating.Asked] = {}
    many: dict[int, estimating.Asked] = {}
    for each in rows:
        try:
            asked = desk.asked(each.where)
        except SegmentError:
            continue
        (few if _size(each.where) < _LONG else many)[each.id] = asked
    found: dict[int, estimating.Estimate] = {}
    for group in filter(None, (few, many)):
        numbers = estimating.estimates(list(group.values()), seed=_seed())
        found |= dict(zip(group, numbers or (), strict=False))
    return found


def _seed() -> int:
    return datetime.now(UTC).toordinal()


@dataclass(kw_only=True)
class Editor:
    """What is shown of the editor."""

    form: Any
    tree: Tree
    errors: Mapping[str, str] = field(default_factory=dict)  # by place
    refused: str = ""
    conflicts: Sequence[Mapping[str, Any]] = ()
    focus: str = ""
    panel: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    unsaved: bool = False


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_segment(request: HttpRequest) -> HttpResponse:
    """Make a segment."""
    desk = Desk.of(request)
    if request.method != "POST":
        name = request.GET.get("name", "")[: setting_up.NAME_LENGTH]
        form = NewSegmentForm(initial={"name": name, "key": _key(name) if name else ""})
        return _shown(request, desk, Editor(form=form, tree=Tree(root=Group(parts=[Test()]))))
    tree = from_form(request.POST)
    if asked := request.POST.get("act"):
        form = NewSegmentForm(initial=_typed(request))
        return _acted(request, desk, Editor(form=form, tree=tree), asked)
    form = NewSegmentForm(request.POST)
    read = desk.read(tree)
    if form.is_valid() and read.condition:
        given = form.cleaned_data
        try:
            made = setting_up.add_segment(
                given["key"] or _key(given["name"]), given["name"], read.where
            )
        except SegmentRefused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, f"{made.name} was saved.")
            return redirect("segment", segment_key=made.key)
    return _shown(request, desk, _refused(form, tree, read))


def _key(name: str) -> str:
    return setting_up.suggested_key(name, Segment.objects.values_list("key", flat=True))


def _typed(request: HttpRequest) -> dict[str, str]:
    name = request.POST.get("name", "")
    return {"name": name, "key": request.POST.get("key", "") or _key(name)}


@access(Right.LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def segment(request: HttpRequest, segment_key: str) -> HttpResponse:
    """One segment: its conditions, and the editor for those who may change them."""
    there = _found(segment_key)
    desk = Desk.of(request)
    user = who(request)
    may_edit = user is not None and user.may(Right.EDIT)
    if request.method != "POST":
        form = SegmentForm(initial={"name": there.name})
        editor = Editor(form=form, tree=desk.form(there.where))
        return _shown(request, desk, editor, there, may_edit=may_edit)
    if not may_edit:
        raise PermissionDenied
    tree = from_form(request.POST)
    if asked := request.POST.get("act"):
        form = SegmentForm(initial={"name": request.POST.get("name", "")})
        return _acted(request, desk, Editor(form=form, tree=tree), asked, there)
    return _save(request, desk, tree, there)


def _save(request: HttpRequest, desk: Desk, tree: Tree, there: Segment) -> HttpResponse:
    form = SegmentForm(request.POST)
    with transaction.atomic():
        locked = setting_up.locked_segment(there.key)
        if locked is None:
            raise Http404
        read = desk.read(tree, locked.where)
        if not form.is_valid() or not read.condition:
            return _shown(request, desk, _refused(form, tree, read), locked)
        if personal.loses(tree, desk.canonical(locked.where), desk.hidden):
            editor = _refused(form, tree, Read(refused=_LOST))
            return _shown(request, desk, editor, locked)
        seen = edits.unseal(f"segment {there.key}", request.POST.get(edits.NAME, ""))
        typed = {
            "name": form.cleaned_data["name"],
            "where": personal.digest(read.where),
        }
        clashes = edits.conflicts(seen, _now(desk, locked), typed)
        if clashes:
            editor = Editor(form=form, tree=tree, status=409, unsaved=True)
            editor.conflicts = [_said(desk, each, locked) for each in clashes]
            return _shown(request, desk, editor, locked)
        changes = edits.changed(seen, typed)
        if changes:
            setting_up.change_segment(
                locked,
                name=changes.get("name"),
                where=read.where if "where" in changes else None,
            )
    messages.success(request, f"{locked.name} was saved.")
    return redirect("segment", segment_key=there.key)


_LOST = (
    "Conditions on personal data, which you can't see, would be lost or doubled by this. "
    "Open the segment again, and leave them as they are."
)


def _now(desk: Desk, row: Segment) -> dict[str, str]:
    """What is stored, in a form that tells nothing to those who may not see the conditions."""
    return {"name": row.name, "where": personal.digest(desk.canonical(row.where))}


def _said(desk: Desk, clash: edits.Conflict, row: Segment) -> dict[str, Any]:
    if clash.name == "name":
        return {"label": "Name", "seen": clash.seen, "now": clash.now}
    now = desk.teller.all_of(row.conditions)
    return {"label": "Conditions", "seen": "what this page showed", "now": now}


def _acted(
    request: HttpRequest, desk: Desk, editor: Editor, asked: str, there: Segment | None = None
) -> HttpResponse:
    """The form given back after one of its buttons was pressed; nothing is saved."""
    tree = editor.tree
    done = act(tree, asked)
    drawing.settle(tree, desk.subjects)
    editor.focus, editor.refused, editor.unsaved = done.focus, done.refused, True
    if asked == "count":
        editor.panel = panel(desk, desk.read(tree, there.where if there else None))
    return trigger_client_event(_shown(request, desk, editor, there), CHANGED)


def _refused(form: Any, tree: Tree, read: Read) -> Editor:
    return Editor(
        form=form,
        tree=tree,
        errors={**read.missing, **read.wrong},
        refused=read.refused,
        status=422,
        unsaved=True,
    )


def _shown(
    request: HttpRequest,
    desk: Desk,
    editor: Editor,
    there: Segment | None = None,
    *,
    may_edit: bool = True,
) -> HttpResponse:
    where = there.where if there else None
    too_large = len(editor.tree.tests) > MOST_TESTS or _size(where) > MOST_CHARACTERS
    editable = may_edit and not too_large
    shown = {
        "segment": there,
        "form": editor.form,
        "items": desk.drawer(where).items(editor.tree, editor.errors)
        if editable
        else drawing.read_only(desk.canonical(where), desk.subjects, desk.hidden),
        "bare": editor.tree.bare,
        "editable": editable,
        "too_large": may_edit and too_large,
        "refused": editor.refused,
        "conflicts": editor.conflicts,
        "focus": editor.focus,
        "unsaved": editor.unsaved,
        "seen": edits.seal(f"segment {there.key}", _now(desk, there)) if there else "",
        "users": listed(uses().segments.get(there.key, [])) if there else [],
        "keeps": any(test.kept for _, test in editor.tree.tests),
        **editor.panel,
    }
    return render(request, "web/segment.html", shown, status=editor.status)


def _size(where: Any) -> int:
    return len(json.dumps(where, default=str))


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_segment(request: HttpRequest, segment_key: str) -> HttpResponse:
    """Ask once, then delete a segment that no goal uses."""
    there = _found(segment_key)
    if request.method == "POST":
        try:
            remove_segment(there.key)
        except SegmentRefused as error:
            messages.error(request, str(error))
            return redirect("segment", segment_key=there.key)
        messages.success(request, f"{there.name} was deleted.")
        return redirect("segments")
    used = uses().segments.get(there.key, [])
    confirmation = Confirmation(
        title=f"Delete the segment {_short(there.name)}?",
        words="Its name and conditions go for good.",
        losses=[Loss(icon="people", words="Profiles stay as they are.")],
        act="Delete the segment",
        address=reverse("delete-segment", kwargs={"segment_key": there.key}),
        back=reverse("segment", kwargs={"segment_key": there.key}),
        blocked=_blocked(used) if used else "",
    )
    return ask(request, confirmation)


def _blocked(used: Sequence[Use]) -> str:
    goals = [(addresses.of("connection", connection_key=use.connection_key), use) for use in used]
    linked = (
        format_html('<a href="{}">{}</a>', to, use.goal) if to else format_html("{}", use.goal)
        for to, use in goals
    )
    names = format_html_join(", ", "<bdi>{}</bdi>", ((each,) for each in linked))
    return format_html("It can't be deleted now, because its members are sent by {}.", names)


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}…"  # noqa: PLR2004 - a line of a dialog


def _found(key: str) -> Segment:
    row = None if "\0" in key else Segment.objects.filter(key=key).first()
    if row is None:
        raise Http404
    return row
