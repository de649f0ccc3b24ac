"""Fields of a set-up file."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from localorg.formulas.compiling import RESULT_TYPES
from localorg.schema import Field, PicklistValue
from localorg.setup_file.errors import unknown
from localorg.setup_file.field_defaults import stored_default
from localorg.setup_file.field_types import FIELD_TYPES, OF_STANDARD_FIELDS, FieldType
from localorg.setup_file.values import Entries, Value

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_LONGEST_NAME = 43
_SHORT_TEXT = 255
_LONGEST_TEXT = 131_072
_RICH_TEXT = 32_768
_MOST_DIGITS = 18
_FORMAT = re.compile(r"[^{}]*\{0{1,10}\}[^{}]*")
_MASKS = ("all", "creditCard", "ssn", "lastFour", "sin", "nino")
_NUMBERS = frozenset({"double", "currency", "percent"})
_SAFE: Mapping[str, Any] = {"createable": False, "updateable": False}
# What the values of these fields can say besides, by object and field.
_MEANINGS = {("Case", "Status"): "closed", ("Lead", "Status"): "converted"}


@dataclass
class Place:
    """The object that fields are read for."""

    # Its API name and the label of many of its records.
    name: str
    label_plural: str
    # The fields that are there so far, by lower-case name.
    fields: Mapping[str, Field]
    # The names of all objects, as they are spelled, by lower-case name.
    objects: Mapping[str, str]
    # How many master-detail fields were read so far.
    masters: int = 0
    # Where the formulas of fields and of rules stand, by the names of those.
    field_formulas: dict[str, Value] = field(default_factory=dict)
    rule_formulas: dict[str, Value] = field(default_factory=dict)


def read_field(value: Value, place: Place, present: Mapping[str, Field]) -> Field | None:
    """One field; None where too little of it can be read. Problems are reported."""
    found = value.mapping()
    if "name" not in found:
        value.entries(required=("name", "type"))
        return None
    name = found["name"].text()
    known = present.get(name.lower())
    if known is not None:
        return _changed(value, known, place)
    if "type" not in found:
        value.entries(required=("name", "type"), optional=FIELD_TYPES["string"].optional)
        return None
    word = found["type"].choice("type of field", FIELD_TYPES)
    if not word:
        return None
    kind = FIELD_TYPES[word]
    entries = value.entries(required=("name", "type", *kind.needed), optional=kind.optional)
    _check_name(entries, name)
    read = _named(entries, name, kind)
    read = _READERS[word](entries, read, place)
    read = _with_controller(entries, _with_values(entries, read), place)
    return _with_default(entries, _with_formula(entries, read, place), place)


def _check_name(entries: Entries, name: str) -> None:
    if _NAME.fullmatch(name) is None or len(name) > _LONGEST_NAME:
        message = (
            f"{name!r} is no name of a custom field. Write letters, digits and single underscores "
            f"with __c behind them, {_LONGEST_NAME} characters at most, such as Loyalty_Level__c."
        )
        entries.report("name", message)


def _named(entries: Entries, name: str, kind: FieldType) -> Field:
    label = name.removesuffix("__c").replace("_", " ")
    external, unique = entries.flag("external_id"), entries.flag("unique")
    return Field(
        name=name,
        label=entries.text("label", label),
        type=kind.type,
        help_text=entries.text("help") or None,
        nillable=not entries.flag("required"),
        external_id=external,
        id_lookup=external,
        unique=unique,
        case_sensitive=entries.flag("case_sensitive"),
        indexed=external or unique,
        restricted_picklist=entries.flag("restricted"),
    )


Reader = Callable[[Entries, Field, Place], Field]


def _as_it_is(_entries: Entries, read: Field, _place: Place) -> Field:
    return read


def _of_length(most: int, default: int) -> Reader:
    def with_length(entries: Entries, read: Field, _place: Place) -> Field:
        return replace(read, length=entries.integer("length", 1, most, default))

    return with_length


def _fixed_length(length: int) -> Reader:
    return lambda _entries, read, _place: replace(read, length=length)


def _textarea(entries: Entries, read: Field, _place: Place) -> Field:
    rich = entries.flag("rich")
    default = _RICH_TEXT if rich else _SHORT_TEXT
    length = entries.integer("length", 1, _LONGEST_TEXT, default)
    short = length <= _SHORT_TEXT and not rich
    return replace(
        read,
        length=length,
        filterable=short,
        sortable=short,
        html_formatted=rich,
        extra_type_info="richtextarea" if rich else "plaintextarea",
    )


def _encrypted(entries: Entries, read: Field, _place: Place) -> Field:
    mask = entries.choice("mask", "mask", _MASKS, "lastFour")
    length = entries.integer("length", 1, 175, 175)
    return replace(read, length=length, mask=("*", mask), filterable=False, sortable=False)


def _boolean(_entries: Entries, read: Field, _place: Place) -> Field:
    return replace(read, nillable=False, defaulted_on_create=True)


def _whole(most: int) -> Reader:
    def with_digits(entries: Entries, read: Field, _place: Place) -> Field:
        return replace(read, digits=entries.integer("digits", 1, most, most))

    return with_digits


def _number(entries: Entries, read: Field, _place: Place) -> Field:
    precision = entries.integer("precision", 1, _MOST_DIGITS, _MOST_DIGITS)
    default = 2 if read.type == "currency" else 0
    scale = entries.integer("scale", 0, _MOST_DIGITS - 1, min(default, precision))
    if scale > precision:
        message = f"scale {scale} is more than precision {precision}: it counts digits of those."
        entries.report("scale", message)
    return replace(read, precision=precision, scale=scale)


def _auto_number(entries: Entries, read: Field, _place: Place) -> Field:
    form = number_format(entries)
    return replace(
        read,
        length=30,
        auto_number=True,
        auto_number_format=form,
        nillable=False,
        defaulted_on_create=True,
        indexed=True,
        **_SAFE,
    )


def number_format(entries: Entries) -> str:
    """The `format` of auto numbers."""
    form = entries.text("format", "{0000}")
    if _FORMAT.fullmatch(form) is None:
        message = f"{form!r} is no format of numbers. Write such as A-{{0000}}: zeros in braces."
        entries.report("format", message)
    return form


def _lookup(entries: Entries, read: Field, place: Place) -> Field:
    targets = []
    for item in entries.items("to"):
        name = item.text()
        if name.lower() in place.objects:
            targets.append(place.objects[name.lower()])
        elif name:
            item.report(unknown("object", name, sorted(place.objects.values())))
    on_delete = entries.choice("on_delete", "way", ("clear", "restrict", "cascade"), "clear")
    if on_delete == "clear" and not read.nillable:
        on_delete = "restrict"
    return replace(
        read,
        length=18,
        reference_to=tuple(targets),
        relationship_name=_relationship(entries, read.name),
        child_relationship_name=_children(entries, place),
        cascade_delete=on_delete == "cascade",
        restricted_delete=on_delete == "restrict",
        indexed=True,
    )


def _relationship(entries: Entries, name: str) -> str:
    """The way to the parent: the field's name with __r."""
    return _way(entries, "relationship", name.removesuffix("__c"))


