"""Import goals in the editor: object and filter, match, map."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Final

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from isthmus.connections import goal_troubles
from isthmus.connections.known_objects import Known
from isthmus.connections.models import IMPORT
from isthmus.domain.goals import (
    OBJECT_TYPE_LABEL,
    OBJECT_TYPE_PROPERTY,
    ImportGoal,
    ObjectTypeOnDelete,
    OnMerge,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import OBJECTS
from isthmus.domain.properties import PropertyType
from isthmus.salesforce import Field
from isthmus.web.goal_editor import (
    choices,
    filter_checking,
    filter_form,
    notes,
    rows,
    steps,
    suggesting,
)
from isthmus.web.goal_editor.desk import Definition, Desk
from isthmus.web.goal_editor.editing import Kind
from isthmus.web.goal_editor.import_form import MATCH, ImportForm
from isthmus.web.goal_editor.objects import Objects
from isthmus.web.goal_editor.patterns import Pattern
from isthmus.web.goal_editor.problems import Problems, rows_of
from isthmus.web.goal_editor.rows import Row
from isthmus.web.goal_editor.steps import Step
from isthmus.web.words import plural

_NAMES: Final = {"Lead": "Import leads", "Contact": "Import contacts", "Person": "Import persons"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A row as the page draws it."""

    number: int
    label: str
    field: str
    target: str  # key of a property
    rule: str = ""
    keeps: bool = False
    option: str = ""  # what to know of the rule, where no choice goes with it
    errors: Sequence[str] = ()
    warnings: Sequence[str] = ()
    hints: Sequence[str] = ()


_BLANK: Final = Shown(number=0, label="New row", field="", target="", rule=MergeRule.SET.value)
"""What the page's script makes new rows of."""


_NAMES_OF_ROW: Final = (
    *("number", "state", "label", "field", "target", "rules", "option", "notes"),
)
_NOTES: Final = "web/goal_editor/row_notes.html"
_LONGEST_LABEL = 200


