"""One profile: what is known, where each value came from, what changed; and changing a value."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from isthmus.domain import values
from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.roles import Right
from isthmus.domain.values import Value
from isthmus.profiles import editing, looking, properties
from isthmus.profiles.editing import Edit
from isthmus.profiles.errors import (
    ChangedMeanwhile,
    NotThere,
    ProfileFull,
    TooSlow,
    ValueHeld,
    WriterBusy,
)
from isthmus.profiles.history import Merge
from isthmus.web import edits, masking, partial, profile_pages
from isthmus.web.access import access, who
from isthmus.web.forms.profiles import ValueForm
from isthmus.web.profile_pages import BecameAnother

_LABEL = 80
"""Characters of a label within a sentence."""

EDITED = "profile-edited"
"""Said to the page's script when a value was saved: other parts of the page show it, too."""


Page = Callable[..., HttpResponse]


def _found(view: Page) -> Page:
    """Lead to the profile that another one became, and say so where the store is too busy."""

    @wraps(view)
    def answer(request: HttpRequest, profile_id: UUID, **places: str) -> HttpResponse:
        try:
            return view(request, profile_id, **places)
        except BecameAnother as became:
            return _to_survivor(request, profile_id, became.merge)
        except TooSlow:
            shown = {
                "heading": "The store is busy",
                "words": "The profile couldn't be read in time. Wait a moment, and try again.",
            }
            return render(request, "web/wrong.html", shown, status=503)

    return answer


def _to_survivor(request: HttpRequest, profile_id: UUID, merge: Merge) -> HttpResponse:
    at = timezone.localtime(merge.at)
    messages.info(
        request,
        f"Profile {profile_id} became part of this one on {at.day} {at:%B %Y} at {at:%H:%M}.",
    )
    return redirect("profile", profile_id=merge.profile_id)


@access(Right.LOOK)
@require_safe
@_found
def profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """All that is known of a profile."""
    return render(request, "web/profile.html", profile_pages.whole(request, profile_id))


