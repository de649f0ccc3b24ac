"""Writing one record, with all that the headers of the request ask for."""

import sqlite3
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from localorg.control.fault_kinds import ROW_LOCKS
from localorg.dml import (
    Change,
    JsonRecords,
    Operation,
    Target,
    Writer,
    delete_chunk,
    save_chunk,
    writing,
)
from localorg.dml.change import lock_row
from localorg.errors import SalesforceError
from localorg.schema import Field, ObjectType
from localorg.sobjects.conditions import conditions_of, state_of
from localorg.sobjects.errors import request_error
from localorg.sobjects.options import save_options_of, updates_recent
from localorg.sobjects.place import Place

Check = Callable[[sqlite3.Connection], None]
_REFUSED_ID = "The Id field should not be specified in the sobject data."


def insert_record(place: Place, body: Mapping[str, Any]) -> Change:
    """Make a record of a body; raises what is wrong with it."""
    target = target_for(place, Operation.INSERT)
    if any(name.lower() == "id" for name in body):
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_FIELD", _REFUSED_ID)
    change = JsonRecords(target).read(body)
    with writing(place.org.store, place.org.clock, place.user_id) as writer:
        save_one(place, writer, target, change)
    return change


def update_record(
    place: Place, object_type: ObjectType, record_id: str, body: Mapping[str, Any]
) -> None:
    """Change a record; raises what is wrong with the change, 412 where a condition fails."""
    target = Target(
        schema=place.schema,
        object_type=object_type,
        operation=Operation.UPDATE,
        key_field=object_type.field("Id"),
    )
    _check_writable(place, target)
    if any(name.lower() == "id" for name in body):
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_FIELD", _REFUSED_ID)
    change = JsonRecords(target).read(body)
    change.key = record_id
    with writing(place.org.store, place.org.clock, place.user_id) as writer:
        _check_conditions(place, writer, object_type, record_id)
        save_one(place, writer, target, change)


def delete_record(place: Place, object_type: ObjectType, record_id: str) -> None:
    """Put a record into the recycle bin; raises why it can't be."""
    target = Target(schema=place.schema, object_type=object_type, operation=Operation.DELETE)
    _check_writable(place, target)
    change = Change(key=record_id)
    with writing(place.org.store, place.org.clock, place.user_id) as writer:
        lock_rows(place, target, [change])
        delete_chunk(writer, target, [change])
    if change.errors:
        raise request_error(change)


def target_for(place: Place, operation: Operation, key: str | None = None) -> Target:
    """What changes of the place's object are for; raises where there can be none."""
    target = Target(
        schema=place.schema,
        object_type=place.object_type,
        operation=operation,
        key_field=None if key is None else place.object_type.field(key),
    )
    _check_writable(place, target)
    return target


def save_one(place: Place, writer: Writer, target: Target, change: Change) -> None:
    """Save one change inside a transaction; raises what is wrong with it."""
    lock_rows(place, target, [change])
    save_chunk(writer, target, [change], save_options_of(place.request))
    if change.errors:
        raise request_error(change)
    if change.id and target.object_type.layoutable and updates_recent(place.request):
        place.org.recent_records.add(place.user_id, target.object_type.name, change.id)


def check_may_match(place: Place, key: Field) -> None:
    """Raise 403 for an upsert by a key that may match records which the user doesn't see."""
    if key.unique or not key.external_id:
        return
    if not place.org.rights.allows(place.user_id, "PermissionsViewAllData"):
        message = (
            f"Upserting by {key.name}, which is not unique, takes the permission View All Data."
        )
        raise SalesforceError(HTTPStatus.FORBIDDEN, "INSUFFICIENT_ACCESS", message)


def lock_rows(place: Place, target: Target, changes: list[Change]) -> None:
    """Let the rows fail that the control endpoints asked to find locked."""
    fault = place.org.faults.take(ROW_LOCKS, target.object_type.name)
    if fault is not None:
        for change in changes[: fault.rows]:
            lock_row(change)


def _check_conditions(
    place: Place, writer: Writer, object_type: ObjectType, record_id: str
) -> None:
    conditions = conditions_of(place.request.headers)
    if conditions is not None:
        full = place.org.schema.object(object_type.name)
        state = state_of(writer.connection, full, record_id)
        if state is not None:
            conditions.check_writing(state)


def _check_writable(place: Place, target: Target) -> None:
    """Refuse what nobody may do; what only this user may not do is the record's own error."""
    check_supported(place.org.schema.object(target.object_type.name), target.operation)


def check_supported(object_type: ObjectType, operation: Operation) -> None:
    """Raise INVALID_TYPE_FOR_OPERATION where the object never takes the operation."""
    allowed = {
        Operation.INSERT: object_type.createable,
        Operation.UPDATE: object_type.updateable,
        Operation.UPSERT: object_type.createable and object_type.updateable,
        Operation.DELETE: object_type.deletable,
    }
    if not allowed[operation]:
        message = f"entity type {object_type.name} does not support {operation.value}"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE_FOR_OPERATION", message)
