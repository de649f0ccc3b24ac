"""What is wrong with a goal beside what the org has and shows to the connection's user.

Pure over descriptions. The sentences are said where a goal is saved, by `connection check`, and by
the run that would have begun; what only may go wrong with single values is a warning.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from isthmus.connections.goal_troubles import Goal, Path, Trouble
from isthmus.connections.org_fields import UNREADABLE, Describe, find, near, parts
from isthmus.domain.filters import (
    Filter,
    FilterError,
    FilterField,
    moves_with_time,
    named_fields,
    outline,
    parse,
    soql,
)
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportGoal,
    WhenTooLong,
)
from isthmus.domain.objects import PERSON
from isthmus.domain.properties import IDENTIFIER_LENGTH, PropertyDefinition, PropertyType
from isthmus.domain.segments.calendar import Calendar
from isthmus.salesforce import Field, NotFound, NotPermitted, ObjectDescription

PROFILE_ID_LENGTH = 36
SHORT = 255
"""Fields that take fewer characters than this are too short for many a text."""

TEXTS = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "combobox", "encryptedstring"}
)
_WHOLE = frozenset({"int", "long"})
_NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})
_DATES = frozenset({"date", "datetime"})
_PICKLISTS = frozenset({"picklist", "multipicklist"})
_ANY_TEXT = TEXTS | {"multipicklist", "id", "reference", "time"}

_FITTING: Mapping[PropertyType, frozenset[str]] = {
    PropertyType.INTEGER: _WHOLE,
    PropertyType.DECIMAL: _NUMBERS,
    PropertyType.BOOLEAN: frozenset({"boolean"}),
    PropertyType.DATE: _DATES,
    PropertyType.DATETIME: _DATES,
    PropertyType.EMAIL: frozenset({"email"}),
}
"""Types of fields of which each value is one of the property's type."""

_PERHAPS: Mapping[PropertyType, frozenset[str]] = {
    PropertyType.INTEGER: _NUMBERS | _ANY_TEXT,
    PropertyType.DECIMAL: _ANY_TEXT,
    PropertyType.BOOLEAN: _ANY_TEXT,
    PropertyType.DATE: _ANY_TEXT,
    PropertyType.DATETIME: _ANY_TEXT,
    PropertyType.EMAIL: _ANY_TEXT,
}
"""Types of fields of which some values may be one of the property's type."""

_KINDS: Mapping[PropertyType, str] = {
    PropertyType.INTEGER: "whole numbers",
    PropertyType.DECIMAL: "numbers",
    PropertyType.BOOLEAN: "true or false",
    PropertyType.DATE: "dates",
    PropertyType.DATETIME: "dates and times",
    PropertyType.EMAIL: "e-mail addresses",
}

_TAKEN: Mapping[str, frozenset[PropertyType]] = {
    "boolean": frozenset({PropertyType.BOOLEAN, PropertyType.TEXT}),
    **dict.fromkeys(
        _NUMBERS, frozenset({PropertyType.INTEGER, PropertyType.DECIMAL, PropertyType.TEXT})
    ),
    **dict.fromkeys(
        _DATES, frozenset({PropertyType.DATE, PropertyType.DATETIME, PropertyType.TEXT})
    ),
    "email": frozenset({PropertyType.EMAIL, PropertyType.TEXT}),
}
"""Types of properties of which an exported value may be one that the field takes."""


@dataclass(frozen=True, kw_only=True)
class Org:
    """What a goal is looked at beside."""

    describe: Describe
    properties: Mapping[str, PropertyDefinition]  # of the store, by key
    read_before: Collection[str] = field(default=())
    """Lower-case names of fields that the goal has read: one that is gone leaves its properties as
    they are, which is no reason to stop."""


def troubles_of(goal: Goal, org: Org) -> list[Trouble]:
    """Everything for which the goal can't work in this org."""
    description = _described(goal, org)
    if isinstance(description, Trouble):
        return [description]
    if isinstance(goal, ImportGoal):
        return list(_of_import(goal, description, org))
    return list(_of_export(goal, description))


def warnings_of(goal: Goal, org: Org) -> list[Trouble]:
    """What may go wrong with single records, and what is easily overlooked."""
    description = _described(goal, org)
    if isinstance(description, Trouble):
        return []
    if isinstance(goal, ImportGoal):
        return list(_warn_of_import(goal, org))
    return list(_warn_of_export(goal, description, org))


