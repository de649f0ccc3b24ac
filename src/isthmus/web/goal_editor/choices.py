"""What there is to choose from, drawn once in the page for all of its rows.

A page has hundreds of rows with hundreds of choices each: a list in each row would be as long as
both together. Inputs name the one list, which a browser offers by itself also without script.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from html import escape

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from isthmus.connections.known_objects import Known
from isthmus.connections.org_fields import UNREADABLE
from isthmus.domain.merge_rules import MergeRule, refusal
from isthmus.domain.properties import PropertyDefinition
from isthmus.salesforce import Field
from isthmus.web.conditions.words import ICONS, TYPES
from isthmus.web.masking import DOTS

SEPARATOR = " \u00b7 "

FORMULA = ("fx", "formula")
FIELD_TYPES: Mapping[str, tuple[str, str]] = {
    "string": ("text", "text"),
    "textarea": ("text", "long text"),
    "encryptedstring": ("lock", "encrypted text"),
    "picklist": ("pick", "picklist"),
    "combobox": ("pick", "picklist"),
    "multipicklist": ("list", "multi-picklist"),
    "email": ("mail", "e-mail"),
    "phone": ("hash", "phone"),
    "url": ("link", "web address"),
    "boolean": ("bool", "yes or no"),
    "int": ("hash", "whole number"),
    "long": ("hash", "whole number"),
    "double": ("decimal", "decimal number"),
    "currency": ("decimal", "currency"),
    "percent": ("decimal", "percent"),
    "date": ("calendar", "date"),
    "datetime": ("clock", "date and time"),
    "time": ("clock", "time of day"),
    "reference": ("id", "lookup"),
    "id": ("id", "record id"),
}
"""Icon and words of a field's type."""

_OTHER = ("doc", "other")


def readable(field: Field) -> bool:
    """Whether an import can read it."""
    return field.type not in UNREADABLE


def field_options(
    known: Known | None, *, hides: bool, fits: Callable[[Field], bool] = readable
) -> SafeString:
    """The fields that fit, in the order of their labels; `hides` leaves values out."""
    if known is None:
        return SafeString()
    fields = sorted(known.description.fields.values(), key=lambda each: each.label.casefold())
    drawn = (_field(each, known, hides=hides) for each in fields if fits(each))
    return mark_safe("\n".join(drawn))  # noqa: S308 - all that comes from elsewhere is escaped


def _field(field: Field, known: Known, *, hides: bool) -> str:
    icon, word = FORMULA if field.calculated else FIELD_TYPES.get(field.type, _OTHER)
    values = known.samples.get(field.name, ())
    samples = (DOTS if values else "") if hides else SEPARATOR.join(values)
    shown = f' data-samples="{escape(samples)}"' if samples else ""
    tag = ' data-tag="formula"' if field.calculated else ""
    return (
        f'<option value="{escape(field.name)}" label="{escape(field.label)}" data-icon="{icon}" '
        f'data-type="{word}"{shown}{tag}></option>'
    )


def property_options(
    properties: Iterable[PropertyDefinition], *, rules: bool = False
) -> SafeString:
    """Properties in the order of their labels; with `rules`, why some of them do not fit."""
    ordered = sorted(properties, key=lambda each: (each.label.casefold(), each.key))
    return format_html_join("\n", "{}", ((property_option(each, rules=rules),) for each in ordered))


def property_option(definition: PropertyDefinition, *, rules: bool = False) -> SafeString:
    """A property as a choice."""
    refused = _refused(definition) if rules else SafeString()
    return format_html(
        '<option value="{}" label="{}" data-icon="{}" data-type="{}" data-samples="{}"{}></option>',
        definition.key,
        definition.label,
        "list" if definition.list else ICONS[definition.type],
        kind_of(definition),
        said_of(definition),
        refused,
    )


def _refused(definition: PropertyDefinition) -> SafeString:
    """Why the rules do not fit that can't be used with the property."""
    found = ((rule.value, refusal(rule, definition)) for rule in MergeRule)
    return format_html_join("", ' data-not-{}="{}"', (each for each in found if each[1]))


def kind_of(definition: PropertyDefinition) -> str:
    """The type in words."""
    word = TYPES[definition.type]
    return f"list of {word}" if definition.list else word


def said_of(definition: PropertyDefinition) -> str:
    """Type, one value or several, and what it is used for."""
    parts = [TYPES[definition.type], "list" if definition.list else "single"]
    if definition.identifier:
        parts.append("identifier")
    elif definition.personal:
        parts.append("personal data")
    return ", ".join(parts[:2]) + "".join(f"{SEPARATOR}{each}" for each in parts[2:])


def described_at(known: Known | None) -> datetime | None:
    """When Salesforce was asked last."""
    return known.described_at if known else None
