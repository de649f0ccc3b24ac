"""Export goals in the editor: how their form is read, changed by its buttons, and shown."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from isthmus.connections.models import EXPORT
from isthmus.domain.goals import PROFILE_ID, ExportGoal
from isthmus.web import preview_page
from isthmus.web.goal_editor import export_suggesting, rows, steps
from isthmus.web.goal_editor.desk import Definition, Desk
from isthmus.web.goal_editor.editing import Kind
from isthmus.web.goal_editor.export_drawing import Drawing
from isthmus.web.goal_editor.export_form import MAP, ExportForm
from isthmus.web.goal_editor.problems import Problems
from isthmus.web.goal_editor.rows import Row
from isthmus.web.words import plural

_NAMES = {"Lead": "Export leads", "Contact": "Export contacts", "Person": "Export persons"}


class ExportsKind(Kind[ExportForm]):
    """Export goals."""

    direction = EXPORT
    template = "web/goal_editor/goal.html"
    parts = {
        "name": "Name",
        "active": "Active",
        "segment": "Segment",
        "object": "Object",
        "create_records": "Creating records",
        "update_records": "Updating records",
        "match": "Match",
        "fields": "Mapping",
    }

    def blank(self, desk: Desk) -> ExportForm:
        """A form for contacts: they are what most goals write."""
        identifiers = [each.key for each in desk.properties.values() if each.identifier]
        mail = next((key for key in identifiers if "mail" in key.lower()), "")
        match = {"identifier": mail, "field": "Email"} if mail else {}
        return ExportForm(
            name=_NAMES["Contact"],
            object="Contact",
            segment=next(iter(desk.segments)) if len(desk.segments) == 1 else "",
            match=Row(number=1, values=match),
            rows=[Row(number=1)],
        )

    def opened(self, goal: Definition) -> ExportForm:
        """The form of a stored goal."""
        assert isinstance(goal, ExportGoal)  # noqa: S101 - its row says that it exports
        return ExportForm.opened(goal)

    def posted(self, given: Mapping[str, Any]) -> ExportForm:
        """The form as it was sent."""
        return ExportForm.posted(given)

    def act(self, desk: Desk, form: ExportForm, asked: str, given: Mapping[str, Any]) -> str:
        """Do what a button of the form says."""
        what, kind, number = rows.asked(asked)
        if what == "object" and form.name in _NAMES.values():
            form.name = _NAMES[form.object]
        if what in ("suggest", "take", "takeall"):
            pairs = export_suggesting.pairs(form, desk)
            export_suggesting.take(form, [each for each in pairs if asked in each.asked])
            form.suggestions = export_suggesting.pairs(form, desk)
            return ""
        if what in ("add", "copy", "remove", "up", "down") and kind == MAP:
            chosen = number if number is not None else _whole(given.get(f"chosen-{kind}"))
            went_on = rows.act(form.rows, what, chosen)
            return f"value-{MAP}{went_on}" if went_on is not None else ""
        return ""

    def rows(self, desk: Desk, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """What there is to say of the mapping rows that were sent."""
        form = ExportForm.posted(given)
        spread = _spread(form, given)
        problems = desk.problems(spread.goal(desk), spread.gaps(desk))
        sent = {row.number: row for row in form.rows}
        shown = [
            each
            for each in Drawing(desk=desk, form=form).mapped(spread, problems)
            if each.number in sent
        ]
        bad = sum(bool(each.errors) for each in shown) + (_whole(given.get("elsewhere")) or 0)
        return "web/goal_editor/export_rows_said.html", {
            "said_rows": [(each, each.controls != _controls(sent[each.number])) for each in shown],
            "state": steps.state(bad, begun=True),
            "said": plural(_whole(given.get("mapped")) or 0, "row"),
            "lacking": _lacking(desk, form, str(given.get("fields", ""))),
        }

    def shown(self, desk: Desk, form: ExportForm, problems: Problems) -> dict[str, Any]:
        """What the page shows."""
        found = desk.last_preview
        hides = not desk.sees_personal_data
        return {
            **Drawing(desk=desk, form=form).page(problems),
            "aside": "web/goal_editor/last_preview.html",
            "last_preview": preview_page.shown(found, hides=hides) if found else None,
        }


def _lacking(desk: Desk, form: ExportForm, fields: str) -> list[str]:
    """What new records need beside these fields, which the page's rows write."""
    named = [
        Row(number=number, values={"field": name, "value": PROFILE_ID})
        for number, name in enumerate(fields.split(",")[: rows.MOST_ROWS])
    ]
    whole = replace(form, rows=named)
    return desk.problems(whole.goal(desk), []).warned("create_records")


def _controls(row: Row) -> frozenset[str]:
    """The controls of a row that not every row has, as they were sent."""
    return frozenset({"text", "separator", "when_too_long"} & set(row.values))


def _whole(given: Any) -> int | None:
    text = str(given or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004


def _spread(form: ExportForm, given: Mapping[str, Any]) -> ExportForm:
    """The form with the sent rows at their places in the page.

    Only rows are sent that have something to do with what was changed. Where others stand, rows
    are put that say nothing wrong, as a message may name a row by its place.
    """
    places = {row.number: _whole(given.get(f"at{row.number}")) for row in form.rows}
    if any(place is None for place in places.values()):
        return form
    spread: list[Row] = []
    for row in sorted(form.rows, key=lambda each: places[each.number] or 0):
        for number in range(len(spread), min(places[row.number] or 0, rows.MOST_ROWS)):
            values = {"field": f"X{number}.X", "value": PROFILE_ID}
            spread.append(Row(number=-1 - number, values=values))
        spread.append(row)
    return replace(form, rows=spread)