def _children(entries: Entries, place: Place) -> str:
    """The parent's name for its children: the object's plural with __r."""
    plural = re.sub(r"[^A-Za-z0-9]+", "_", place.label_plural).strip("_") or "Children"
    return _way(entries, "children", plural)


def _way(entries: Entries, key: str, default: str) -> str:
    name = entries.text(key, default).removesuffix("__r")
    if _NAME.fullmatch(name + "__c") is None:
        message = f"{name!r} is no name of a relationship. Write letters, digits and underscores."
        entries.report(key, message)
    return name + "__r"


def _master_detail(entries: Entries, read: Field, place: Place) -> Field:
    order, place.masters = place.masters, place.masters + 1
    count = len(entries.items("to"))
    if count > 1:
        message = (
            f"A detail has records of one object as its master, not of {count}. Keep one of them."
        )
        entries.report("to", message)
    if not place.name.endswith("__c"):
        message = "Only custom objects can have a master. Write type: reference."
        entries.report("type", message)
    elif order > 1:
        entries.report("type", "An object has two masters at most. Write type: reference.")
    return replace(
        _lookup(entries, read, place),
        nillable=False,
        updateable=entries.flag("reparentable"),
        cascade_delete=True,
        restricted_delete=False,
        relationship_order=order,
    )