def can_match(of: Field) -> bool:
    """Whether an export can find a record by the field."""
    return of.type in ("id", "email") or of.external_id or of.id_lookup


def gone(name: str, key: str) -> str:
    """What becomes of a property whose field was read before and is there no more."""
    return (
        f"{name} is no longer there or no longer shown to this user; property {key!r} is left as "
        f"it is."
    )


def is_writable(goal: ExportGoal, of: Field) -> bool:
    """Whether the goal can write the field at all."""
    return not _unwritable(goal, of)


def writes_with(goal: ExportGoal, of: Field) -> tuple[bool, bool]:
    """Whether the goal sends the field with new records, and with those that are there."""
    return goal.create_records and of.createable, goal.update_records and of.updateable


def required(goal: ExportGoal, description: ObjectDescription) -> list[Field]:
    """Fields that a new record must have, where the goal creates records."""
    if not goal.create_records:
        return []
    # A checkbox that is not told anything is false.
    fields = (each for each in description.fields.values() if each.type != "boolean")
    return [each for each in fields if each.required_on_create]


def _described(goal: Goal, org: Org) -> ObjectDescription | Trouble:
    """The object, or why the goal can't have it."""
    path = ("import" if isinstance(goal, ImportGoal) else "export",)
    sobject = goal.object.sobject
    try:
        description = org.describe(sobject)
    except (NotFound, NotPermitted):
        return Trouble(
            path=path,
            message=f"The connection's user can't see {sobject} in this org. Choose another "
            f"object, or ask the Salesforce administrator for the right to it.",
        )
    if goal.object is PERSON and "ispersonaccount" not in description.fields:
        return Trouble(
            path=path,
            message="This org has no person accounts. Choose Lead or Contact, or have person "
            "accounts enabled in Salesforce.",
        )
    return description


def _of_import(goal: ImportGoal, description: ObjectDescription, org: Org) -> Iterator[Trouble]:
    yield from _filter(goal, org)
    for place, row in enumerate(goal.match):
        yield from _unreadable(("match", place, "field"), row.field, description, org)
    for place, mapped in enumerate(goal.fields):
        if mapped.field.lower() not in org.read_before:
            yield from _unreadable(("fields", place, "field"), mapped.field, description, org)


def filter_of(goal: ImportGoal, describe: Describe) -> Filter | str:
    """The goal's filter over the fields of the org. Raises `FilterError`."""

    def field_of(name: str) -> FilterField:
        found = find(describe, goal.object.sobject, name)
        if found is None:
            raise FilterError(no_field(describe(goal.object.sobject), name))
        of = found.field
        return FilterField(name=of.name, type=of.type, filterable=of.filterable)

    return parse(goal.filter, field_of)


def filter_soql(goal: ImportGoal, describe: Describe, now: datetime, timezone: str) -> str:
    """The goal's filter as the condition of a WHERE, with days counted from `now`.

    A record that is gone is let through whatever is in its fields by then: it may be one that was
    taken over before. Raises `FilterError`.
    """
    tree = filter_of(goal, describe)
    gone = ["IsDeleted = true", *(["IsConverted = true"] if goal.object.converts else [])]
    return f"({' OR '.join([*gone, soql(tree, Calendar.at(now, timezone))])})"


def _filter(goal: ImportGoal, org: Org) -> Iterator[Trouble]:
    if goal.filter is None:
        return
    try:
        outline(goal.filter)
    except FilterError:
        return  # said of the goal by itself
    try:
        filter_of(goal, org.describe)
    except FilterError as error:
        yield Trouble(path=("filter", *error.path), message=str(error))


def _warn_of_filter(goal: ImportGoal, org: Org) -> Iterator[Trouble]:
    try:
        tree = filter_of(goal, org.describe) if goal.filter is not None else ""
    except FilterError:
        return
    if not isinstance(tree, str) and moves_with_time(tree):
        yield Trouble(
            path=("filter",),
            message="Records that begin to match only because time goes by are read when they "
            "change next, or when everything is read again.",
        )
    for name in dict.fromkeys(named_fields(goal.filter)):
        found = find(org.describe, goal.object.sobject, name)
        if found and (found.parents or found.field.calculated):
            yield Trouble(
                path=("filter",),
                message=f"{name} can change without a new stamp of the record. A record that "
                f"begins to match by that alone is read when it changes next, or when everything "
                f"is read again.",
            )


