"""What the page of an export goal shows: its steps, the table of objects, and its rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from isthmus.connections.goal_troubles import Trouble
from isthmus.connections.known_objects import Known
from isthmus.connections.org_troubles import SHORT, TEXTS
from isthmus.domain.goals import PROFILE_ID, ExportKind, WhenEmpty, WhenTooLong
from isthmus.domain.objects import OBJECTS, SalesforceObject
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.profiles.models import Segment
from isthmus.salesforce import Field
from isthmus.web.conditions.sentences import Teller
from isthmus.web.conditions.words import subjects
from isthmus.web.goal_editor import export_choices, rows, steps
from isthmus.web.goal_editor.desk import Desk
from isthmus.web.goal_editor.export_form import ExportForm, Writes, kind_of
from isthmus.web.goal_editor.problems import Problems
from isthmus.web.goal_editor.rows import Row
from isthmus.web.goal_editor.steps import Step
from isthmus.web.words import State, plural

_PLURALS: Final = {"Lead": "leads", "Contact": "contacts", "Person": "persons"}
_HEADS: Final = {
    Writes.UPDATE: "Update only",
    Writes.BOTH: "Create and update",
    Writes.CREATE: "Create only",
    Writes.NEITHER: "Nothing",
}
OFFERED: Final = (Writes.UPDATE, Writes.BOTH, Writes.CREATE)
NO_PERSONS: Final = (
    "Person accounts can be updated from here, never created. Create them in Salesforce, or send "
    "leads and convert them there."
)
_SENTENCE: Final = 200


def warned_state(number: int) -> State:
    """So many things that are worth knowing."""
    return State(kind="warn", icon="warn", word=plural(number, "warning"))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A cell of the table of object and creating."""

    value: str
    head: str
    word: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class ObjectRow:
    """An object in that table."""

    name: str
    said: str
    choices: Sequence[Choice]
    blocked: str = ""  # why its records can't be created
    off: str = ""  # why it can't be chosen at all


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A mapping row as the page draws it."""

    number: int
    label: str = "New row"
    value: str = ""
    field: str = ""
    when_empty: str = "leave"
    when_too_long: str = "report"
    separator: str = ""
    text: str = ""
    is_text: bool = False
    is_list: bool = False
    joined_by: str = ""  # what separates a list's values where the row says nothing
    can_cut: int = 0  # the field's length, where a longer text may be cut
    errors: Sequence[str] = ()
    warnings: Sequence[str] = ()
    hints: Sequence[str] = ()

    @property
    def controls(self) -> frozenset[str]:
        """The controls that not every row has."""
        there = {"text": self.is_text, "separator": self.is_list, "when_too_long": self.can_cut}
        return frozenset(name for name, shown in there.items() if shown)


@dataclass(frozen=True, kw_only=True)
class SegmentChoice:
    """A segment that can be chosen."""

    key: str
    name: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Draws the page of an export goal."""

    desk: Desk
    form: ExportForm

    @property
    def known(self) -> Known | None:
        """What is known of the object that is written."""
        return self.desk.objects.known(self.form.object)

    def page(self, problems: Problems) -> dict[str, Any]:
        """Everything that the page shows."""
        properties = self.desk.properties.values()
        goal = self.form.goal(self.desk)
        return {
            "steps": list(self.steps(problems)),
            "objects": self.desk.objects,
            "known": self.known,
            "object_rows": list(self.object_rows()),
            "object_errors": self._object_errors(problems),
            "segments": self.segments(),
            "segment_key": self.form.segment if self.form.segment in self.desk.segments else "",
            "segment_errors": problems.at("segment"),
            "match_row": self.form.match,
            "match_label": self.matched(),
            "match_errors": problems.under("match"),
            "match_warnings": problems.warned("match"),
            "map_errors": problems.missing("fields", begun=False),
            "map_rows": list(self.mapped(self.form, problems)),
            "lacking": problems.warned("create_records"),
            "value_options": export_choices.value_options(properties),
            "identifier_options": export_choices.identifier_options(properties),
            "writable_options": export_choices.writable_options(self.known, goal),
            "findable_options": export_choices.findable_options(self.known),
            "whens": [(WhenEmpty.LEAVE.value, "Leave"), (WhenEmpty.CLEAR.value, "Clear")],
            "next_row": rows.next_number(self.form.rows),
            "blank_row": Shown(number=0),
            "suggestions": self.form.suggestions,
            "is_new": self.desk.there is None,
        }

    def _object_errors(self, problems: Problems) -> list[str]:
        places = ("export", "create_records", "update_records")
        return [said for place in places for said in problems.at(place)]

    def segments(self) -> list[SegmentChoice]:
        """The segments, each with its conditions in a line."""
        known = self.desk.properties
        hidden = frozenset(
            f"property:{each.key}"
            for each in known.values()
            if (each.personal or each.identifier) and not self.desk.sees_personal_data
        )
        teller = Teller(subjects=subjects(known), hidden=hidden)
        return [
            SegmentChoice(
                key=each.key, name=each.name, sentence=teller.all_of(each.conditions)[:_SENTENCE]
            )
            for each in Segment.objects.order_by("name", "id")
        ]

    def steps(self, problems: Problems) -> Iterator[Step]:
        """The four steps, with what was chosen in each."""
        form, is_new = self.form, self.desk.there is None
        state = steps.state(len(problems.at("segment")), begun=bool(form.segment))
        yield Step(
            number=1,
            key="segment",
            title="Segment",
            said=self.desk.segments.get(form.segment, form.segment),
            state=state,
            is_open=True,
            template="web/goal_editor/export_segment.html",
        )
        state = steps.state(len(self._object_errors(problems)), begun=True)
        yield Step(
            number=2,
            key="object",
            title="Object and creating",
            said=f"{form.object}, {_HEADS[form.writes].lower()}",
            state=state,
            is_open=is_new or state is not steps.COMPLETE,
            template="web/goal_editor/export_object.html",
        )
        state = steps.state(len(problems.under("match")), begun=not form.match.is_blank)
        yield Step(
            number=3,
            key="match",
            title="Match",
            said=self.matched() if not form.match.is_blank else "",
            state=state,
            is_open=is_new or state is not steps.COMPLETE,
            template="web/goal_editor/export_match.html",
        )
        yield self._map_step(problems)

    def _map_step(self, problems: Problems) -> Step:
        mapped = sum(not row.is_blank for row in self.form.rows)
        bad = len(rows_with(problems.troubles)) + len(problems.at("fields"))
        warned = len(rows_with(problems.warnings)) + len(problems.warned("create_records"))
        state = steps.state(bad, begun=mapped > 0)
        if state is steps.COMPLETE and warned:
            state = warned_state(warned)
        return Step(
            number=4,
            key="map",
            title="Map",
            said=plural(mapped, "row") + self._required(problems),
            state=state,
            is_open=True,
            template="web/goal_editor/export_map.html",
        )

    def _required(self, problems: Problems) -> str:
        if not self.form.writes.creates or self.known is None:
            return ""
        lacking = problems.warned("create_records")
        return "" if lacking else " \u00b7 all required fields are there"

    def matched(self) -> str:
        """What is compared, in words."""
        return self._called(self.form.match.get("identifier"), self.form.match.get("field"), "is")

    def object_rows(self) -> Iterator[ObjectRow]:
        """The table of objects and of creating."""
        for name, of in OBJECTS.items():
            chosen = self.form.object == name
            columns = [each for each in OFFERED if of.can_create or not each.creates]
            yield ObjectRow(
                name=name,
                said=self._records(name, of),
                choices=[
                    Choice(
                        value=f"{name}:{each}",
                        head=_HEADS[each],
                        word=_word(each, name),
                        chosen=chosen and self.form.writes is each,
                    )
                    for each in columns
                ],
                blocked="" if of.can_create else NO_PERSONS,
                off="" if chosen else self.desk.objects.reasons.get(name, ""),
            )

    def _records(self, name: str, of: SalesforceObject) -> str:
        counted = self.desk.objects.records.get(name)
        through = f"written through {of.sobject}" if of.sobject != name else ""
        said = f"{counted:,} in the org" if counted is not None else ""
        return ", ".join(filter(None, [said, through]))

    def mapped(self, form: ExportForm, problems: Problems) -> Iterator[Shown]:
        """The rows of step 4."""
        errors = by_row(problems.troubles)
        warnings = by_row(problems.warnings)
        places = {row.number: place for place, row in rows.places(form.rows)}
        for row in form.rows:
            place = places.get(row.number, -1)
            yield self.row(row, errors.get(place, ()), warnings.get(place, ()))

    def row(self, row: Row, errors: Sequence[str], warnings: Sequence[str]) -> Shown:
        """A row of step 4, with what there is to say of it."""
        kind, field = kind_of(row), self.field(row.get("field"))
        source = self.desk.properties.get(row.get("value"))
        is_list = source is not None and source.list
        joined_by = ";" if field and field.type == "multipicklist" else "|"
        return Shown(
            number=row.number,
            label=self._called(row.get("value"), row.get("field"), "to"),
            value=row.get("value"),
            field=row.get("field"),
            when_empty=row.get("when_empty") or WhenEmpty.LEAVE.value,
            when_too_long=row.get("when_too_long") or WhenTooLong.REPORT.value,
            separator=row.values.get("separator", ""),
            text=row.values.get("text", ""),
            is_text=kind is ExportKind.TEXT,
            is_list=is_list or bool(row.values.get("separator")),
            joined_by=joined_by,
            can_cut=_length(field, source, cuts=row.get("when_too_long") == WhenTooLong.CUT),
            errors=errors,
            warnings=warnings,
        )

    def field(self, name: str) -> Field | None:
        """What is known of a field."""
        return self.known.description.fields.get(name.lower()) if self.known else None

    def _called(self, value: str, name: str, word: str) -> str:
        """A row in words."""
        field, definition = self.field(name), self.desk.properties.get(value)
        first = definition.label if definition else value
        if value == PROFILE_ID:
            first = "Profile identifier"
        second = field.label if field else name
        return f"{first or 'Nothing yet'} {word} {second or 'no field yet'}"


def _word(writes: Writes, name: str) -> str:
    words = {Writes.UPDATE: "Update", Writes.CREATE: "Create"}
    return words.get(writes, f"Allow creating new {_PLURALS[name]}")


def _length(field: Field | None, source: PropertyDefinition | None, *, cuts: bool) -> int:
    """How many characters the field takes, where what is sent may well be a longer text."""
    if field is None or field.type not in TEXTS or not field.length:
        return 0
    if source is None or not (source.type is PropertyType.TEXT or source.list):
        return 0
    return field.length if cuts or field.length < SHORT else 0


def by_row(troubles: Sequence[Trouble]) -> Mapping[int, list[str]]:
    """What is said of each row, by its place."""
    found: dict[int, list[str]] = {}
    for each in troubles:
        if len(each.path) > 1 and each.path[0] == "fields" and isinstance(each.path[1], int):
            found.setdefault(each.path[1], []).append(each.message)
    return found


def rows_with(troubles: Sequence[Trouble]) -> set[int]:
    """Places of the rows that something is said of."""
    return set(by_row(troubles))
