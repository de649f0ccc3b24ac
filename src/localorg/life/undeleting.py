"""Taking records out of the recycle bin, with the children that were deleted with them."""

from collections import defaultdict
from collections.abc import Sequence

from localorg.dml import Change, Operation, Target, Writer, unlinking
from localorg.dml import bin as recycled
from localorg.dml.matching import read_id
from localorg.dml.sql import Row, marks, select_by
from localorg.dml.uniqueness import check_unique
from localorg.schema import ObjectType
from localorg.store import quoted

_STAMPS = "IsDeleted = 0, LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ?"


def undelete(writer: Writer, changes: Sequence[Change]) -> None:
    """Bring back the records that the changes' keys name; each ends with `id` or `errors`.

    They may be of several objects. They get their old ids and a new stamp.
    """
    recycled.prepare(writer.connection)
    by_object: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        kind = writer.store.schema.of_id(change.key or "")
        if kind is None or "isdeleted" not in kind.fields or not kind.undeletable:
            message = f"id value of incorrect type: {change.key}"
            change.fail("MALFORMED_ID", message, "Id")
        else:
            by_object[kind.name].append(change)
    for name, some in by_object.items():
        _undelete_some(writer, writer.store.schema.object(name), some)


def _undelete_some(writer: Writer, object_type: ObjectType, changes: list[Change]) -> None:
    for change in changes:
        read_id(object_type, change)
    named = [change for change in changes if not change.errors]
    unique = [field.name for field in object_type.columns if field.unique]
    extra = ("PersonContactId",) if object_type.name == "Account" else ()
    columns = ("Id", "IsDeleted", *unique, *extra)
    ids = [change.id for change in named]
    rows = select_by(writer.connection, object_type.name, columns, "Id", ids)
    current = {str(row["Id"]): row for row in rows}
    roots = _roots(writer, ids)
    for change in named:
        _check(change, current.get(str(change.id)), roots)
    _check_unique(writer, object_type, named, current, unique)
    _bring_back(writer, object_type, [str(change.id) for change in named if not change.errors])


def _roots(writer: Writer, ids: Sequence[str | None]) -> dict[str, str]:
    """With which record each of these was deleted, where it was another."""
    rows = select_by(writer.connection, "localorg_bin", ("record_id", "root"), "record_id", ids)
    return {
        str(row["record_id"]): str(row["root"]) for row in rows if row["root"] != row["record_id"]
    }


def _check(change: Change, row: Row | None, roots: dict[str, str]) -> None:
    if row is None:
        change.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    elif not row["IsDeleted"]:
        change.fail("UNDELETE_FAILED", "Entity is not in the recycle bin")
    elif change.id in roots:
        message = f"Entity is not in the recycle bin: it comes back with {roots[change.id]}"
        change.fail("UNDELETE_FAILED", message)


def _check_unique(
    writer: Writer,
    object_type: ObjectType,
    changes: Sequence[Change],
    current: dict[str, Row],
    unique: Sequence[str],
) -> None:
    """Refuse records whose unique value somebody else has meanwhile."""
    back = [change for change in changes if not change.errors]
    for change in back:
        row = current[str(change.id)]
        change.values = {name: row[name] for name in unique if row[name] is not None}
    target = Target(schema=writer.store.schema, object_type=object_type, operation=Operation.UPDATE)
    check_unique(writer, target, back, current)


def _bring_back(writer: Writer, object_type: ObjectType, ids: list[str]) -> None:
    if not ids:
        return
    now = (writer.stamp, writer.user_id, writer.stamp)
    noted = select_by(writer.connection, "localorg_bin", ("object", "root"), "root", ids)
    for name in {str(row["object"]) for row in noted}:
        start = _restoring(writer.store.schema.object(name))
        statement = "".join((start, " WHERE Id IN (", recycled.of_roots(ids), ")"))
        writer.connection.execute(statement, (*now, *ids, name))
    statement = "".join((_restoring(object_type), " WHERE Id IN (", marks(len(ids)), ")"))
    writer.connection.execute(statement, (*now, *ids))
    recycled.forget(writer.connection, ids)
    unlinking.link_again(writer.connection, ids)


def _restoring(object_type: ObjectType) -> str:
    # What was merged away is nobody's loser any more.
    alone = ", MasterRecordId = NULL" if "masterrecordid" in object_type.fields else ""
    return "".join(("UPDATE ", quoted(object_type.name), " SET ", _STAMPS, alone))
