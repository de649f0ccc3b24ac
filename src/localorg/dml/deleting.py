"""Putting records into the recycle bin, and removing them for good."""

from collections.abc import Sequence

from localorg.dml import bin as recycled
from localorg.dml import unlinking
from localorg.dml.allowed import refuse_deletions
from localorg.dml.change import Change
from localorg.dml.matching import read_id
from localorg.dml.reading import Operation, Target
from localorg.dml.removed import note_removed
from localorg.dml.sql import Row, deletion, marks, select_by
from localorg.dml.writer import Writer
from localorg.schema import Field, ObjectType
from localorg.store import quoted

# Who has cases is not deleted, though the lookup does not say so.
_RESTRICTED = frozenset({("Case", "AccountId"), ("Case", "ContactId")})
# SQLite takes some ten thousand parameters; an account can have more contacts.
_PER_STATEMENT = 10_000
_PERSON_MESSAGE = "The contact of a person account can't be deleted: delete its account"


def delete_chunk(writer: Writer, target: Target, changes: list[Change]) -> None:
    """Delete the records that the changes' keys name; each ends with `id` or `errors`.

    They go into the recycle bin, or for good where the target's operation is HARD_DELETE; children
    go along. Changes that have errors already are left alone.
    """
    named = [change for change in changes if not change.errors]
    for change in named:
        read_id(target.object_type, change)
    named = [change for change in named if not change.errors]
    refuse_deletions(target.object_type, named)
    named = [change for change in named if not change.errors]
    object_type = writer.store.schema.object(target.object_type.name)
    current = _read_current(writer, object_type, named)
    holders = _held_back(writer, object_type, list(current))
    for change in named:
        row = current.get(change.id or "")
        _check(change, row, holders, for_good=target.operation is Operation.HARD_DELETE)
    ids = list(dict.fromkeys(str(change.id) for change in named if not change.errors))
    if target.operation is Operation.HARD_DELETE:
        remove(writer, object_type, ids)
    else:
        _put_into_bin(writer, object_type, ids)


def remove(writer: Writer, object_type: ObjectType, ids: Sequence[str]) -> None:
    """Remove records for good, with the children that go along; lookups to them are emptied."""
    if not ids:
        return
    schema, connection = writer.store.schema, writer.connection
    if recycled.cascades(schema, object_type):
        children = recycled.note_together(connection, schema, object_type, ids, deleted_too=True)
        for child in children:
            together = f"Id IN ({recycled.of_roots(ids)})"
            note_removed(connection, child, together, (*ids, child.name), writer.stamp)
            statement = "".join(("DELETE FROM ", quoted(child.name), " WHERE ", together))
            connection.execute(statement, (*ids, child.name))
        recycled.forget(connection, ids)
    condition = f"Id IN ({marks(len(ids))})"
    note_removed(connection, object_type, condition, ids, writer.stamp)
    statement = "".join(("DELETE FROM ", quoted(object_type.name), " WHERE ", condition))
    connection.execute(statement, tuple(ids))
    for child, field in schema.children(object_type.name):
        if field.stored and (field.indexed or field.custom) and not field.cascade_delete:
            _empty_lookup(writer, child, field, ids)
    unlinking.prepare(connection)
    unlinking.forget(connection, ids)


def _put_into_bin(writer: Writer, object_type: ObjectType, ids: Sequence[str]) -> None:
    if not ids:
        return
    schema, connection = writer.store.schema, writer.connection
    if recycled.cascades(schema, object_type):
        for child in recycled.note_together(connection, schema, object_type, ids):
            condition = f"Id IN ({recycled.of_roots(ids)})"
            _mark_deleted(writer, child, condition, (*ids, child.name))
    _mark_deleted(writer, object_type, f"Id IN ({marks(len(ids))})", ids)
    unlinking.unlink(connection, schema, object_type, ids)


