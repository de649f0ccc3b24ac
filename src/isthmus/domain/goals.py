"""What an import or an export goal does, apart from when and for which connection."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from isthmus.domain import properties
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import OBJECTS, SalesforceObject

PROFILE_ID = properties.PROFILE_ID
"""The profile's own id, where an identifier is asked for."""

OBJECT_TYPE_PROPERTY = "salesforce_objecttype"
OBJECT_TYPE_LABEL = "Salesforce Objecttype"


class WhenEmpty(StrEnum):
    """What an export does to a Salesforce field whose value here is empty."""

    LEAVE = "leave"
    CLEAR = "clear"


class WhenTooLong(StrEnum):
    """What an export does with a text that is longer than the Salesforce field."""

    REPORT = "report"
    CUT = "cut"


class ExportKind(StrEnum):
    """Where the value of an export row comes from."""

    PROPERTY = "property"
    IDENTIFIER = "identifier"
    TEXT = "text"


class OnMerge(StrEnum):
    """What an import does where two records became one and each has a profile of its own."""

    MERGE = "merge"
    REVIEW = "review"  # both are left as they are, and a person is told


class ObjectTypeOnDelete(StrEnum):
    """What becomes of the object's name in a profile whose last record of it was deleted."""

    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True)
class MatchRow:
    """A Salesforce field that is compared with an identifier."""

    field: str  # API name; may be a path to a parent's field for an import
    identifier: str  # key of an identifier property, or `profile_id` for an export


@dataclass(frozen=True, kw_only=True)
class ImportField:
    """A mapping row: this field goes into this property by this rule."""

    field: str  # API name, or a path to a parent's field such as `Owner.Name`
    property: str  # key
    rule: MergeRule = MergeRule.SET
    keep_when_empty: bool = False  # for set: an empty value leaves the property as it is


@dataclass(frozen=True, kw_only=True)
class ImportGoal:
    """Records of one object into profiles."""

    key: str
    name: str
    object: SalesforceObject
    match: tuple[MatchRow, ...]
    fields: tuple[ImportField, ...] = ()
    create_profiles: bool = False
    object_type_property: str = OBJECT_TYPE_PROPERTY
    object_type_on_delete: ObjectTypeOnDelete = ObjectTypeOnDelete.KEEP
    on_merge: OnMerge = OnMerge.MERGE
    filter: Mapping[str, Any] | None = field(default=None, hash=False)  # as JSON; see `filters`
    active: bool = True

    def gains_anyway(self, row: ImportField) -> bool:
        """Whether matching does what the row asks for: a profile gains what it is matched by."""
        return row.rule in (MergeRule.ADD, MergeRule.SET_IF_EMPTY) and any(
            match.identifier == row.property and match.field.lower() == row.field.lower()
            for match in self.match
        )

    def plain(self) -> dict[str, Any]:
        """The goal as JSON keeps it."""
        # Hundreds of rows are copied by hand, as `asdict` takes ten times as long for them.
        rows = {"match": self.match, "fields": self.fields}
        return {
            **deepcopy({name: value for name, value in vars(self).items() if name not in rows}),
            **{name: tuple(dict(vars(row)) for row in these) for name, these in rows.items()},
            "object": self.object.name,
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """The goal that `plain()` wrote down, in this version or an earlier one."""
        on_delete = plain.get("object_type_on_delete", ObjectTypeOnDelete.KEEP)
        return cls(
            **{
                **plain,
                "object": OBJECTS[plain["object"]],
                "object_type_on_delete": ObjectTypeOnDelete(on_delete),
                "on_merge": OnMerge(plain.get("on_merge", OnMerge.MERGE)),
                "match": tuple(MatchRow(**row) for row in plain["match"]),
                "fields": tuple(
                    ImportField(**{**row, "rule": MergeRule(row["rule"])})
                    for row in plain["fields"]
                ),
            }
        )


@dataclass(frozen=True, kw_only=True)
class ExportField:
    """A mapping row: this value goes into this Salesforce field."""

    field: str  # API name
    kind: ExportKind
    value: str = PROFILE_ID  # a property's key, `profile_id`, or the text itself
    when_empty: WhenEmpty = WhenEmpty.LEAVE
    when_too_long: WhenTooLong = WhenTooLong.REPORT
    separator: str | None = None  # between a list's values; by the field's type where None


@dataclass(frozen=True, kw_only=True)
class ExportGoal:
    """Profiles of one segment into records of one object."""

    key: str
    name: str
    object: SalesforceObject
    segment: str  # key
    match: MatchRow
    fields: tuple[ExportField, ...] = field(default=())
    create_records: bool = False
    update_records: bool = True  # false: records that are there are left alone
    active: bool = True

    def plain(self) -> dict[str, Any]:
        """The goal as JSON keeps it."""
        return {**asdict(self), "object": self.object.name}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """The goal that `plain()` wrote down."""
        return cls(
            **{
                **plain,
                "object": OBJECTS[plain["object"]],
                "match": MatchRow(**plain["match"]),
                "fields": tuple(_export_field(row) for row in plain["fields"]),
            }
        )


def _export_field(row: dict[str, Any]) -> ExportField:
    return ExportField(
        **{
            **row,
            "kind": ExportKind(row["kind"]),
            "when_empty": WhenEmpty(row["when_empty"]),
            "when_too_long": WhenTooLong(row["when_too_long"]),
        }
    )
