"""What an export's rows offer: values of the profile, and fields to write or to find by."""

from collections.abc import Iterable, Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from isthmus.connections.known_objects import Known
from isthmus.connections.org_troubles import TEXTS, can_match, is_writable
from isthmus.domain.goals import PROFILE_ID, ExportGoal
from isthmus.domain.properties import PropertyDefinition
from isthmus.salesforce import Field
from isthmus.web.goal_editor.choices import (
    FIELD_TYPES,
    SEPARATOR,
    property_option,
    property_options,
)
from isthmus.web.goal_editor.export_form import TEXT_VALUE

_OPTION = (
    '<option value="{}" label="{}" data-icon="{}" data-type="{}" data-samples="{}"{}></option>'
)
_OTHER = ("doc", "other")
_LENGTHY = TEXTS | {"multipicklist"}
_PICKLISTS = frozenset({"picklist", "multipicklist"})


def value_options(properties: Iterable[PropertyDefinition]) -> SafeString:
    """What can be sent: the kinds that stand alone, and then each property."""
    identifier = format_html(
        _OPTION,
        PROFILE_ID,
        "Profile identifier",
        "id",
        "identifier",
        "The profile\u2019s own id, the same for ever",
        SafeString(),
    )
    text = format_html(
        _OPTION,
        TEXT_VALUE,
        "Text value",
        "quote",
        "text value",
        "The same text for everyone",
        SafeString(),
    )
    return identifier + text + property_options(properties)


def identifier_options(properties: Iterable[PropertyDefinition]) -> SafeString:
    """What a record can be found by: identifiers, and the profile's own id."""
    own = format_html(
        _OPTION,
        PROFILE_ID,
        "Profile identifier",
        "id",
        "identifier",
        "The profile\u2019s own id",
        SafeString(),
    )
    chosen = sorted(
        (each for each in properties if each.identifier), key=lambda each: each.label.casefold()
    )
    return format_html_join("\n", "{}", ((property_option(each),) for each in chosen)) + own


def writable_options(known: Known | None, goal: ExportGoal) -> SafeString:
    """The fields that the goal can write: those that a new record needs come first."""
    if known is None:
        return SafeString()
    creates = goal.create_records
    found = [each for each in known.description.fields.values() if is_writable(goal, each)]
    found.sort(key=lambda each: (not (creates and each.required_on_create), each.label.casefold()))
    return _options(found, creates=creates)


def findable_options(known: Known | None) -> SafeString:
    """The fields that a record can be found by."""
    if known is None:
        return SafeString()
    found = [each for each in known.description.fields.values() if can_match(each)]
    found.sort(key=lambda each: each.label.casefold())
    return format_html_join("\n", _OPTION, ((*_named(each), _found_by(each), "") for each in found))


def _options(fields: Iterable[Field], *, creates: bool) -> SafeString:
    return format_html_join(
        "\n",
        _OPTION,
        (
            (
                *_named(each),
                said_of(each, creates=creates),
                SafeString(' data-tag="required"')
                if creates and each.required_on_create
                else SafeString(),
            )
            for each in fields
        ),
    )


def _named(field: Field) -> tuple[str, str, str, str]:
    icon, word = FIELD_TYPES.get(field.type, _OTHER)
    return field.name, field.label, icon, word


def said_of(field: Field, *, creates: bool) -> str:
    """What the field takes, in a few words."""
    return SEPARATOR.join(_said(field, creates=creates))


def _said(field: Field, *, creates: bool) -> Iterator[str]:
    if creates and field.required_on_create:
        yield "required to create"
    elif not field.updateable:
        yield "only when creating"
    elif not field.createable:
        yield "only when updating"
    else:
        yield "writable"
    if field.external_id:
        yield "external id, unique" if field.unique else "external id"
    if field.type in _PICKLISTS:
        active = sum(each.active for each in field.picklist_values)
        kind = "multi-picklist" if field.type == "multipicklist" else "picklist"
        yield f"{kind}, {active:,} values" if field.restricted_picklist else f"{kind}, open"
    elif field.type in _LENGTHY and field.length:
        yield f"up to {field.length:,} characters"
    else:
        yield FIELD_TYPES.get(field.type, _OTHER)[1]


def _found_by(field: Field) -> str:
    if field.type == "id":
        return "record id"
    parts = ["external id" if field.external_id else "lookup", "unique" if field.unique else ""]
    return SEPARATOR.join(filter(None, parts))