def _unreadable(
    path: Path, name: str, description: ObjectDescription, org: Org
) -> Iterator[Trouble]:
    found = find(org.describe, description.name, name)
    if found is None:
        yield Trouble(path=path, message=no_field(description, name))
    elif found.field.type in UNREADABLE:
        use = ", ".join(parts(description, found.field)) or "another field"
        yield Trouble(
            path=path,
            message=f"Field {name!r} can't be read in bulk (its type is {found.field.type}). "
            f"Use {use}.",
        )


def no_field(description: ObjectDescription, name: str) -> str:
    """What is said of a field that the object has not, as far as the user sees."""
    meant = near(name, description.fields.values())
    return (
        f"{description.name} has no field {name!r}, or does not show it to this user.{meant} "
        f"Choose another, or ask the Salesforce administrator for the right to it."
    )


def _of_export(goal: ExportGoal, description: ObjectDescription) -> Iterator[Trouble]:
    matched = description.fields.get(goal.match.field.lower())
    path: Path = ("match", "field")
    if matched is None:
        yield Trouble(path=path, message=no_field(description, goal.match.field))
    elif not can_match(matched):
        offered = [each.name for each in description.fields.values() if can_match(each)]
        yield Trouble(
            path=path,
            message=f"A record can't be found by field {matched.name!r}: only by its Id, an "
            f"external id, an e-mail, or a lookup field. Here these are {', '.join(offered)}.",
        )
    for place, row in enumerate(goal.fields):
        yield from _not_sent(("fields", place, "field"), row, goal, description)


def _not_sent(
    path: Path, row: ExportField, goal: ExportGoal, description: ObjectDescription
) -> Iterator[Trouble]:
    found = description.fields.get(row.field.lower())
    if found is None:
        yield Trouble(path=path, message=no_field(description, row.field))
        return
    reason = _unwritable(goal, found)
    if reason:
        writable = [each for each in description.fields.values() if is_writable(goal, each)]
        hint = near(row.field, writable, "Writable fields with near names")
        yield Trouble(path=path, message=f"Field {found.name!r} can't be written: {reason}.{hint}")


def _unwritable(goal: ExportGoal, of: Field) -> str:
    """Why the goal can't write the field; empty where it can."""
    if any(writes_with(goal, of)):
        return ""
    reasons = (
        (of.createable, "this user can set it in new records only, and this goal only updates"),
        (of.updateable, "this user can change it in records that are there, and none is updated"),
        (of.calculated, "it is a formula, which Salesforce works out"),
        (of.auto_number, "Salesforce numbers it by itself"),
        (of.type in UNREADABLE, f"its type is {of.type}, and only its parts can be"),
    )
    otherwise = "it is a system field, or this user has no right to edit it"
    return next((reason for holds, reason in reasons if holds), otherwise)


def _warn_of_import(goal: ImportGoal, org: Org) -> Iterator[Trouble]:
    yield from _warn_of_filter(goal, org)
    for place, row in enumerate(goal.fields):
        found = find(org.describe, goal.object.sobject, row.field)
        if found is None:
            if row.field.lower() in org.read_before:
                message = gone(row.field, row.property)
                yield Trouble(path=("fields", place, "field"), message=message)
            continue
        if found.field.calculated:
            yield _formula(place, found.field)
        target = org.properties.get(row.property)
        if target:
            yield from _clash(("fields", place, "property"), found.field, target)
    for place, match in enumerate(goal.match):
        found = find(org.describe, goal.object.sobject, match.field)
        target = org.properties.get(match.identifier)
        if found and target:
            yield from _clash(("match", place, "identifier"), found.field, target)


def _formula(place: int, of: Field) -> Trouble:
    return Trouble(
        path=("fields", place, "field"),
        message=f"{of.name} is a formula or a roll-up. When only its result changes, the record "
        f"gets no new stamp, so that the change comes with the record's next one, or when "
        f"everything is read again.",
    )


