"""Lookups: the parents that changes name have to be there, and to be allowed."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from sqlite3 import Connection

from localorg.dml.change import Change, ParentKey, touched_fields
from localorg.dml.conversion import Stored, wrong_id
from localorg.dml.matching import folded
from localorg.dml.options import SaveOptions
from localorg.dml.reading import Target
from localorg.dml.sql import Row, deletion, select_by
from localorg.dml.writer import Writer
from localorg.schema import Field, ObjectType

# What is looked at in a parent besides whether it is there and deleted.
_EXTRA = {
    "User": ("IsActive",),
    "RecordType": ("IsActive", "SobjectType"),
    "Account": ("IsPersonAccount",),
}
# Every object has this record type; no row is kept of it, and none of a record's having it.
MASTER_RECORD_TYPE_ID = "012000000000000AAA"
# Lookups that can't point to a person account.
_BUSINESS_ONLY = frozenset({("Contact", "AccountId"), ("Account", "ParentId")})


def resolve_parents(connection: Connection, changes: list[Change]) -> None:
    """Fill lookups whose parent is named by an external id."""
    asked: defaultdict[ParentKey, list[tuple[Change, str]]] = defaultdict(list)
    for change in changes:
        for parent, text in change.parents:
            asked[parent].append((change, text))
    for parent, children in asked.items():
        holders = _holders(connection, parent, [text for _, text in children])
        for change, text in children:
            _take_parent(change, parent, text, holders.get(folded(parent.key, text), []))


def check_references(
    writer: Writer, target: Target, changes: list[Change], options: SaveOptions
) -> None:
    """Refuse changes that point to records which are not there, deleted or out of reach."""
    touched = touched_fields(changes)
    for name in sorted(touched):
        field = target.object_type.field(name)
        if field.type == "reference":
            nothing = (None, MASTER_RECORD_TYPE_ID) if name == "RecordTypeId" else (None,)
            pointing = [change for change in changes if change.values.get(name) not in nothing]
            _check_lookup(writer, target, field, pointing, options)


def without_master(row: Row) -> None:
    """Let a record of the master record type have none, which is how it is stored."""
    if row.get("RecordTypeId") == MASTER_RECORD_TYPE_ID:
        row["RecordTypeId"] = None


def _holders(connection: Connection, parent: ParentKey, texts: list[str]) -> dict[str, list[str]]:
    columns = ["Id", parent.key.name, *deletion(parent.parent)]
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for row in select_by(connection, parent.parent.name, columns, parent.key.name, texts):
        if not row.get("IsDeleted"):
            holders[folded(parent.key, row[parent.key.name])].append(str(row["Id"]))
    return holders


def _take_parent(change: Change, parent: ParentKey, text: str, holders: list[str]) -> None:
    if len(holders) == 1:
        change.values[parent.lookup.name] = holders[0]
        return
    problem = "matches more than one record" if holders else "not found"
    message = (
        f"Foreign key external ID: {text} {problem} for field {parent.key.name} "
        f"in entity {parent.parent.name}"
    )
    change.fail("INVALID_FIELD", message)


def _check_lookup(
    writer: Writer, target: Target, field: Field, changes: list[Change], options: SaveOptions
) -> None:
    """Check the parents of all changes, those of one object at a time."""
    by_prefix: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_prefix[str(change.values[field.name])[:3]].append(change)
    full = writer.store.schema
    for prefix, some in by_prefix.items():
        parent = full.of_id(prefix)
        if parent is None or parent.name not in field.reference_to:
            for change in some:
                text = str(change.values[field.name])
                change.errors.append(wrong_id(field.label, field.name, text))
        elif parent.createable and parent.name.lower() not in target.schema.objects:
            for change in some:
                message = "insufficient access rights on cross-reference id"
                change.fail("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, field.name)
        else:
            _check_parents(writer, target, field, parent, some)
            if field.name == "OwnerId":
                _check_owners(writer, target, parent, some, options)


def _check_parents(
    writer: Writer, target: Target, field: Field, parent: ObjectType, changes: list[Change]
) -> None:
    ids = sorted({str(change.values[field.name]) for change in changes})
    columns = ("Id", *deletion(parent), *_EXTRA.get(parent.name, ()))
    rows = select_by(writer.connection, parent.name, columns, "Id", ids)
    found = {str(row["Id"]): row for row in rows}
    for change in changes:
        record_id = str(change.values[field.name])
        _check_parent(change, target.object_type, field, record_id, found.get(record_id))


def _check_parent(
    change: Change, object_type: ObjectType, field: Field, record_id: str, row: Row | None
) -> None:
    if "SobjectType" in (row or {}) or field.name == "RecordTypeId":
        _check_record_type(change, object_type, field, record_id, row)
    elif row is None:
        change.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field.name)
    elif row.get("IsDeleted"):
        change.fail("ENTITY_IS_DELETED", "entity is deleted", field.name)
    elif field.name == "OwnerId" and not row.get("IsActive", 1):
        message = f"operation performed with inactive user [{record_id}] as owner"
        change.fail("INACTIVE_OWNER_OR_USER", message, field.name)
    elif row.get("IsPersonAccount") and (object_type.name, field.name) in _BUSINESS_ONLY:
        message = f"{field.label}: the person account {record_id} can't be a parent"
        change.fail("FIELD_INTEGRITY_EXCEPTION", message, field.name)


def _check_record_type(
    change: Change, object_type: ObjectType, field: Field, record_id: str, row: Row | None
) -> None:
    if row is None or not row["IsActive"] or row["SobjectType"] != object_type.name:
        message = f"{field.label}: this ID value isn't valid for the user: {record_id}"
        change.fail("INVALID_CROSS_REFERENCE_KEY", message, field.name)


def _check_owners(
    writer: Writer,
    target: Target,
    owner_type: ObjectType,
    changes: Iterable[Change],
    options: SaveOptions,
) -> None:
    """A queue has to be one for records of this object; a user has to be able to read them."""
    owned = [change for change in changes if not change.errors]
    ids = sorted({str(change.values["OwnerId"]) for change in owned})
    if owner_type.name == "Group":
        rows = select_by(
            writer.connection, "QueueSobject", ("QueueId", "SobjectType"), "QueueId", ids
        )
        name = target.object_type.name
        fit = {row["QueueId"] for row in rows if row["SobjectType"] == name}
        _refuse_owners(
            owned, fit, "INVALID_OPERATION", "Queue not associated with this SObject type"
        )
    elif options.view_of is not None:
        key = target.object_type.name.lower()
        fit = {user_id for user_id in ids if key in options.view_of(user_id).objects}
        message = "The new owner must have read permission"
        _refuse_owners(owned, fit, "TRANSFER_REQUIRES_READ", message)


def _refuse_owners(
    changes: Iterable[Change], fit: Collection[Stored], code: str, message: str
) -> None:
    for change in changes:
        if change.values["OwnerId"] not in fit:
            change.fail(code, message, "OwnerId")
