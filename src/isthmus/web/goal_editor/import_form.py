"""The form of an import goal: what was typed, and the goal that it describes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self, TypeVar

from django.core.exceptions import BadRequest

from isthmus.connections.goal_troubles import Trouble
from isthmus.domain.goals import (
    OBJECT_TYPE_PROPERTY,
    ImportField,
    ImportGoal,
    MatchRow,
    ObjectTypeOnDelete,
    OnMerge,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import OBJECTS
from isthmus.web.goal_editor import rows
from isthmus.web.goal_editor.desk import Desk
from isthmus.web.goal_editor.filter_form import FilterForm
from isthmus.web.goal_editor.rows import Row

MATCH, MAP, SUGGESTED = "m", "r", "s"
"""Kinds of rows, as their controls are named."""

NO_FIELD = "Choose a field."
NO_IDENTIFIER = "Choose an identifier."
NO_PROPERTY = "Choose a property, or make one."


@dataclass(kw_only=True)
class ImportForm:
    """What was typed in the page of an import goal."""

    name: str
    object: str
    active: bool = True
    create_profiles: bool = False
    object_type_property: str = OBJECT_TYPE_PROPERTY
    object_type_on_delete: ObjectTypeOnDelete = ObjectTypeOnDelete.KEEP
    on_merge: OnMerge = OnMerge.MERGE
    match: list[Row] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    filter: FilterForm = field(default_factory=FilterForm)
    suggested: list[Row] | None = None  # None: nobody asked

    @classmethod
    def opened(cls, goal: ImportGoal) -> Self:
        """The form of a goal."""
        return cls(
            name=goal.name,
            object=goal.object.name,
            active=goal.active,
            create_profiles=goal.create_profiles,
            filter=FilterForm.opened(goal.filter),
            object_type_property=goal.object_type_property,
            object_type_on_delete=goal.object_type_on_delete,
            on_merge=goal.on_merge,
            match=rows.numbered(
                [{"field": each.field, "identifier": each.identifier} for each in goal.match]
            ),
            rows=rows.numbered([_typed(each) for each in goal.fields]),
        )

    @classmethod
    def posted(cls, given: Mapping[str, Any]) -> Self:
        """The form as it was sent. Raises `BadRequest` for choices that no page offers."""
        name = str(given.get("object", ""))
        if name not in OBJECTS:
            raise BadRequest
        return cls(
            name=str(given.get("name", "")).strip(),
            object=name,
            active=given.get("active") == "on",
            filter=FilterForm.posted(given),
            create_profiles=given.get("create_profiles") == "on",
            object_type_property=str(given.get("object_type_property", "")).strip()
            or OBJECT_TYPE_PROPERTY,
            object_type_on_delete=choice(
                ObjectTypeOnDelete, given.get("object_type_on_delete"), ObjectTypeOnDelete.KEEP
            ),
            on_merge=choice(OnMerge, given.get("on_merge"), OnMerge.MERGE),
            match=rows.read(given, MATCH),
            rows=rows.read(given, MAP),
            suggested=rows.read(given, SUGGESTED) or None,
        )

    def goal(self, desk: Desk) -> ImportGoal:
        """The goal that the form describes; what the form does not show stays as it is stored."""
        there = desk.there.definition if desk.there else None
        base = there if isinstance(there, ImportGoal) else self._first(desk)
        return replace(
            base,
            name=self.name,
            active=self.active,
            object=OBJECTS[self.object],
            filter=self.filter.plain(desk.objects.known(self.object)),
            create_profiles=self.create_profiles,
            object_type_property=self.object_type_property,
            object_type_on_delete=self.object_type_on_delete,
            on_merge=self.on_merge,
            match=tuple(
                MatchRow(field=row.get("field"), identifier=row.get("identifier"))
                for _, row in rows.places(self.match)
            ),
            fields=tuple(import_field(row) for _, row in rows.places(self.rows)),
        )

    def _first(self, desk: Desk) -> ImportGoal:
        return ImportGoal(key=desk.key, name=self.name, object=OBJECTS[self.object], match=())

    def gaps(self, desk: Desk) -> list[Trouble]:
        """What is still to be chosen."""
        return [
            *self.filter.gaps(desk.objects.known(self.object)),
            *_gaps("match", self.match, {"field": NO_FIELD, "identifier": NO_IDENTIFIER}),
            *_gaps("fields", self.rows, {"field": NO_FIELD, "property": NO_PROPERTY}),
        ]


def _typed(row: ImportField) -> dict[str, str]:
    keeps = {"keep": "on"} if row.keep_when_empty else {}
    return {"field": row.field, "property": row.property, "rule": row.rule.value, **keeps}


def import_field(row: Row) -> ImportField:
    """What a row says. Raises `BadRequest` for a rule that there is not."""
    return ImportField(
        field=row.get("field"),
        property=row.get("property"),
        rule=choice(MergeRule, row.get("rule"), MergeRule.SET),
        keep_when_empty=row.get("keep") == "on",
    )


def _gaps(part: str, typed: Sequence[Row], words: Mapping[str, str]) -> list[Trouble]:
    return [
        Trouble(path=(part, place, name), message=said)
        for place, row in rows.places(typed)
        for name, said in words.items()
        if not row.get(name)
    ]


E = TypeVar("E", bound=StrEnum)


def choice(kind: type[E], given: Any, otherwise: E) -> E:
    """The choice of that name. Raises `BadRequest` for one that no page offers."""
    if not given:
        return otherwise
    try:
        return kind(given)
    except ValueError as error:
        raise BadRequest from error
