"""Properties: which there are, making one, and changing what can be changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from isthmus.connections.uses import uses
from isthmus.domain.properties import (
    Normalise,
    OnMerge,
    PropertyDefinition,
    PropertyError,
    PropertyType,
)
from isthmus.domain.roles import Right
from isthmus.profiles import estimating, setting_up
from isthmus.profiles.models import Property
from isthmus.profiles.properties import StoreBusy, definitions, save_property
from isthmus.web import edits, masking
from isthmus.web.access import access, who
from isthmus.web.conditions.words import ICONS, TYPES
from isthmus.web.forms.properties import (
    NORMALISE,
    ON_MERGE,
    NewPropertyForm,
    PropertyForm,
    initial,
    merges,
)
from isthmus.web.used_by import listed

_MOST_USERS = 50

_LABELS = {
    "label": "Label",
    "description": "Description",
    "personal": "Personal data",
    "normalise": "When a text comes in",
    "on_merge": "When two profiles become one",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A property in the table."""

    definition: PropertyDefinition
    used: int
    filled: int | None  # about how many profiles have a value; None where it is not known

    @property
    def icon(self) -> str:
        """Of its type."""
        return ICONS[self.definition.type]

    @property
    def type(self) -> str:
        """In words."""
        return TYPES[self.definition.type]


@access(Right.LOOK)
@require_safe
def properties(request: HttpRequest) -> HttpResponse:
    """All properties; about how many profiles have each loads after the page."""
    wanted = request.GET.get("q", "").strip().casefold()
    counted = "filled" in request.GET
    filled = estimating.filled() if counted else {}
    known = definitions()
    used = _used() if counted else Counter()
    rows = [
        Row(definition=each, used=used[each.key], filled=filled.get(each.column))
        for each in sorted(known.values(), key=lambda each: (each.label.casefold(), each.key))
        if wanted in each.label.casefold() or wanted in each.key.casefold()
    ]
    shown = {"rows": rows, "q": request.GET.get("q", ""), "counted": counted, "any": bool(known)}
    return render(request, "web/properties.html", shown)


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_property(request: HttpRequest) -> HttpResponse:
    """Make a property."""
    first = {"label": request.GET.get("name", "")[:200], "type": PropertyType.TEXT.value}
    posted = request.POST or None
    form = NewPropertyForm(posted, initial=first)
    taken = definitions().keys()
    given: dict[str, Any]
    if request.POST.get("act") == "change" or not posted:
        given = {**first, **{name: request.POST.get(name, "") for name in form.fields if posted}}
        if not given.get("key"):
            given["key"] = setting_up.suggested_key(str(given["label"]), taken)
        return _new(request, NewPropertyForm(initial=given))
    made = save_new(form)
    if made:
        messages.success(request, f"{made.label} was added.")
        return redirect("property", property_key=made.key)
    return _new(request, form)


def save_new(form: NewPropertyForm) -> PropertyDefinition | None:
    """The property that the form asks for, once it is there; else the form says what is wrong."""
    if not form.is_valid():
        return None
    given = form.cleaned_data
    key = given["key"] or setting_up.suggested_key(given["label"], definitions().keys())
    definition = replace(
        _changed(PropertyDefinition(key=key, label=given["label"]), given),
        type=PropertyType(given["type"]),
        list=given["list"],
        identifier=given["identifier"],
    )
    return definition if _saved(form, definition) else None


def _saved(form: NewPropertyForm, definition: PropertyDefinition) -> bool:
    try:
        if not definition.key:
            form.add_error("key", "The label has no letters that a key can have. Give a key.")
            return False
        setting_up.add_property(definition)
    except PropertyError as error:
        field = "key" if "key" in str(error).split("'")[0].lower() else None
        form.add_error(field, str(error))
    except StoreBusy as error:
        form.add_error(None, str(error))
    return not form.errors


def _new(request: HttpRequest, form: NewPropertyForm) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "web/new_property.html", {"form": form}, status=status)


