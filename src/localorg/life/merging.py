"""Merging up to three records of one object into one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from localorg.dml import Change, JsonRecords, Operation, SaveOptions, Target, Writer, save_chunk
from localorg.dml import bin as recycled
from localorg.dml.matching import read_id
from localorg.dml.persons import show_on_cases
from localorg.dml.sql import marks, select_by
from localorg.schema import ObjectType
from localorg.store import quoted

MOST_LOSERS = 2


@dataclass(frozen=True, kw_only=True)
class Merge:
    """What is to be merged into what."""

    object_type: ObjectType
    master_id: str
    loser_ids: Sequence[str]
    # New values of the master by field name, as in JSON.
    values: Mapping[str, Any] = field(default_factory=dict)


class _RollBack(Exception):
    """The master refused its new values: nothing is merged."""


def merge(writer: Writer, asked: Merge, options: SaveOptions) -> Change:
    """Merge, and answer the master's change: with errors nothing was changed.

    Losers go into the recycle bin with MasterRecordId; what pointed to them points to the master,
    without a new stamp. Raises the SalesforceError of a value that can't be one of its field.
    """
    change = _master_change(writer, asked)
    losers = [Change(key=loser) for loser in asked.loser_ids]
    _check(writer, asked, change, losers)
    if change.errors:
        return change
    try:
        with writer.store.write():
            _merge(writer, asked.object_type, change, [str(loser.id) for loser in losers], options)
    except _RollBack:
        pass
    return change


def _target(writer: Writer, object_type: ObjectType) -> Target:
    return Target(
        schema=writer.store.schema,
        object_type=object_type,
        operation=Operation.UPDATE,
        key_field=object_type.field("Id"),
    )


def _master_change(writer: Writer, asked: Merge) -> Change:
    change = JsonRecords(_target(writer, asked.object_type)).read(asked.values)
    change.key = asked.master_id
    return change


def _check(writer: Writer, asked: Merge, master: Change, losers: list[Change]) -> None:
    kind = asked.object_type
    if not kind.mergeable:
        allowed = (one.name for one in writer.store.schema.objects.values() if one.mergeable)
        message = f"{kind.name} can't be merged. These can: {', '.join(allowed)}"
        master.fail("INVALID_TYPE_FOR_OPERATION", message)
        return
    for change in (master, *losers):
        read_id(kind, change)
        if change is not master:
            master.errors += change.errors
    ids = [str(change.id) for change in (master, *losers)]
    if not 1 <= len(losers) <= MOST_LOSERS or len(set(ids)) < len(ids):
        message = f"Name 1 to {MOST_LOSERS} other records to merge, each once"
        master.fail("INVALID_MERGE_RECORD", message)
    if not master.errors:
        _check_rows(writer, kind, master, ids)


def _check_rows(writer: Writer, kind: ObjectType, master: Change, ids: list[str]) -> None:
    extra = {"Account": "IsPersonAccount", "Contact": "IsPersonAccount", "Lead": "IsConverted"}
    flag = extra.get(kind.name, "IsDeleted")
    columns = tuple(dict.fromkeys(("Id", "IsDeleted", flag)))
    rows = {row["Id"]: row for row in select_by(writer.connection, kind.name, columns, "Id", ids)}
    for record_id in ids:
        row = rows.get(record_id)
        if row is None:
            master.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        elif row["IsDeleted"]:
            master.fail("ENTITY_IS_DELETED", "entity is deleted")
        elif row[flag] and kind.name == "Lead":
            master.fail("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        elif row[flag] and kind.name == "Contact":
            message = "The contact of a person account can't be merged: merge its account"
            master.fail("INVALID_PERSON_ACCOUNT_OPERATION", message)
    if kind.name == "Account" and len({row[flag] for row in rows.values()}) > 1:
        message = "A person account can't be merged with a business account"
        master.fail("INVALID_PERSON_ACCOUNT_OPERATION", message)


def _merge(
    writer: Writer,
    kind: ObjectType,
    master: Change,
    losers: list[str],
    options: SaveOptions,
) -> None:
    columns = ("Id", "PersonContactId") if kind.name == "Account" else ("Id",)
    found = select_by(writer.connection, kind.name, columns, "Id", [master.id, *losers])
    rows = {str(row["Id"]): row for row in found}
    _take_over(writer, kind, str(master.id), losers)
    contact_id = rows[str(master.id)].get("PersonContactId")
    if contact_id is not None:
        contacts = [str(rows[loser]["PersonContactId"]) for loser in losers]
        _take_over(writer, writer.store.schema.object("Contact"), str(contact_id), contacts)
        _note(writer, losers, contacts)
    # Last, so that the master may take the losers' unique values.
    save_chunk(writer, _target(writer, kind), [master], options)
    if master.errors:
        raise _RollBack


def _take_over(writer: Writer, kind: ObjectType, master: str, losers: list[str]) -> None:
    """Delete the losers and let everything that pointed to them point to the master."""
    _lose(writer, kind, master, losers)
    for child, lookup in writer.store.schema.children(kind.name):
        if lookup.stored and lookup.name not in {"MasterRecordId", "PersonContactId"}:
            _point_to(writer, child.name, lookup.name, master, losers)
    if kind.name == "Contact":
        show_on_cases(writer, "ContactId", [master])


def _lose(writer: Writer, kind: ObjectType, master: str, losers: list[str]) -> None:
    stamps = "LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ?"
    settings = (" SET IsDeleted = 1, MasterRecordId = ?, ", stamps)
    condition = (" WHERE Id IN (", marks(len(losers)), ")")
    statement = "".join(("UPDATE ", quoted(kind.name), *settings, *condition))
    values = (master, writer.stamp, writer.user_id, writer.stamp)
    writer.connection.execute(statement, (*values, *losers))


def _point_to(writer: Writer, child: str, lookup: str, master: str, losers: Sequence[str]) -> None:
    """Re-parent the children, without a stamp; the master does not become its own parent."""
    name = quoted(lookup)
    settings = (" SET ", name, " = CASE WHEN Id = ? THEN NULL ELSE ? END")
    # A loser's own hidden contact stays its contact.
    condition = (" WHERE ", name, " IN (", marks(len(losers)), ")", _living(writer, child))
    statement = "".join(("UPDATE ", quoted(child), *settings, *condition))
    writer.connection.execute(statement, (master, master, *losers))


def _living(writer: Writer, child: str) -> str:
    if child == "Contact":
        return " AND IsPersonAccount = 0 AND IsDeleted = 0"
    deletable = "isdeleted" in writer.store.schema.object(child).fields
    return " AND IsDeleted = 0" if deletable else ""


def _note(writer: Writer, accounts: Sequence[str], contacts: Sequence[str]) -> None:
    """Remember that the hidden contacts come back with their accounts."""
    recycled.prepare(writer.connection)
    pairs = zip(accounts, contacts, strict=True)
    writer.connection.executemany(
        "INSERT OR REPLACE INTO localorg_bin VALUES (?, 'Contact', ?)",
        [(contact, account) for account, contact in pairs],
    )
