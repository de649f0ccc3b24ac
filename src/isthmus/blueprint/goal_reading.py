"""Goals as the document writes them."""

import re
from typing import Any

from isthmus.blueprint.documents import Goal
from isthmus.blueprint.nodes import Entries, Value
from isthmus.connections.goal_troubles import identifier_kind_refusal, keep_refusal
from isthmus.domain.field_names import field_refusal
from isthmus.domain.goals import (
    OBJECT_TYPE_PROPERTY,
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
    ObjectTypeOnDelete,
    OnMerge,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import OBJECTS, SalesforceObject
from isthmus.domain.properties import KEY_LENGTH
from isthmus.domain.suggestions import suggestion

_KEY = re.compile(r"[A-Za-z0-9_]+")
_DIRECTIONS = ("import", "export")


def read_key(entries: Entries) -> str:
    """The `key` of a segment, connection or goal."""
    key = entries.text("key")
    if key and not _KEY.fullmatch(key):
        entries.report(
            "key", f"{key!r} is not allowed as a key: use letters (A-Z, a-z), digits and `_` only."
        )
    if len(key) > KEY_LENGTH:
        entries.report(
            "key",
            f"This key has {len(key)} characters; at most {KEY_LENGTH} are allowed. Shorten it: "
            f"the name can be long.",
        )
    return key


def read_goal(value: Value) -> Goal | None:
    """The goal; None, with a problem, where it is neither import nor export."""
    directions = [word for word in _DIRECTIONS if word in value.keys()]  # noqa: SIM118 - a method
    if directions == ["import"]:
        return _import_goal(value)
    if directions == ["export"]:
        return _export_goal(value)
    came = "both import and export" if directions else "neither import nor export"
    value.report(
        f"This goal says {came}. Write one of the two, with its object, such as `import: Lead`."
    )
    return None


def _import_goal(value: Value) -> ImportGoal:
    entries = value.entries(
        required=("key", "import", "match", "fields"),
        optional=(
            "name",
            "active",
            "object_type_property",
            "object_type_on_delete",
            "create_profiles",
            "on_merge",
            "filter",
        ),
    )
    key = read_key(entries)
    return ImportGoal(
        key=key,
        name=entries.text("name", key),
        object=_object(entries, "import"),
        match=tuple(_match_row(each, parents=True) for each in entries.items("match")),
        fields=tuple(_import_field(each) for each in entries.items("fields")),
        create_profiles=entries.flag("create_profiles"),
        object_type_property=entries.text("object_type_property", OBJECT_TYPE_PROPERTY),
        object_type_on_delete=entries.choice("object_type_on_delete", ObjectTypeOnDelete.KEEP),
        on_merge=entries.choice("on_merge", OnMerge.MERGE),
        filter=_filter(entries),
        active=entries.flag("active", default=True),
    )


def _filter(entries: Entries) -> Any:
    if "filter" not in entries:
        return None
    filter_ = entries.values["filter"].plain()
    if filter_ is None:
        entries.report("filter", "Nothing stands here. Write a condition, or leave `filter` out.")
    return filter_


def _export_goal(value: Value) -> ExportGoal:
    entries = value.entries(
        required=("key", "export", "segment", "match", "fields"),
        optional=("name", "active", "create_records", "update_records"),
    )
    key = read_key(entries)
    nowhere = MatchRow(field="", identifier="")
    return ExportGoal(
        key=key,
        name=entries.text("name", key),
        object=_object(entries, "export"),
        segment=entries.text("segment"),
        match=_match_row(entries.values["match"], parents=False) if "match" in entries else nowhere,
        fields=tuple(_export_field(each) for each in entries.items("fields")),
        create_records=entries.flag("create_records"),
        update_records=entries.flag("update_records", default=True),
        active=entries.flag("active", default=True),
    )


def _object(entries: Entries, direction: str) -> SalesforceObject:
    name = entries.text(direction)
    if name and name not in OBJECTS:
        entries.report(direction, f"{name!r} is not known here. {suggestion(name, OBJECTS)}")
    return OBJECTS.get(name, next(iter(OBJECTS.values())))


def _match_row(value: Value, *, parents: bool) -> MatchRow:
    entries = value.entries(required=("field", "identifier"))
    return MatchRow(field=_field(entries, parents=parents), identifier=entries.text("identifier"))


def _import_field(value: Value) -> ImportField:
    entries = value.entries(required=("field", "property"), optional=("rule", "keep_when_empty"))
    rule = entries.choice("rule", MergeRule.SET)
    keep = entries.flag("keep_when_empty")
    if keep and rule is not MergeRule.SET:
        entries.report("keep_when_empty", keep_refusal(rule))
    return ImportField(
        field=_field(entries, parents=True),
        property=entries.text("property"),
        rule=rule,
        keep_when_empty=keep,
    )


def _export_field(value: Value) -> ExportField:
    kinds = [str(kind) for kind in ExportKind]
    entries = value.entries(
        required=("field",), optional=(*kinds, "when_empty", "when_too_long", "separator")
    )
    given = [kind for kind in kinds if kind in entries]
    if len(given) != 1 and entries.values:
        value.report(
            f"This row has {' and '.join(given) or 'no value'} to send. Write exactly one of "
            f"{', '.join(kinds)}."
        )
    kind = ExportKind(given[0]) if given else ExportKind.TEXT
    return ExportField(
        field=_field(entries, parents=False),
        kind=kind,
        value=_export_value(entries, kind),
        when_empty=entries.choice("when_empty", WhenEmpty.LEAVE),
        when_too_long=entries.choice("when_too_long", WhenTooLong.REPORT),
        separator=entries.separator("separator"),
    )


def _export_value(entries: Entries, kind: ExportKind) -> str:
    value = entries.text(kind)
    if kind is ExportKind.IDENTIFIER and value not in ("", PROFILE_ID):
        entries.report(kind, identifier_kind_refusal(value))
    return value


def _field(entries: Entries, *, parents: bool) -> str:
    field = entries.text("field")
    problem = field_refusal(field, parents=parents) if field else None
    if problem:
        entries.report("field", problem)
    return field