_READERS: Mapping[str, Reader] = {
    "autonumber": _auto_number,
    "boolean": _boolean,
    "combobox": _of_length(_SHORT_TEXT, _SHORT_TEXT),
    "currency": _number,
    "date": _as_it_is,
    "datetime": _as_it_is,
    "double": _number,
    "email": _fixed_length(80),
    "encryptedstring": _encrypted,
    "int": _whole(9),
    "long": _whole(18),
    "masterdetail": _master_detail,
    "multipicklist": _fixed_length(4099),
    "percent": _number,
    "phone": _fixed_length(40),
    "picklist": _fixed_length(255),
    "reference": _lookup,
    "string": _of_length(_SHORT_TEXT, _SHORT_TEXT),
    "textarea": _textarea,
    "time": _as_it_is,
    "url": _fixed_length(255),
}


def _with_values(entries: Entries, read: Field, meaning: str = "") -> Field:
    if "values" not in entries:
        return read
    values = [_picklist_value(item, read, meaning) for item in entries.items("values")]
    if meaning and not any(getattr(entry, meaning) for entry in values):
        message = f"No status is {meaning}. Write it at one, such as "
        entries.report("values", f"{message}{{value: Done, {meaning}: true}}.")
    if not values:
        entries.report("values", "The list is empty. Write at least one value.")
    names = [entry.value.lower() for entry in values]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        entries.report("values", f"{twice!r} stands here twice. Keep one of them.")
    for text in (entry.value for entry in values):
        if read.type == "multipicklist" and ";" in text:
            message = f"{text!r} can't be chosen: a semicolon stands between values. Leave it out."
            entries.report("values", message)
    default = _has_default(entries, values)
    return replace(read, picklist_values=tuple(values), defaulted_on_create=default)


def _has_default(entries: Entries, values: Sequence[PicklistValue]) -> bool:
    chosen = [entry for entry in values if entry.default]
    if len(chosen) > 1:
        message = f"{len(chosen)} values are the default. Keep one `default: true`."
        entries.report("values", message)
    for entry in chosen:
        if not entry.active:
            message = f"{entry.value!r} can't be the default: it is not active."
            entries.report("values", message)
    return bool(chosen)


def _picklist_value(value: Value, read: Field, meaning: str) -> PicklistValue:
    if value.is_scalar:
        return _as_before(PicklistValue(value=value.text()), read)
    optional = ("label", "default", "active", "for", *filter(None, (meaning,)))
    entries = value.entries(required=("value",), optional=optional)
    found = PicklistValue(
        value=entries.text("value"),
        label=entries.text("label") or None,
        default=entries.flag("default"),
        active=entries.flag("active", default=True),
    )
    if meaning in entries:
        meant: dict[str, Any] = {meaning: entries.flag(meaning)}
        return replace(found, **meant)
    return _as_before(found, read)


def _as_before(value: PicklistValue, read: Field) -> PicklistValue:
    """The value with the meaning that it has without the file."""
    for known in read.picklist_values:
        if known.value.lower() == value.value.lower():
            return replace(value, closed=known.closed, converted=known.converted)
    return value