def _clash(path: Path, of: Field, target: PropertyDefinition) -> Iterator[Trouble]:
    """Values of the field that the property can't hold: each is a problem of its record."""
    if target.identifier and of.type in TEXTS and of.length > IDENTIFIER_LENGTH:
        yield Trouble(
            path=path,
            message=f"{of.name} takes up to {of.length:,} characters, and an identifier at most "
            f"{IDENTIFIER_LENGTH}: longer values will be reported as problems.",
        )
    if target.type is PropertyType.TEXT or of.type in _FITTING[target.type]:
        return
    holds = f"{of.name} ({of.type}) goes into property {target.key!r}, which takes only"
    kind = _KINDS[target.type]
    if of.type in _PERHAPS[target.type]:
        message = f"{holds} {kind}: every other value will be reported as a problem."
    else:
        message = (
            f"{holds} {kind}: no value of this field is one, so each will be reported as a "
            f"problem. Map to a property of another type."
        )
    yield Trouble(path=path, message=message)


def _warn_of_export(
    goal: ExportGoal, description: ObjectDescription, org: Org
) -> Iterator[Trouble]:
    mapped = {row.field.lower() for row in goal.fields}
    lacking = [each for each in required(goal, description) if each.name.lower() not in mapped]
    if lacking:
        names = ", ".join(each.name for each in lacking)
        yield Trouble(
            path=("create_records",),
            message=f"Salesforce creates no {goal.object.name} without {names}. Map "
            f"{'it' if len(lacking) == 1 else 'them'}, or new records will be refused.",
        )
    for place, row in enumerate(goal.fields):
        found = description.fields.get(row.field.lower())
        if found:
            yield from _of_row(("fields", place, "field"), found, goal)
            yield from _values(("fields", place), row, found, org)


def _of_row(path: Path, of: Field, goal: ExportGoal) -> Iterator[Trouble]:
    """A field that goes out with some records only."""
    new, there = writes_with(goal, of)
    if new and goal.update_records and not there:
        yield Trouble(
            path=path,
            message=f"{of.name} can be set in new records only: it is left out where a record is "
            f"updated.",
        )
    if there and goal.create_records and not new:
        yield Trouble(
            path=path,
            message=f"{of.name} can't be set in new records: it is sent when the record is "
            f"updated for the first time.",
        )


def _values(path: Path, row: ExportField, of: Field, org: Org) -> Iterator[Trouble]:
    source = org.properties.get(row.value) if row.kind is ExportKind.PROPERTY else None
    place = (*path, row.kind.value)
    taken = _TAKEN.get(of.type)
    kind = PropertyType.TEXT if source is None else source.type
    if taken and kind not in taken:
        yield Trouble(
            path=place,
            message=f"{of.name} ({of.type}) takes no {kind}: each value of property "
            f"{row.value!r} will be reported as a problem. Map a property of another type.",
        )
    if row.kind is ExportKind.TEXT and of.type in _PICKLISTS and of.restricted_picklist:
        yield from _not_in_picklist(place, row.value, of)
    yield from _short(path, row, of, source)


def _not_in_picklist(path: Path, text: str, of: Field) -> Iterator[Trouble]:
    allowed = [each.value for each in of.picklist_values if each.active]
    texts = text.split(";") if of.type == "multipicklist" else [text]
    if not set(texts) <= set(allowed):
        yield Trouble(
            path=path,
            message=f"{of.name} takes only {_some(allowed)}; the text {text!r} will be reported "
            f"as a problem.",
        )


def _some(names: Sequence[str], most: int = 20) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _short(
    path: Path, row: ExportField, of: Field, source: PropertyDefinition | None
) -> Iterator[Trouble]:
    """A field that is too short for what is sent, or may be."""
    if of.type not in TEXTS or not of.length:
        return
    cut = row.when_too_long is WhenTooLong.CUT
    then = "cut" if cut else "reported as a problem"
    length = {ExportKind.TEXT: len(row.value), ExportKind.IDENTIFIER: PROFILE_ID_LENGTH}
    if row.kind in length and length[row.kind] > of.length:
        yield Trouble(
            path=(*path, row.kind.value),
            message=f"{of.name} takes at most {of.length:,} characters, and this row sends "
            f"{length[row.kind]:,}: it will be {then}.",
        )
    is_text = source is not None and source.type is PropertyType.TEXT
    if is_text and of.length < SHORT and not cut and of.type not in _PICKLISTS:
        yield Trouble(
            path=(*path, "property"),
            message=f"{of.name} takes at most {of.length:,} characters: a longer value will be "
            f"reported as a problem, unless the row cuts it (when_too_long: cut).",
        )
