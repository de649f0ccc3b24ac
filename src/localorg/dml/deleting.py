"""Putting records into the recycle bin."""

from localorg.dml.change import Change
from localorg.dml.matching import read_id
from localorg.dml.reading import Target
from localorg.dml.sql import Row, marks, select_by
from localorg.dml.writer import Writer
from localorg.store import quoted

_CASES_OF = {"Account": "AccountId", "Contact": "ContactId"}


def delete_chunk(writer: Writer, target: Target, changes: list[Change]) -> None:
    """Soft-delete the records that the changes' keys name; each ends with `id` or `errors`."""
    for change in changes:
        read_id(target.object_type, change)
    named = [change for change in changes if not change.errors]
    current = _read_current(writer, target, named)
    cases = _case_numbers(writer, target, current)
    for change in named:
        _check(change, current.get(change.id or ""), cases)
    ids = [change.id for change in named if change.id and not change.errors]
    _mark_deleted(writer, target.object_type.name, "Id", ids)
    if target.object_type.name == "Account":
        _mark_deleted(writer, "Contact", "AccountId", ids)


def _read_current(writer: Writer, target: Target, changes: list[Change]) -> dict[str, Row]:
    extra = ("IsPersonAccount",) if target.object_type.name == "Contact" else ()
    name_field = target.object_type.name_field
    names = (name_field.name,) if name_field else ()
    ids = [change.id for change in changes]
    columns = ("Id", "IsDeleted", *names, *extra)
    rows = select_by(writer.connection, target.object_type.name, columns, "Id", ids)
    return {str(row["Id"]): row for row in rows}


def _case_numbers(writer: Writer, target: Target, current: dict[str, Row]) -> dict[str, str]:
    """The numbers of the cases that stand in the way, by the id of the account or contact."""
    column = _CASES_OF.get(target.object_type.name)
    if column is None:
        return {}
    columns = (column, "CaseNumber", "IsDeleted")
    rows = select_by(writer.connection, "Case", columns, column, list(current))
    return {str(row[column]): str(row["CaseNumber"]) for row in rows if not row["IsDeleted"]}


def _check(change: Change, row: Row | None, cases: dict[str, str]) -> None:
    if row is None:
        change.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    elif row["IsDeleted"]:
        change.fail("ENTITY_IS_DELETED", "entity is deleted")
    elif row.get("IsPersonAccount"):
        message = "The contact of a person account can't be deleted: delete its account"
        change.fail("INVALID_PERSON_ACCOUNT_OPERATION", message)
    elif row["Id"] in cases:
        message = (
            f"Your attempt to delete {row.get('Name')} could not be completed because it is "
            f"associated with the following cases.: {cases[str(row['Id'])]}"
        )
        change.fail("DELETE_FAILED", message)


def _mark_deleted(writer: Writer, table: str, column: str, ids: list[str]) -> None:
    if not ids:
        return
    stamps = "IsDeleted = 1, LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ?"
    condition = (" WHERE IsDeleted = 0 AND ", quoted(column), " IN (", marks(len(ids)), ")")
    statement = "".join(("UPDATE ", quoted(table), " SET ", stamps, *condition))
    writer.connection.execute(statement, (writer.stamp, writer.user_id, writer.stamp, *ids))