@access(Right.LOOK)
@require_safe
@_found
def changes(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """All changes of a profile that are still known, newest first."""
    shown = profile_pages.all_changes(request, profile_id)
    return render(request, "web/profile_changes.html", shown)


@access(Right.LOOK)
@require_safe
@_found
def value(request: HttpRequest, profile_id: UUID, property_key: str) -> HttpResponse:
    """One value with its history; with `folded` the value alone, as a row of the profile's page."""
    return _value(request, profile_id, property_key, folded="folded" in request.GET)


def _value(request: HttpRequest, profile_id: UUID, property_key: str, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    shown = profile_pages.one_value(request, profile_id, _definition(property_key))
    return render(request, "web/profile_value.html", {**shown, **more}, status=status)


def _definition(key: str) -> PropertyDefinition:
    definition = properties.definitions().get(key)
    if definition is None:
        raise Http404
    return definition


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
@_found
def edit(request: HttpRequest, profile_id: UUID, property_key: str) -> HttpResponse:
    """Change one value by hand."""
    definition = _definition(property_key)
    if masking.hides(request, definition):
        return _refused(request, definition)
    if request.method == "POST":
        return _save(request, profile_id, definition)
    held = _held(profile_id, definition)
    if why_not := _why_not_by_lines(held):
        return _value(request, profile_id, property_key, why_not=why_not)
    form = ValueForm(definition, _zone(), shown=held)
    return _form(request, profile_id, definition, form, seen=_seal(profile_id, definition, held))


def _refused(request: HttpRequest, definition: PropertyDefinition) -> HttpResponse:
    words = (
        f"{_label(definition)} is personal data, and your account does not include the right to "
        f"see it. Who may not see a value can't change it either. An administrator can give you "
        f"the right under People."
    )
    shown = {"heading": "This value is not for your account", "words": words}
    return render(request, "web/wrong.html", shown, status=403)


def _why_not_by_lines(held: Value) -> str:
    """Why a list can't be edited as lines; empty where it can."""
    values_held = held if isinstance(held, list) else []
    if not any(isinstance(each, str) and ("\n" in each or "\r" in each) for each in values_held):
        return ""
    return (
        "One of these values holds a line break, so the list can't be edited as one value on each "
        "line. Correct it where it comes from."
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


def _held(profile_id: UUID, definition: PropertyDefinition) -> Value:
    with looking.session() as session:
        found = profile_pages.read(session, profile_id, properties.definitions())
    held: Value = found.properties.get(definition.key)
    return held


def _label(definition: PropertyDefinition) -> str:
    return Truncator(definition.label).chars(_LABEL)


def _thing(profile_id: UUID, definition: PropertyDefinition) -> str:
    return f"value {definition.key} of {profile_id}"


def _seal(profile_id: UUID, definition: PropertyDefinition, held: Value) -> str:
    shown = {
        "value": values.plain(held),
        "text": values.written(held, _zone()).replace("\r\n", "\n"),
    }
    return edits.seal(_thing(profile_id, definition), shown)


def _save(request: HttpRequest, profile_id: UUID, definition: PropertyDefinition) -> HttpResponse:
    sealed, typed = request.POST.get(edits.NAME, ""), request.POST.get("value")
    seen = edits.unseal(_thing(profile_id, definition), sealed)
    if typed is None:
        raise BadRequest
    form = ValueForm(definition, _zone(), request.POST, shown=typed)
    if form.typed == seen["text"]:
        messages.info(request, f"{_label(definition)} is as it was: nothing was changed.")
        return _saved(request, profile_id, definition)
    if not form.is_valid():
        return _form(request, profile_id, definition, form, seen=sealed, status=422)
    user = who(request)
    assert user is not None  # noqa: S101 - the view is for those who are signed in
    wanted = Edit(
        profile_id=profile_id,
        property=definition.key,
        value=form.cleaned_data["value"],
        seen=seen["value"],
        by=user.email,
    )
    return _write(request, definition, form, wanted, seen)


def _write(
    request: HttpRequest,
    definition: PropertyDefinition,
    form: ValueForm,
    wanted: Edit,
    seen: dict[str, Any],
) -> HttpResponse:
    more: dict[str, Any] = {"seen": request.POST[edits.NAME], "status": 422}
    try:
        changed = editing.change(wanted)
    except ChangedMeanwhile as error:
        zone = _zone()
        conflict = {"label": definition.label, "seen": seen["text"]}
        conflict["now"] = values.written(error.now, zone)
        more = {"seen": _seal(wanted.profile_id, definition, error.now), "status": 409}
        more["conflicts"] = [conflict]
    except ValueHeld as error:
        form.add_error("value", f"{error} Type another one, or take it from that profile first.")
        more["holder"] = error.holder
    except (ProfileFull, WriterBusy) as error:
        form.add_error("value", str(error))
    except NotThere:
        # It may have become part of another one; reading it says so.
        _held(wanted.profile_id, definition)
        raise Http404 from None
    else:
        said = "was saved" if changed else "was that already: nothing was changed"
        messages.success(request, f"{_label(definition)} {said}.")
        return _saved(request, wanted.profile_id, definition)
    return _form(request, wanted.profile_id, definition, form, **more)


def _saved(request: HttpRequest, profile_id: UUID, definition: PropertyDefinition) -> HttpResponse:
    if partial.asks(request):
        answer = _value(request, profile_id, definition.key)
        return trigger_client_event(answer, EDITED)
    address = reverse("profile", kwargs={"profile_id": profile_id})
    return redirect(f"{address}#p-{definition.key}")


def _form(
    request: HttpRequest,
    profile_id: UUID,
    definition: PropertyDefinition,
    form: ValueForm,
    **more: Any,
) -> HttpResponse:
    return _value(request, profile_id, definition.key, form=form, **more)
