"""What Salesforce does with cases and not with other records."""

from typing import Any

from localorg.dml.change import Change
from localorg.dml.defaults import default_values
from localorg.dml.object_rules import ObjectRules
from localorg.dml.options import SaveOptions
from localorg.dml.persons import relate_cases, show_on_cases
from localorg.dml.reading import Target
from localorg.dml.sql import Row, insert_rows
from localorg.dml.writer import Writer
from localorg.store import quoted

_CASE_NUMBER_DIGITS = 8
_LAST_CASE_NUMBER = "".join(("SELECT max(CaseNumber) FROM ", quoted("Case")))
# The field of a case that is written only: each text becomes a comment, the field reads as null.
_COMMENTS = "Comments"


class CaseRules(ObjectRules):
    """A case has a number, knows whether it is closed, and shows parts of its contact."""

    watched = ("Status", "IsClosed", "ClosedDate")

    def __init__(self, writer: Writer, target: Target, options: SaveOptions) -> None:
        """Rule over one chunk of changes."""
        super().__init__(writer, target, options)
        self._closed = {
            entry.value.lower()
            for entry in self.object_type.field("Status").picklist_values
            if entry.closed
        }
        # Case id and text of what is written as Comments.
        self._comments: list[tuple[Any, Any]] = []

    def complete(self, values: Row, row: Row | None) -> None:
        """Close or reopen the case as its status says."""
        if values.get("Status") is None and (row is None or "Status" not in values):
            return
        closed = str(values["Status"]).lower() in self._closed
        was_closed = row is not None and bool(row["IsClosed"])
        values["IsClosed"] = int(closed)
        if closed != was_closed:
            values["ClosedDate"] = self.writer.stamp if closed else None
        elif row is not None:
            values["ClosedDate"] = row["ClosedDate"]

    def before_update(self, changes: list[Change], current: dict[str, Row]) -> None:
        """Keep comments for their own object."""
        del current
        for change in changes:
            text = change.values.pop(_COMMENTS, None)
            if text is not None:
                self._comments.append((change.id, text))

    def before_insert(self, rows: list[Row]) -> None:
        """Number the cases on; a case is its contact's account's unless it says otherwise."""
        super().before_insert(rows)
        self._comments += [(row["Id"], row.pop(_COMMENTS)) for row in rows if row.get(_COMMENTS)]
        last = self.writer.connection.execute(_LAST_CASE_NUMBER).fetchone()[0]
        for number, row in enumerate(rows, int(last or 0) + 1):
            row["CaseNumber"] = str(number).zfill(_CASE_NUMBER_DIGITS)
        relate_cases(self.writer, rows)

    def after_insert(self, ids: list[str]) -> None:
        """Show the contacts and add the comments."""
        show_on_cases(self.writer, "Id", ids)
        self._add_comments()

    def after_update(self, ids: list[str], touched: set[str]) -> None:
        """Show the contacts where they may be others now; add the comments."""
        self._add_comments()
        if "ContactId" in touched:
            show_on_cases(self.writer, "Id", ids)

    def _add_comments(self) -> None:
        if not self._comments:
            return
        kind = self.writer.store.schema.object("CaseComment")
        ids = self.writer.store.ids.take(kind.key_prefix, len(self._comments))
        defaults = default_values(self.writer, kind)
        rows = [
            defaults.record(comment_id, {"ParentId": case_id, "CommentBody": text})
            for comment_id, (case_id, text) in zip(ids, self._comments, strict=True)
        ]
        insert_rows(self.writer.connection, kind.name, rows)
