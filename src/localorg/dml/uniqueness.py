"""Unique fields: no two records that are not deleted share a value."""

from localorg.dml.change import Change, touched_fields
from localorg.dml.matching import folded
from localorg.dml.reading import Operation, Target
from localorg.dml.sql import Row, deletion, select_by
from localorg.dml.writer import Writer
from localorg.schema import Field


def check_unique(
    writer: Writer,
    target: Target,
    changes: list[Change],
    current: dict[str, Row],
) -> None:
    """Refuse changes whose value another record has; of two in the chunk, the first wins."""
    touched = touched_fields(changes)
    for field in target.object_type.columns:
        if field.unique and field.name in touched and not _was_matched(writer, target, field):
            setting = [change for change in changes if change.values.get(field.name) is not None]
            _check_field(writer, target, field, setting, current)


def _check_field(
    writer: Writer,
    target: Target,
    field: Field,
    changes: list[Change],
    current: dict[str, Row],
) -> None:
    table, column = _place(writer, target, field)
    values = [change.values[field.name] for change in changes]
    columns = ("Id", column, *deletion(writer.store.schema.object(table)))
    rows = select_by(writer.connection, table, columns, column, values)
    holders = {folded(field, row[column]): row["Id"] for row in rows if not row.get("IsDeleted")}
    first: dict[str, Change] = {}
    for change in changes:
        value = folded(field, change.values[field.name])
        own = change.id
        if own is not None and table != target.object_type.name:
            own = str(current[own]["PersonContactId"])
        earlier = first.setdefault(value, change)
        if holders.get(value, own) != own:
            _refuse(change, field, str(holders[value]))
        elif earlier is not change and (earlier.id is None or earlier.id != change.id):
            _refuse(change, field, earlier.id or "<unknown>")


def _was_matched(writer: Writer, target: Target, field: Field) -> bool:
    """Whether the changes were matched by this field, which makes it unique already."""
    if target.operation is not Operation.UPSERT or field is not target.key_field:
        return False
    return _place(writer, target, field)[0] == target.object_type.name


def _place(writer: Writer, target: Target, field: Field) -> tuple[str, str]:
    """The table and column whose values count: a person's custom fields are its contact's."""
    persons = writer.store.schema.person_fields
    if target.object_type.name == "Account" and field.name in persons:
        return "Contact", persons[field.name]
    return target.object_type.name, field.name


def _refuse(change: Change, field: Field, holder: str) -> None:
    message = f"duplicate value found: {field.name} duplicates value on record with id: {holder}"
    change.fail("DUPLICATE_VALUE", message, field.name)
