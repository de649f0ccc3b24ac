"""Given records written by the org's own users in one transaction, at once or committed late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from localorg.clock import stored_datetime
from localorg.control.clock_routes import transaction_json
from localorg.control.inputs import (
    bad,
    object_of,
    read_order,
    refuse_unknown,
    seconds_of,
    value_of,
)
from localorg.dml import (
    ACTIVE_RULE,
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
from localorg.ids import normalised_id
from localorg.life import save_options
from localorg.org import Org
from localorg.store import OWNER_IDS
from localorg.transactions import OpenTransaction
from localorg.web import JsonAnswer, org_of

_OPERATIONS = tuple(operation.value for operation in Operation)
_PARTS = ("operation", "object", "records", "ids", "externalIdFieldName")
_USER = "SELECT Id FROM User WHERE Username = ? OR Id = ?"


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One operation on records of one object."""

    target: Target
    # JSON objects, or the ids of what is deleted.
    records: Sequence[Any]

    def changes(self) -> list[Change]:
        """The changes that it asks for, made anew each time."""
        if self.target.operation in {Operation.DELETE, Operation.HARD_DELETE}:
            return [Change(key=str(record_id)) for record_id in self.records]
        reader = JsonRecords(self.target)
        return [reader.read(record) for record in self.records]


async def _records(request: Request) -> JsonAnswer:
    org = org_of(request)
    order = await read_order(request, ("operations", "user", "commit_after_seconds"))
    seconds = seconds_of(order, "commit_after_seconds")
    return JsonAnswer(await run_in_threadpool(_do, org, order, seconds))


def _do(org: Org, order: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    user_id = user_named(org, value_of(order, "user", str))
    steps = [_step(org, part) for part in value_of(order, "operations", list, default=[])]
    if not steps:
        raise bad(f"'operations' has to be a list of objects with the parts {', '.join(_PARTS)}.")
    if not seconds:
        return {"results": _run(org, user_id, steps, org.clock.now())}
    # Tried at once, so that the answer says what the org would refuse.
    results = _try(org, user_id, steps)
    began = org.clock.now()

    def write(stamp: datetime) -> None:
        _run(org, user_id, steps, stamp, late=True)

    about = {"records": sum(len(step.records) for step in steps), "user": user_id}
    transaction = OpenTransaction(
        began=began, commits=began + timedelta(seconds=seconds), write=write, about=about
    )
    number = org.transactions.begin(transaction)
    return {"results": results, "transaction": transaction_json(number, transaction)}


def _step(org: Org, part: Any) -> _Step:
    if not isinstance(part, dict):
        raise bad(f"'operations' has to be a list of objects; {part!r} is none.")
    refuse_unknown(part, _PARTS, "part of an operation")
    operation = part.get("operation")
    if operation not in _OPERATIONS:
        raise bad(f"'operation' is one of {', '.join(_OPERATIONS)}; it is {operation!r}.")
    object_type = object_of(org.schema, part)
    key = value_of(part, "externalIdFieldName", str, default="Id")
    inserts = operation == Operation.INSERT
    target = Target(
        schema=org.schema,
        object_type=object_type,
        operation=Operation(operation),
        key_field=None if inserts else object_type.field(key),
    )
    deletes = target.operation in {Operation.DELETE, Operation.HARD_DELETE}
    records = value_of(part, "ids" if deletes else "records", list, default=[])
    kind = str if deletes else dict
    if not all(isinstance(record, kind) for record in records):
        raise bad("'records' has to be a list of objects, and for deletions 'ids' a list of ids.")
    return _Step(target=target, records=records)


def _run(
    org: Org, user_id: str, steps: Sequence[_Step], stamp: datetime, *, late: bool = False
) -> list[list[dict[str, Any]]]:
    """Do all steps in one transaction; the results of each record of each step.

    Late, it leaves the records alone that somebody else changed since `stamp`.
    """
    options = save_options(org, user_id, assignment_rule=ACTIVE_RULE)
    results = []
    with org.store.write() as connection:
        writer = Writer(
            connection=connection,
            store=org.store,
            user_id=user_id,
            stamp=stored_datetime(stamp),
        )
        for step in steps:
            changes = step.changes()
            if late:
                changes = _untouched(writer, step.target, changes)
            for first in range(0, len(changes), CHUNK_SIZE):
                some = changes[first : first + CHUNK_SIZE]
                if step.target.operation in {Operation.DELETE, Operation.HARD_DELETE}:
                    delete_chunk(writer, step.target, some)
                else:
                    save_chunk(writer, step.target, some, options)
            results.append([change.as_collection(with_created=True) for change in changes])
    return results


def _untouched(writer: Writer, target: Target, changes: list[Change]) -> list[Change]:
    """The changes of records whose stamp is not after the writer's."""
    kind, key = writer.store.schema.object(target.object_type.name), target.key_field
    if target.operation is Operation.INSERT or "systemmodstamp" not in kind.fields:
        return changes
    name = "Id" if key is None else key.name
    keys = [_normalised(name, change) for change in changes]
    rows = select_by(writer.connection, kind.name, (name, "SystemModstamp"), name, keys)
    later = [row for row in rows if str(row["SystemModstamp"]) > writer.stamp]
    # External ids are compared without case, ids are not.
    fold = str if name == "Id" else str.lower
    touched = {fold(str(row[name])) for row in later}
    pairs = zip(keys, changes, strict=True)
    return [change for own, change in pairs if fold(own) not in touched]


def _normalised(name: str, change: Change) -> str:
    text = str(change.key or "")
    return normalised_id(text) or text if name == "Id" else text


def _try(org: Org, user_id: str, steps: Sequence[_Step]) -> list[list[dict[str, Any]]]:
    """The results that the steps would have now, without the ids, which come with the commit."""
    with org.store.write() as connection:
        connection.execute("SAVEPOINT trial")
        try:
            results = _run(org, user_id, steps, org.clock.now())
        finally:
            connection.execute("ROLLBACK TO trial")
            connection.execute("RELEASE trial")
    for step, some in zip(steps, results, strict=True):
        for result in some:
            if step.target.operation is Operation.INSERT or result.get("created"):
                result.pop("id", None)
    return results


def user_named(org: Org, given: str | None) -> str:
    """The id of the user of this name or id; a colleague's where none is given."""
    if given is None:
        return OWNER_IDS[0]
    with org.store.read() as connection:
        row = connection.execute(_USER, (given, normalised_id(given))).fetchone()
    if row is None:
        raise bad(f"'user' has to be a user's name or id; {given!r} is none.")
    return str(row[0])


records_route = Route("/_localorg/records", _records, methods=["POST"])