def _with_controller(entries: Entries, read: Field, place: Place) -> Field:
    """A dependent picklist: which values go with which of another field's."""
    dependent = [
        (number, item.data["for"])
        for number, item in enumerate(entries.items("values"))
        if isinstance(item.data, dict) and "for" in item.data
    ]
    if "controller" not in entries:
        for _, value in dependent:
            value.report("Only dependent picklists have it. Add `controller` to the field.")
        return read
    controller = place.fields.get(entries.text("controller").lower())
    choices = _choices(controller)
    if controller is None or not choices:
        names = [one.name for one in place.fields.values() if _choices(one)]
        entries.report("controller", unknown("picklist here", entries.text("controller"), names))
        return read
    values = list(read.picklist_values)
    for number, value in dependent:
        chosen = [item.choice(f"value of {controller.name}", choices) for item in value.items()]
        places = tuple(choices.index(name) for name in chosen if name)
        values[number] = replace(values[number], valid_for=places)
    return replace(read, picklist_values=tuple(values), controller_name=controller.name)


def _choices(field: Field | None) -> list[str]:
    """The values of a field that can control others: false and true of a checkbox."""
    if field is None or field.type == "multipicklist":
        return []
    if field.type == "boolean":
        return ["false", "true"]
    return [entry.value for entry in field.picklist_values]


def _with_formula(entries: Entries, read: Field, place: Place) -> Field:
    if "formula" not in entries or read.type not in RESULT_TYPES:
        if "blanks" in entries:
            entries.report("blanks", "Only formula fields have it. Add `formula`, or leave it out.")
        return read
    not_of_formulas = ("required", "default", "default_formula", "unique", "external_id")
    for key in not_of_formulas:
        if key in entries:
            entries.report(key, "A formula field can't have it: its value is calculated.")
    place.field_formulas[read.name] = entries["formula"]
    return replace(
        read,
        formula=entries.text("formula") or "NULL",
        blanks_as_zeros=entries.choice("blanks", "way", ("zeros", "blanks"), "blanks") == "zeros",
        nillable=read.type != "boolean",
        length=1300 if read.type == "string" else read.length,
        defaulted_on_create=False,
        indexed=False,
        **_SAFE,
    )


def _with_default(entries: Entries, read: Field, place: Place) -> Field:
    if read.formula is not None:
        return read
    if "default_formula" in entries:
        if "default" in entries:
            entries.report("default", "Write `default` or `default_formula`, not both.")
        formula = entries.text("default_formula")
        place.field_formulas[read.name] = entries["default_formula"]
        return replace(read, default_formula=formula or None, defaulted_on_create=True)
    if "default" not in entries:
        return read
    if read.picklist_values:
        return _with_default_value(entries, read)
    stored = stored_default(entries["default"], read)
    return read if stored is None else replace(read, default=stored, defaulted_on_create=True)


def _with_default_value(entries: Entries, read: Field) -> Field:
    names = [entry.value for entry in read.picklist_values]
    wanted = entries.choice("default", "value of this picklist", names)
    values = [replace(entry, default=entry.value == wanted) for entry in read.picklist_values]
    return replace(read, picklist_values=tuple(values), defaulted_on_create=True)


def _changed(value: Value, known: Field, place: Place) -> Field:
    """A field that is there without the file, with what the file says of it."""
    entries = value.entries(required=("name",), optional=(*OF_STANDARD_FIELDS, "type"))
    if "type" in entries:
        message = f"{known.name} is there already, as {known.type}. Its type can't be changed."
        entries.report("type", message)
    if known.compound or not (known.createable or known.updateable):
        value.report(f"{known.name} is kept by Salesforce itself: nothing of it can be changed.")
        return known
    changed = replace(
        known,
        label=entries.text("label", known.label),
        help_text=entries.text("help") or known.help_text,
        nillable=not entries.flag("required", default=not known.nillable),
        restricted_picklist=entries.flag("restricted", default=known.restricted_picklist),
    )
    if known.type == "boolean":
        changed = replace(changed, nillable=False)
    if not known.picklist_values and "values" in entries:
        entries.report("values", f"{known.name} is a field of type {known.type} without values.")
        return changed
    meaning = _MEANINGS.get((place.name, known.name), "")
    return _with_default(entries, _with_values(entries, changed, meaning), place)
