"""Export goals in the editor: how their form is read, changed by its buttons, and shown."""

from collections.abc import Mapping
from typing import Any

from isthmus.connections.models import EXPORT
from isthmus.domain.goals import ExportGoal
from isthmus.web.goal_editor import rows
from isthmus.web.goal_editor.desk import Definition, Desk
from isthmus.web.goal_editor.editing import Kind
from isthmus.web.goal_editor.export_drawing import Drawing
from isthmus.web.goal_editor.export_form import MAP, ExportForm
from isthmus.web.goal_editor.objects import Objects
from isthmus.web.goal_editor.problems import Problems
from isthmus.web.goal_editor.rows import Row


class ExportKindOfGoal(Kind[ExportForm]):
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
            name="Export contacts",
            object="Contact",
            match=Row(number=1, values=match),
            rows=[Row(number=1)],
        )

    def opened(self, desk: Desk, goal: Definition) -> ExportForm:
        """The form of a stored goal."""
        assert isinstance(goal, ExportGoal)  # noqa: S101 - its row says that it exports
        return ExportForm.opened(goal)

    def posted(self, desk: Desk, given: Mapping[str, Any]) -> ExportForm:
        """The form as it was sent."""
        return ExportForm.posted(given)

    def act(self, desk: Desk, form: ExportForm, asked: str, given: Mapping[str, Any]) -> str:
        """Do what a button of the form says."""
        what, kind, number = rows.asked(asked)
        if what == "refresh":
            Objects.of(desk.connection, refresh=True)
        if what in ("add", "copy", "remove", "up", "down") and kind == MAP:
            chosen = number if number is not None else rows.whole(given.get(f"chosen-{kind}"))
            went_on = rows.act(form.rows, what, chosen)
            return f"value-{MAP}{went_on}" if went_on is not None else ""
        return ""

    def rows(self, desk: Desk, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """What there is to say of the mapping rows that were sent."""
        raise NotImplementedError

    def shown(self, desk: Desk, form: ExportForm, problems: Problems) -> dict[str, Any]:
        """What the page shows."""
        return Drawing.of(desk, form).page(problems)