@access(Right.LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def property_page(request: HttpRequest, property_key: str) -> HttpResponse:
    """One property: what it is, what uses it, and a form for those who may change it."""
    row = _found(property_key)
    if request.method != "POST":
        return _one(request, row.definition, _form(request, row.definition))
    user = who(request)
    if user is None or not user.may(Right.EDIT):
        raise PermissionDenied
    with transaction.atomic():
        locked = setting_up.locked_property(row.key)
        assert locked is not None  # noqa: S101 - properties are not deleted
        there = locked.definition
        form = _form(request, there, request.POST)
        if not form.is_valid():
            return _one(request, there, form)
        seen = edits.unseal(f"property {there.key}", request.POST.get(edits.NAME, ""))
        typed = initial(_changed(there, form.cleaned_data))
        clashes = edits.conflicts(seen, initial(there), typed)
        if clashes:
            return _one(request, there, form, clashes)
        if not _change(form, there, edits.changed(seen, typed)):
            return _one(request, there, form)
    messages.success(request, f"{form.cleaned_data['label']} was saved.")
    return redirect("property", property_key=there.key)


def _change(form: PropertyForm, there: PropertyDefinition, changes: Mapping[str, Any]) -> bool:
    if not changes:
        return True
    try:
        save_property(_changed(there, {**initial(there), **changes}))
    except PropertyError as error:
        form.add_error(None, str(error))
    return not form.errors


def _form(request: HttpRequest, definition: PropertyDefinition, given: Any = None) -> PropertyForm:
    """The form, without the choices that don't fit or that whoever asks may not make."""
    form = PropertyForm(given, initial=initial(definition))
    form.fields["on_merge"].choices = merges(definition)  # type: ignore[attr-defined]
    if not definition.type.is_text:
        del form.fields["normalise"]
    if definition.identifier or masking.hides(request, definition):
        personal = form.fields["personal"]
        personal.disabled = True
        personal.help_text = (
            "Identifiers always are."
            if definition.identifier
            else "Only somebody whose account includes personal data can take this off."
        )
    return form


def _changed(there: PropertyDefinition, given: Mapping[str, Any]) -> PropertyDefinition:
    return replace(
        there,
        label=given["label"],
        description=given["description"].replace("\r\n", "\n"),
        personal=given["personal"],
        normalise=Normalise(given.get("normalise", there.normalise)),
        on_merge=OnMerge(given["on_merge"]),
    )


def _one(
    request: HttpRequest,
    definition: PropertyDefinition,
    form: PropertyForm,
    clashes: list[edits.Conflict] | None = None,
) -> HttpResponse:
    shown = {
        "row": Row(definition=definition, used=0, filled=None),
        "form": form,
        **_users(definition.key),
        "conflicts": [_said(each) for each in clashes or []],
        "seen": edits.seal(f"property {definition.key}", initial(definition)),
        "normalise": NORMALISE[definition.normalise] if definition.type.is_text else "",
        "on_merge": ON_MERGE[definition.on_merge],
    }
    status = 409 if clashes else 422 if form.errors else 200
    return render(request, "web/property.html", shown, status=status)


def _said(clash: edits.Conflict) -> dict[str, Any]:
    words: dict[Any, str] = {
        True: "yes",
        False: "no",
        **{each.value: word for each, word in NORMALISE.items()},
        **{each.value: word for each, word in ON_MERGE.items()},
    }
    plain = clash.name in ("label", "description")
    return {
        "label": _LABELS[clash.name],
        "seen": clash.seen if plain else words.get(clash.seen, clash.seen),
        "now": clash.now if plain else words.get(clash.now, clash.now),
    }


def _used() -> Counter[str]:
    """How many goals and segments use each property, by key."""
    used = Counter(setting_up.segments_by_property())
    used.update({key: len(goals) for key, goals in uses().properties.items()})
    return used


def _users(key: str) -> dict[str, Any]:
    """What uses the property, and whether there are more."""
    goals = uses().properties.get(key, [])
    segments = setting_up.segments_of_property(key, _MOST_USERS + 1)
    return {
        "users": listed(goals, segments[:_MOST_USERS]),
        "more_users": len(segments) > _MOST_USERS,
    }


def _found(key: str) -> Property:
    row = None if "\0" in key else Property.objects.filter(key=key).first()
    if row is None:
        raise Http404
    return row
