"""The form of an export goal: what was typed, and the goal that it describes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Self

from django.core.exceptions import BadRequest

from isthmus.connections.goal_troubles import Trouble
from isthmus.domain.goals import (
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    MatchRow,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.domain.objects import OBJECTS
from isthmus.web.goal_editor import rows
from isthmus.web.goal_editor.desk import Desk
from isthmus.web.goal_editor.import_form import choice
from isthmus.web.goal_editor.rows import Row

MAP: Final = "r"
"""Rows of the mapping, as their controls are named."""

TEXT_VALUE: Final = "text value"
"""Stands where a property's key does. No key has a blank."""

NO_FIELD: Final = "Choose a field."
NO_VALUE: Final = "Choose what is sent: a property, the profile identifier, or a text."
NO_IDENTIFIER: Final = "Choose an identifier."
NO_SEGMENT: Final = "Choose the segment whose members go."


class Writes(StrEnum):
    """What the goal does to records: a column of the page's table."""

    UPDATE = "update"
    BOTH = "both"
    CREATE = "create"
    NEITHER = "neither"  # which no page offers, and every surface refuses

    @property
    def creates(self) -> bool:
        """Whether records are made for profiles that have none."""
        return self in (Writes.BOTH, Writes.CREATE)

    @property
    def updates(self) -> bool:
        """Whether records that are there are changed."""
        return self in (Writes.BOTH, Writes.UPDATE)

    @classmethod
    def of(cls, goal: ExportGoal) -> "Writes":
        """What a goal does."""
        if not goal.update_records:
            return cls.CREATE if goal.create_records else cls.NEITHER
        return cls.BOTH if goal.create_records else cls.UPDATE


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A value and a field that are likely to belong together."""

    value: str  # key of a property
    field: str
    label: str
    field_label: str
    icon: str
    type: str
    field_icon: str
    field_type: str
    why: str

    @property
    def asked(self) -> tuple[str, str]:
        """What buttons ask for that take it."""
        return f"take:{self.value}:{self.field}", "takeall:s"


@dataclass(kw_only=True)
class ExportForm:
    """What was typed in the page of an export goal."""

    name: str
    object: str
    writes: Writes = Writes.BOTH
    active: bool = True
    segment: str = ""
    match: Row = field(default_factory=lambda: Row(number=1))
    rows: list[Row] = field(default_factory=list)
    suggestions: list[Pair] | None = None  # None: nobody has asked for any

    @classmethod
    def opened(cls, goal: ExportGoal) -> Self:
        """The form of a goal."""
        found = {"field": goal.match.field, "identifier": goal.match.identifier}
        return cls(
            name=goal.name,
            object=goal.object.name,
            writes=Writes.of(goal),
            active=goal.active,
            segment=goal.segment,
            match=Row(number=1, values=found),
            rows=rows.numbered([_typed(each) for each in goal.fields]),
        )

    @classmethod
    def posted(cls, given: Mapping[str, Any]) -> Self:
        """The form as it was sent. Raises `BadRequest` for choices that no page offers."""
        name, _, writes = str(given.get("object", "")).partition(":")
        if name not in OBJECTS:
            raise BadRequest
        matching = rows.read(given, "m")
        return cls(
            name=str(given.get("name", "")).strip(),
            object=name,
            writes=choice(Writes, writes, Writes.UPDATE),
            active=given.get("active") == "on",
            segment=str(given.get("segment", "")).strip(),
            match=matching[0] if matching else Row(number=1),
            rows=rows.read(given, MAP),
        )

    def goal(self, desk: Desk) -> ExportGoal:
        """The goal that the form describes; what the form does not show stays as it is stored."""
        there = desk.there.definition if desk.there else None
        base = there if isinstance(there, ExportGoal) else self._first(desk)
        return replace(
            base,
            name=self.name,
            active=self.active,
            object=OBJECTS[self.object],
            create_records=self.writes.creates,
            update_records=self.writes.updates,
            segment=self.segment,
            match=MatchRow(field=self.match.get("field"), identifier=self.match.get("identifier")),
            fields=tuple(export_field(row) for _, row in rows.places(self.rows)),
        )

    def _first(self, desk: Desk) -> ExportGoal:
        return ExportGoal(
            key=desk.key,
            name=self.name,
            object=OBJECTS[self.object],
            segment=self.segment,
            match=MatchRow(field="", identifier=""),
        )

    def gaps(self, desk: Desk) -> list[Trouble]:
        """What is still to be chosen."""
        del desk
        return list(self._gaps())

    def _gaps(self) -> Iterator[Trouble]:
        if not self.segment:
            yield Trouble(path=("segment",), message=NO_SEGMENT)
        if not self.match.get("identifier"):
            yield Trouble(path=("match", "identifier"), message=NO_IDENTIFIER)
        if not self.match.get("field"):
            yield Trouble(path=("match", "field"), message=NO_FIELD)
        for place, row in rows.places(self.rows):
            if not row.get("value"):
                yield Trouble(path=("fields", place, "property"), message=NO_VALUE)
            if not row.get("field"):
                yield Trouble(path=("fields", place, "field"), message=NO_FIELD)


def kind_of(row: Row) -> ExportKind:
    """What kind of value the row sends."""
    named = {TEXT_VALUE: ExportKind.TEXT, PROFILE_ID: ExportKind.IDENTIFIER}
    return named.get(row.get("value"), ExportKind.PROPERTY)


def export_field(row: Row) -> ExportField:
    """What a row says. Raises `BadRequest` for a choice that there is not."""
    kind = kind_of(row)
    value = row.values.get("text", "") if kind is ExportKind.TEXT else row.get("value")
    return ExportField(
        field=row.get("field"),
        kind=kind,
        value=value,
        when_empty=choice(WhenEmpty, row.get("when_empty"), WhenEmpty.LEAVE),
        when_too_long=choice(WhenTooLong, row.get("when_too_long"), WhenTooLong.REPORT),
        separator=row.values.get("separator") or None,
    )


def _typed(row: ExportField) -> dict[str, str]:
    text = {"text": row.value} if row.kind is ExportKind.TEXT else {}
    return {
        "value": TEXT_VALUE if row.kind is ExportKind.TEXT else row.value,
        "field": row.field,
        "when_empty": row.when_empty.value,
        "when_too_long": row.when_too_long.value,
        "separator": row.separator or "",
        **text,
    }
