"""The rules of saving that depend on the object, and those that hold for most of them."""

from localorg.dml.change import Change
from localorg.dml.options import SaveOptions
from localorg.dml.reading import Target
from localorg.dml.references import without_master
from localorg.dml.sql import Row, select_by
from localorg.dml.writer import Writer


class ObjectRules:
    """The rules that hold for every object; those of one object override them."""

    # Columns whose present values the rules want to see.
    watched: tuple[str, ...] = ()

    def __init__(self, writer: Writer, target: Target, options: SaveOptions) -> None:
        """Rule over one chunk of changes."""
        self.writer = writer
        self.options = options
        self.object_type = writer.store.schema.object(target.object_type.name)
        # The record type of records that name none, where the set-up says one.
        self.default_kind = next(
            (kind for kind in self.object_type.record_types if kind.default), None
        )

    def prepare(self, changes: list[Change], current: dict[str, Row]) -> None:
        """Look up what refusing needs; `changes` are updates, `current` the present records."""

    def refuse(self, change: Change, row: Row | None) -> None:
        """Fail a change that may not be; `row` is the present record, None on insert."""

    def required(self, values: Row, row: Row | None) -> tuple[str, ...]:  # noqa: ARG002 - overridden
        """The fields that have to have a value."""
        return self.object_type.required

    def complete(self, values: Row, row: Row | None) -> None:
        """Add the values that follow from the others, all of them of watched columns.

        It may be asked for a copy of what is not saved in the end, so it keeps nothing else.
        """

    def before_update(self, changes: list[Change], current: dict[str, Row]) -> None:
        """Take note of the updates that are going to be saved; take out what no column keeps."""

    def before_insert(self, rows: list[Row]) -> None:
        """Add to rows what only the org can give."""
        self._give_record_types(rows)
        for row in rows:
            without_master(row)

    def after_insert(self, ids: list[str]) -> None:
        """Write what follows on other records."""

    def after_update(self, ids: list[str], touched: set[str]) -> None:
        """Write what follows on other records."""

    def _give_record_types(self, rows: list[Row]) -> None:
        without = [row for row in rows if row.get("RecordTypeId") is None]
        if self.default_kind is None or not without:
            return
        name = self.default_kind.developer_name
        kinds = select_by(
            self.writer.connection, "RecordType", ("Id", "SobjectType"), "DeveloperName", [name]
        )
        own = [kind["Id"] for kind in kinds if kind["SobjectType"] == self.object_type.name]
        for row in without:
            row["RecordTypeId"] = own[0] if own else None


def full_name(values: Row, row: Row | None) -> str:
    """The compound Name of a person."""
    present = row or {}
    first = values.get("FirstName", present.get("FirstName"))
    last = values.get("LastName", present.get("LastName"))
    return f"{first} {last}" if first and last else str(first or last or "")


class PersonRules(ObjectRules):
    """The name of a person is composed."""

    watched: tuple[str, ...] = ("Name", "FirstName", "LastName")

    def complete(self, values: Row, row: Row | None) -> None:
        """Compose the name."""
        if "FirstName" in values or "LastName" in values:
            values["Name"] = full_name(values, row)