def _read_current(
    writer: Writer, object_type: ObjectType, changes: Sequence[Change]
) -> dict[str, Row]:
    name_field = object_type.name_field
    names = {name_field.name} if name_field is not None and name_field.stored else set[str]()
    if object_type.name == "Contact":
        names.add("IsPersonAccount")
    columns = ("Id", *sorted(names - {"Id"}), *deletion(object_type))
    ids = [change.id for change in changes]
    rows = select_by(writer.connection, object_type.name, columns, "Id", ids)
    return {str(row["Id"]): row for row in rows}


def _held_back(writer: Writer, object_type: ObjectType, ids: Sequence[str]) -> dict[str, str]:
    """What stands in the way of each record: `the following cases.: 00000001`, by its id."""
    found: dict[str, str] = {}
    for child, field in writer.store.schema.children(object_type.name):
        if field.restricted_delete or (child.name, field.name) in _RESTRICTED:
            shown = child.name_field.name if child.name_field is not None else "Id"
            columns = (field.name, shown, *deletion(child))
            rows = select_by(writer.connection, child.name, columns, field.name, ids)
            for row in rows:
                if not row.get("IsDeleted"):
                    text = f"the following {child.label_plural.lower()}.: {row[shown]}"
                    found.setdefault(str(row[field.name]), text)
    if object_type.name == "Account":
        found = _held_by_contacts(writer, ids) | found
    return found


def _held_by_contacts(writer: Writer, account_ids: Sequence[str]) -> dict[str, str]:
    """What stands in the way of contacts that would go along, by the account's id."""
    columns = ("Id", "AccountId", "IsDeleted")
    rows = select_by(writer.connection, "Contact", columns, "AccountId", account_ids)
    accounts = {str(row["Id"]): str(row["AccountId"]) for row in rows if not row["IsDeleted"]}
    kind, contacts = writer.store.schema.object("Contact"), list(accounts)
    held: dict[str, str] = {}
    for first in range(0, len(contacts), _PER_STATEMENT):
        held |= _held_back(writer, kind, contacts[first : first + _PER_STATEMENT])
    return {accounts[contact_id]: text for contact_id, text in held.items()}


def _check(change: Change, row: Row | None, holders: dict[str, str], *, for_good: bool) -> None:
    if row is None:
        change.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    elif row.get("IsDeleted") and not for_good:
        change.fail("ENTITY_IS_DELETED", "entity is deleted")
    elif row.get("IsPersonAccount"):
        change.fail("INVALID_PERSON_ACCOUNT_OPERATION", _PERSON_MESSAGE)
    elif row["Id"] in holders:
        message = (
            f"Your attempt to delete {row.get('Name')} could not be completed because it is "
            f"associated with {holders[str(row['Id'])]}"
        )
        change.fail("DELETE_FAILED", message)


def _mark_deleted(
    writer: Writer, object_type: ObjectType, condition: str, parameters: Sequence[str]
) -> None:
    """Set the stamps and IsDeleted; without such a field the record goes at once."""
    if not deletion(object_type):
        statement = "".join(("DELETE FROM ", quoted(object_type.name), " WHERE ", condition))
        writer.connection.execute(statement, tuple(parameters))
        return
    names = ("LastModifiedDate", "LastModifiedById", "SystemModstamp")
    values = (writer.stamp, writer.user_id, writer.stamp)
    stamps = [
        (name, value)
        for name, value in zip(names, values, strict=True)
        if name.lower() in object_type.fields
    ]
    settings = "".join(f", {name} = ?" for name, _ in stamps)
    condition = f" WHERE IsDeleted = 0 AND {condition}"
    statement = "".join(
        ("UPDATE ", quoted(object_type.name), " SET IsDeleted = 1", settings, condition)
    )
    writer.connection.execute(statement, (*(value for _, value in stamps), *parameters))


def _empty_lookup(writer: Writer, child: ObjectType, field: Field, ids: Sequence[str]) -> None:
    name = quoted(field.name)
    condition = (" WHERE ", name, " IN (", marks(len(ids)), ")")
    statement = "".join(("UPDATE ", quoted(child.name), " SET ", name, " = NULL", *condition))
    writer.connection.execute(statement, tuple(ids))