class ImportKind(Kind[ImportForm]):
    """Import goals."""

    direction = IMPORT
    template = "web/goal_editor/goal.html"
    shown_at = tuple(
        (part,) for part in ("name", "import", "filter", "object_type_property", "match", "fields")
    )
    parts = {
        "name": "Name",
        "active": "Active",
        "object": "Object",
        "filter": "Filter",
        "match": "Match",
        "fields": "Mapping",
        "create_profiles": "Allow creating profiles",
        "object_type_property": "Object type property",
        "object_type_on_delete": "When a record is deleted",
        "on_merge": "When two records become one",
    }

    def blank(self, desk: Desk) -> ImportForm:
        """A form for the first object that no other import reads."""
        read = {goal.object.name for goal in _imports(desk)}
        first = next((name for name in OBJECTS if name not in read), next(iter(OBJECTS)))
        return ImportForm(
            name=_NAMES[first],
            object=first,
            match=[Row(number=1)],
            rows=[Row(number=1)],
        )

    def opened(self, goal: Definition) -> ImportForm:
        """The form of a stored goal."""
        assert isinstance(goal, ImportGoal)  # noqa: S101 - its row says that it imports
        return ImportForm.opened(goal)

    def posted(self, given: Mapping[str, Any]) -> ImportForm:
        """The form as it was sent."""
        return ImportForm.posted(given)

    def act(self, desk: Desk, form: ImportForm, asked: str, given: Mapping[str, Any]) -> str:
        """Do what a button of the form says."""
        known = desk.objects.known(form.object)
        if form.filter.act(asked, known):
            if asked == filter_form.CHECK:
                self._check(desk, form)
            return ""
        what, kind, number = rows.asked(asked)
        if what == "object" and form.name in _NAMES.values():
            form.name = _NAMES[form.object]
        if what in ("add", "copy", "remove", "up", "down"):
            chosen = number if number is not None else _number(given.get(f"chosen-{kind}"))
            those = form.match if kind == MATCH else form.rows
            went_on = rows.act(those, what, chosen)
            return f"field-{kind}{went_on}" if went_on is not None else ""
        if what == "suggest":
            form.suggested = suggesting.suggested(desk, form)
        if what in suggesting.ACTS:
            suggesting.act(form, what, number)
        return ""

    def _check(self, desk: Desk, form: ImportForm) -> None:
        known = desk.objects.known(form.object)
        if form.filter.way is not filter_form.Way.NONE and not form.filter.gaps(known):
            form.filter.answer = filter_checking.ask(desk, form.goal(desk))

    def refusals(self, desk: Desk, form: ImportForm) -> list[str]:
        """Why Salesforce would not run the import: asked where the filter is another one."""
        goal = form.goal(desk)
        there = desk.there.definition if desk.there else None
        stored = (there.object, there.filter) if isinstance(there, ImportGoal) else None
        if goal.filter is None or stored == (goal.object, goal.filter):
            return []
        self._check(desk, form)
        answer = form.filter.answer
        return ["Salesforce refused the filter."] if answer and answer.refused else []

    def rows(self, desk: Desk, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """What there is to say of the mapping rows that were sent."""
        form = ImportForm.posted(given)
        spread = _spread(desk, form, given)
        problems = desk.problems(spread.goal(desk), spread.gaps(desk))
        sent = {row.number for row in form.rows}
        drawing = _Drawing(desk=desk, form=form)
        shown = [each for each in drawing.mapped(spread, problems) if each.number in sent]
        bad = sum(bool(each.errors) for each in shown) + (_number(given.get("elsewhere")) or 0)
        return "web/goal_editor/rows_said.html", {
            "rows": shown,
            "match_rows": drawing.matched(problems),
            "state": steps.state(bad, begun=True),
            "match_state": steps.state(len(problems.under("match")), begun=True),
            "said": f"{plural(_number(given.get('mapped')) or 0, 'row')} \u00b7 {drawing.writes()}",
            "match_said": drawing.match_in_words(),
        }

    def lightly(
        self, desk: Desk, form: ImportForm, target: str
    ) -> tuple[str, dict[str, Any]] | None:
        """Likely pairs come without the hundreds of rows that they are not in yet."""
        if target != "suggested":
            return None
        known = desk.objects.known(form.object)
        shown = {"suggested": suggesting.drawn(desk, form), "known": known}
        return "web/goal_editor/suggested.html", shown

    def shown(self, desk: Desk, form: ImportForm, problems: Problems) -> dict[str, Any]:
        """What the page shows."""
        return _Drawing(desk=desk, form=form).page(problems)


def _imports(desk: Desk) -> Iterator[ImportGoal]:
    for each in desk.goals:
        definition = each.definition
        if isinstance(definition, ImportGoal) and each.key != desk.key:
            yield definition


def _number(given: Any) -> int | None:
    text = str(given or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004


def _spread(desk: Desk, form: ImportForm, given: Mapping[str, Any]) -> ImportForm:
    """The form with the sent rows at their places in the page.

    Only rows are sent that have something to do with what was changed. Where others stand, rows
    are put of which nothing is shown, as a message may name a row by its place.
    """
    used = {row.get("property") for row in form.rows}
    filler = next((key for key in desk.properties if key not in used), None)
    places = {row.number: _number(given.get(f"at{row.number}")) for row in form.rows}
    if filler is None or any(place is None for place in places.values()):
        return form
    spread: list[Row] = []
    said = [row for row in form.rows if not row.is_blank]
    for row in sorted(said, key=lambda each: places[each.number] or 0):
        until = min(places[row.number] or 0, rows.MOST_ROWS)
        spread.extend(_filler(number, filler) for number in range(len(spread), until))
        spread.append(row)
    return replace(form, rows=[*spread, *(row for row in form.rows if row.is_blank)])


def _filler(number: int, key: str) -> Row:
    return Row(number=-1 - number, values={"property": key, "rule": "set"})


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    """Draws the page of an import goal."""

    desk: Desk
    form: ImportForm

    @property
    def objects(self) -> Objects:
        return self.desk.objects

    @property
    def known(self) -> Known | None:
        return self.objects.known(self.form.object)

    def page(self, problems: Problems) -> dict[str, Any]:
        identifiers = [each for each in self.desk.properties.values() if each.identifier]
        options = partial(choices.field_options, hides=not self.desk.sees_personal_data)
        return {
            "steps": list(self.steps(problems)),
            "objects": self.objects,
            "cards": self.objects.cards(self.form.object),
            "known": self.known,
            "same_object": problems.warned("import"),
            "object_errors": problems.under("import"),
            "filter": self.filter(problems),
            "match_rows": self.matched(problems),
            "match_errors": problems.missing("match", begun=False),
            "map_errors": problems.missing("fields", begun=False),
            **self.map_rows(list(self.mapped(self.form, problems))),
            "field_options": options(self.known),
            "property_options": choices.property_options(self.desk.properties.values(), rules=True),
            "identifier_options": choices.property_options(identifiers),
            "object_types": self.object_types(),
            "object_type_errors": problems.at("object_type_property"),
            "rules": [(each.value, *notes.RULES[each]) for each in MergeRule],
            "next_match": rows.next_number(self.form.match),
            "next_row": rows.next_number(self.form.rows),
            "on_delete": ObjectTypeOnDelete,
            "on_merge": OnMerge,
            "blank_row": _BLANK,
            "suggested": suggesting.drawn(self.desk, self.form),
            "make_address": self.make_address() if self.desk.may_edit else "",
        }

    def map_rows(self, shown: Sequence[Shown]) -> dict[str, SafeString]:
        """The rows of step 3 and an empty one, drawn."""
        pattern = Pattern("web/goal_editor/map_row.html", _NAMES_OF_ROW, {"form": self.form})
        rules = {rule.value: _rules(rule) for rule in MergeRule}
        keeps = {kept: _option_pattern(keeps=kept) for kept in (False, True)}

        def option(row: Shown) -> SafeString:
            if row.option and not row.keeps:
                return escape(row.option)
            return keeps[row.keeps].draw({"number": row.number})

        @cache  # of hundreds of rows many are told the same
        def noted(**said: tuple[str, ...]) -> SafeString:
            return render_to_string(_NOTES, {"row": said}) if any(said.values()) else SafeString()

        def draw(row: Shown) -> SafeString:
            return pattern.draw(
                {
                    "number": row.number,
                    "state": " is-bad" if row.errors else "",
                    "label": row.label[:_LONGEST_LABEL],
                    "field": row.field,
                    "target": row.target,
                    "rules": rules[row.rule],
                    "option": option(row),
                    "notes": noted(
                        errors=tuple(row.errors),
                        warnings=tuple(row.warnings),
                        hints=tuple(row.hints),
                    ),
                }
            )

        return {
            "map_rows": SafeString("\n".join(draw(row) for row in shown)),
            "blank_map_row": draw(_BLANK),
        }

    def make_address(self) -> str:
        """Where a property is made for a row."""
        address = reverse("goal-property", kwargs={"connection_key": self.desk.connection.key})
        return f"{address}?{urlencode({'object': self.form.object})}"

    def steps(self, problems: Problems) -> Iterator[Step]:
        """The three steps, with what was chosen in each."""
        form = self.form
        places = ("object_type_property", "import", "filter")
        answer = form.filter.answer
        first = sum(len(problems.under(place)) for place in places)
        first += bool(answer and answer.refused)
        state = steps.state(first, begun=True)
        is_new = self.desk.there is None
        yield Step(
            number=1,
            key="object",
            title="Object and filter",
            said=self.object_in_words(),
            state=state,
            is_open=is_new or state is not steps.COMPLETE,
            template="web/goal_editor/import_object.html",
        )
        said = self.match_in_words()
        state = steps.state(len(problems.under("match")), begun=bool(said) or problems.tried)
        yield Step(
            number=2,
            key="match",
            title="Match",
            said=said,
            state=state,
            is_open=is_new or state is not steps.COMPLETE,
            template="web/goal_editor/import_match.html",
        )
        mapped = sum(not row.is_blank for row in form.rows)
        bad = len(rows_of(problems.troubles, "fields")) + len(problems.at("fields"))
        yield Step(
            number=3,
            key="map",
            title="Map",
            said=f"{plural(mapped, 'row')} \u00b7 {self.writes()}",
            state=steps.state(bad, begun=mapped > 0 or problems.tried),
            is_open=True,
            template="web/goal_editor/import_map.html",
        )

    def object_in_words(self) -> str:
        """What is read."""
        records = self.known.records if self.known else None
        counted = f" \u00b7 {plural(records, 'record')}" if records is not None else ""
        stays_out = " \u00b7 person contacts stay out" if self.form.object == "Contact" else ""
        chosen = filter_form.sentence(self.form.filter, self.known)
        where = f", where {chosen[: filter_form.SHOWN]}" if chosen else ""
        return f"{self.form.object}{where}{counted if not where else ''}{stays_out}"

    def filter(self, problems: Problems) -> filter_form.FilterView:
        """The filter's part of step 1."""
        zone, form = self.desk.connection.timezone, self.form.filter
        return filter_form.view(form, self.known, zone, errors=problems.under("filter"))

    def match_in_words(self) -> str:
        """How records are matched; empty where nothing was chosen yet."""
        matched = sum(not row.is_blank for row in self.form.match)
        creates = "creates profiles" if self.form.create_profiles else "creates no profiles"
        return f"{plural(matched, 'row')} \u00b7 {creates}" if matched else ""

    def writes(self) -> str:
        """What becomes of the object's name."""
        key = self.form.object_type_property
        target = self.desk.properties.get(key)
        label = (
            target.label if target else OBJECT_TYPE_LABEL if key == OBJECT_TYPE_PROPERTY else key
        )
        verb = "adds" if target is None or target.list else "writes"
        return f"{verb} \u201c{self.form.object}\u201d to {label}"

    def object_types(self) -> list[tuple[str, str]]:
        """Properties that can take the object's name, with their labels."""
        fitting = {
            each.key: each.label
            for each in self.desk.properties.values()
            if each.type is PropertyType.TEXT and not each.identifier
        }
        if OBJECT_TYPE_PROPERTY not in self.desk.properties:
            fitting[OBJECT_TYPE_PROPERTY] = f"{OBJECT_TYPE_LABEL} (made when this is saved)"
        chosen = self.form.object_type_property
        fitting.setdefault(chosen, chosen)
        return sorted(fitting.items(), key=lambda each: each[1].casefold())

    def matched(self, problems: Problems) -> list[Shown]:
        """The rows of step 2."""
        errors, warnings = _by_row(problems.troubles, "match"), _by_row(problems.warnings, "match")
        places = {row.number: place for place, row in rows.places(self.form.match)}
        return [
            Shown(
                number=row.number,
                label=self.called(row.get("field"), row.get("identifier"), "is"),
                field=row.get("field"),
                target=row.get("identifier"),
                errors=errors.get(places.get(row.number, -1), ()),
                warnings=warnings.get(places.get(row.number, -1), ()),
            )
            for row in self.form.match
        ]

    def mapped(self, form: ImportForm, problems: Problems) -> Iterator[Shown]:
        """The rows of step 3."""
        errors = _by_row(problems.troubles, "fields")
        warnings = _by_row(problems.warnings, "fields")
        places = {row.number: place for place, row in rows.places(form.rows)}
        for row in form.rows:
            place = places.get(row.number, -1)
            yield self.row(row, errors.get(place, ()), warnings.get(place, ()))

    def row(self, row: Row, errors: Sequence[str], warnings: Sequence[str]) -> Shown:
        """A row of step 3, with what there is to say of it."""
        given = _rule(row.get("rule"))
        field = self.field(row.get("field"))
        target = self.desk.properties.get(row.get("property"))
        hints = notes.hints(field, target, self.desk.connection.timezone) if field else ()
        return Shown(
            number=row.number,
            label=self.called(row.get("field"), row.get("property"), "to"),
            field=row.get("field"),
            target=row.get("property"),
            rule=given.value,
            keeps=row.get("keep") == "on",
            option=notes.option(given, field),
            errors=errors,
            warnings=warnings,
            hints=list(hints),
        )

    def field(self, name: str) -> Field | None:
        """What is known of a field."""
        return self.known.description.fields.get(name.lower()) if self.known else None

    def called(self, field: str, target: str, word: str) -> str:
        """A row in words, for those who hear it."""
        found = self.field(field)
        definition = self.desk.properties.get(target)
        first = (found.label if found else field) or "No field yet"
        second = (definition.label if definition else target) or "no property yet"
        return f"{first} {word} {second}"


def _by_row(troubles: Sequence[goal_troubles.Trouble], part: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for each in troubles:
        if len(each.path) > 1 and each.path[0] == part and isinstance(each.path[1], int):
            found.setdefault(each.path[1], []).append(each.message)
    return found


def _rule(given: str) -> MergeRule:
    return MergeRule(given) if given else MergeRule.SET


def _rules(chosen: MergeRule) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (rule.value, SafeString(" selected") if rule is chosen else "", notes.RULES[rule][0])
            for rule in MergeRule
        ),
    )


def _option_pattern(*, keeps: bool) -> Pattern:
    return Pattern("web/goal_editor/row_option.html", ("number",), {"keeps": keeps})
