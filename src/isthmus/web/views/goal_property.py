"""Making a property from a row of a goal, in a dialog of the goal's page."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django_htmx.http import reswap, trigger_client_event

from isthmus.connections import known_objects
from isthmus.connections.models import Connection
from isthmus.domain.field_types import proposed
from isthmus.domain.objects import OBJECTS
from isthmus.domain.properties import (
    IDENTIFIER_TYPES,
    Normalise,
    OnMerge,
    PropertyDefinition,
    PropertyType,
)
from isthmus.domain.roles import Right
from isthmus.profiles import setting_up
from isthmus.profiles.properties import definitions
from isthmus.salesforce import Field
from isthmus.web import partial
from isthmus.web.access import access
from isthmus.web.forms.properties import GoalPropertyForm
from isthmus.web.goal_editor.choices import property_option
from isthmus.web.views.found import find
from isthmus.web.views.properties import save_new

MADE: Final = "made"
"""Tells the page's script what was made."""

_PERSONAL_TYPES = frozenset({"email", "phone"})
_PERSONAL_NAMES = frozenset({"firstname", "lastname", "middlename", "name", "birthdate"})
_LABEL_LENGTH = 200


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_property(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The form with what fits the row's field; the property is there once it is sent."""
    connection = find(connection_key)
    field = _field(connection, request.GET.get("object", ""), request.GET.get("field", ""))
    if request.method != "POST":
        first = _first(request, field)
        return _shown(request, connection, field, GoalPropertyForm(initial=first))
    given = request.POST.copy()
    if given.get("type") not in (PropertyType.TEXT, PropertyType.EMAIL):
        given["normalise"] = Normalise.NONE.value
    form = GoalPropertyForm(given)
    made = save_new(form)
    if made is None:
        return _shown(request, connection, field, form, status=422)
    messages.success(request, f"{made.label} was added.")
    return _told(made) if partial.asks(request) else redirect("property", property_key=made.key)


def _told(made: PropertyDefinition) -> HttpResponse:
    options = {"properties": str(property_option(made, rules=True))}
    if made.identifier:
        options["identifiers"] = str(property_option(made))
    answer = reswap(HttpResponse(), "none")
    return trigger_client_event(answer, MADE, {"key": made.key, "options": options})


def _field(connection: Connection, name: str, field: str) -> Field | None:
    known = known_objects.cached(connection, OBJECTS[name]) if name in OBJECTS else None
    return known.description.fields.get(field.lower()) if known else None


def _first(request: HttpRequest, field: Field | None) -> dict[str, Any]:
    """What the form proposes."""
    label = request.GET.get("name", "").strip()[:_LABEL_LENGTH] or (field.label if field else "")
    type_, many = proposed(field.type, field.scale) if field else (PropertyType.TEXT, False)
    identifier = request.GET.get("identifier") == "1" and type_ in IDENTIFIER_TYPES
    lower = type_ is PropertyType.EMAIL and identifier
    return {
        "label": label,
        "key": setting_up.suggested_key(label, definitions().keys()),
        "type": type_.value,
        "list": many or (identifier and field is not None and field.type == "id"),
        "identifier": identifier,
        "personal": identifier or _is_personal(field),
        "normalise": (Normalise.LOWERCASE if lower else Normalise.NONE).value,
        "on_merge": OnMerge.NEWER.value,
        "description": "",
    }


def _is_personal(field: Field | None) -> bool:
    return field is not None and (
        field.type in _PERSONAL_TYPES or field.name.lower() in _PERSONAL_NAMES
    )


def _shown(
    request: HttpRequest,
    connection: Connection,
    field: Field | None,
    form: GoalPropertyForm,
    *,
    status: int = 200,
) -> HttpResponse:
    shown = {"connection": connection, "field": field, "form": form}
    return render(request, "web/goal_editor/property.html", shown, status=status)
