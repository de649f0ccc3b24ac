"""The org's users at work: they change, delete and make records, at once or committed late."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from sqlite3 import Connection
from typing import Any

from localorg.clock import stored_datetime
from localorg.control.inputs import bad
from localorg.control.made_up import drawn, new_records, new_values
from localorg.dml import (
    CHUNK_SIZE,
    Change,
    JsonRecords,
    Operation,
    Target,
    Writer,
    delete_chunk,
    save_chunk,
)
from localorg.dml.sql import select_by
from localorg.org import Org
from localorg.schema import ObjectType
from localorg.seed.chance import chance
from localorg.store import OWNER_IDS, quoted

CHANGE, DELETE, INSERT = "change", "delete", "insert"
ACTIONS = (CHANGE, DELETE, INSERT)
_OPERATIONS = {
    CHANGE: Operation.UPDATE,
    DELETE: Operation.DELETE,
    INSERT: Operation.INSERT,
}
# Which records users may touch, besides those that are not deleted.
_TOUCHABLE = {"Contact": "IsPersonAccount = 0", "Lead": "IsConverted = 0"}


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What users do to the records of one object in one transaction."""

    object_type: ObjectType
    action: str = CHANGE
    count: int = 100
    # The number that the choice of records, values and the user depends on.
    seed: int = 1
    # Fields with the values that all records get, as JSON has them.
    values: Mapping[str, Any] = field(default_factory=dict)
    # Fields that get values drawn at random; where nothing is said, plausible ones are chosen.
    drawn: tuple[str, ...] = ()
    # The records; None is a choice at random.
    ids: tuple[str, ...] | None = None
    user_id: str | None = None


def perform(org: Org, activity: Activity) -> list[str]:
    """Do it now; the ids of the records.

    Raises SalesforceError INVALID_CONTROL where the org refuses a record, which undoes it all.
    """
    with org.store.write() as connection:
        ids = chosen(connection, activity)
        return _write(org, connection, activity, ids, org.clock.now())


def rehearse(org: Org, activity: Activity) -> list[str]:
    """Do it and undo it, to see that it can be done; the ids of the records it is about."""
    with org.store.write() as connection:
        connection.execute("SAVEPOINT rehearsal")
        try:
            ids = chosen(connection, activity)
            _write(org, connection, activity, ids, org.clock.now())
        finally:
            connection.execute("ROLLBACK TO rehearsal")
            connection.execute("RELEASE rehearsal")
        return ids


def perform_late(org: Org, activity: Activity, ids: Sequence[str], began: datetime) -> None:
    """Do it with the stamp `began`, but to records that nobody touched since."""
    with org.store.write() as connection:
        table, stamp = activity.object_type.name, stored_datetime(began)
        rows = select_by(connection, table, _columns_of_touch(activity), "Id", list(ids))
        untouched = {
            str(row["Id"])
            for row in rows
            if str(row["SystemModstamp"]) <= stamp and not row.get("IsDeleted")
        }
        left = [record_id for record_id in ids if record_id in untouched]
        _write(org, connection, activity, left, began)


def chosen(connection: Connection, activity: Activity) -> list[str]:
    """The ids of the records that are changed or deleted: the given ones, or some at random."""
    if activity.action == INSERT:
        return []
    if activity.ids is not None:
        return list(activity.ids)
    # Rows in an order that depends on the seed alone, without reading them all into memory.
    statement = "".join(
        (
            "SELECT Id FROM ",
            quoted(activity.object_type.name),
            *_condition(activity.object_type),
            " ORDER BY rowid * ? % 4294967291 LIMIT ?",
        )
    )
    factor = chance(activity.seed, "rows").randrange(1 << 30, 1 << 32)
    rows = connection.execute(statement, (factor, activity.count))
    return [row[0] for row in rows]


def _condition(object_type: ObjectType) -> Iterator[str]:
    conditions = ["IsDeleted = 0"] if "isdeleted" in object_type.fields else []
    conditions += [_TOUCHABLE[object_type.name]] if object_type.name in _TOUCHABLE else []
    if conditions:
        yield " WHERE " + " AND ".join(conditions)


def _columns_of_touch(activity: Activity) -> tuple[str, ...]:
    deleted = ("IsDeleted",) if "isdeleted" in activity.object_type.fields else ()
    return ("Id", "SystemModstamp", *deleted)


def _write(
    org: Org, connection: Connection, activity: Activity, ids: Sequence[str], stamp: datetime
) -> list[str]:
    rng = chance(activity.seed, "activity", activity.action, activity.object_type.name)
    user_id = activity.user_id or rng.choice(OWNER_IDS)
    writer = Writer(
        connection=connection, store=org.store, user_id=user_id, stamp=stored_datetime(stamp)
    )
    target = Target(
        schema=org.schema,
        object_type=activity.object_type,
        operation=_OPERATIONS[activity.action],
        key_field=activity.object_type.field("Id") if activity.action == CHANGE else None,
    )
    written: list[str] = []
    for changes in _chunks(connection, activity, target, ids, rng):
        step = delete_chunk if activity.action == DELETE else save_chunk
        step(writer, target, changes)
        _check(changes)
        written += [change.id for change in changes if change.id]
    return written


def _chunks(
    connection: Connection,
    activity: Activity,
    target: Target,
    ids: Sequence[str],
    rng: Random,
) -> Iterator[list[Change]]:
    reader = JsonRecords(target)
    if activity.action == INSERT:
        for first in range(0, activity.count, CHUNK_SIZE):
            size = min(CHUNK_SIZE, activity.count - first)
            records = new_records(target.object_type, size, rng)
            yield [reader.read(record | _values(activity, rng)) for record in records]
        return
    for first in range(0, len(ids), CHUNK_SIZE):
        chunk = ids[first : first + CHUNK_SIZE]
        if activity.action == DELETE:
            yield [Change(key=record_id) for record_id in chunk]
        else:
            yield list(_edits(connection, activity, reader, chunk, rng))


def _edits(
    connection: Connection,
    activity: Activity,
    reader: JsonRecords,
    ids: Sequence[str],
    rng: Random,
) -> Iterator[Change]:
    says_what = bool(activity.values or activity.drawn)
    rows: dict[str, dict[str, Any]] = {}
    if not says_what:
        names = [field.name for field in activity.object_type.columns]
        found = select_by(connection, activity.object_type.name, names, "Id", list(ids))
        rows = {str(row["Id"]): row for row in found}
    for record_id in ids:
        row = rows.get(record_id, {})
        values = _values(activity, rng) if says_what else new_values(activity.object_type, row, rng)
        yield reader.read(values | {"Id": record_id})


def _values(activity: Activity, rng: Random) -> dict[str, Any]:
    fields = [activity.object_type.field(name) for name in activity.drawn]
    return {field.name: drawn(field, rng) for field in fields} | dict(activity.values)


def _check(changes: Sequence[Change]) -> None:
    for change in changes:
        if change.errors:
            error = change.errors[0]
            about = f" {change.key}" if change.key else ""
            raise bad(f"The record{about} was refused: {error.code}: {error.message}")
