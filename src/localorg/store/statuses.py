"""The rows that list the statuses of cases and leads, kept as the org's schema has them."""

import sqlite3
from collections.abc import Iterator

from localorg.ids import make_id, number_of
from localorg.schema import PicklistValue, Schema
from localorg.store.ddl import quoted
from localorg.store.identities import INTEGRATION_USER_ID

# The object that lists the statuses, the one that has them, and what a status can mean there.
_LISTS = (("CaseStatus", "Case", "IsClosed"), ("LeadStatus", "Lead", "IsConverted"))


def write_statuses(connection: sqlite3.Connection, schema: Schema, stamp: str) -> None:
    """Make the lists say what the picklists say; a status that stays keeps its id and stamps."""
    for table, name, meaning in _LISTS:
        if name.lower() in schema.objects and table.lower() in schema.objects:
            values = schema.object(name).field("Status").picklist_values
            _write(connection, table, meaning, list(_wanted(values, meaning)), stamp)


# Value, label, place, whether new records have it, and whether it has the meaning.
_Status = tuple[str, str, int, int, int]


def _wanted(values: tuple[PicklistValue, ...], meaning: str) -> Iterator[_Status]:
    active = (entry for entry in values if entry.active)
    for place, entry in enumerate(active, 1):
        meant = entry.closed if meaning == "IsClosed" else entry.converted
        yield entry.value, entry.label or entry.value, place, int(entry.default), int(meant)


def _write(
    connection: sqlite3.Connection, table: str, meaning: str, wanted: list[_Status], stamp: str
) -> None:
    names = ("ApiName", "MasterLabel", "SortOrder", "IsDefault", meaning)
    select = "".join(("SELECT ", ", ".join(names), ", Id FROM ", quoted(table)))
    present = {row[0]: row for row in connection.execute(select)}
    last = max((number_of(row[-1]) for row in present.values()), default=0)
    audit = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
    columns = (*names, "Id", *audit, "SystemModstamp")
    by_whom = (stamp, INTEGRATION_USER_ID, stamp, INTEGRATION_USER_ID, stamp)
    rows = []
    for status in wanted:
        known = present.pop(status[0], None)
        if known is None:
            last += 1
        elif known[:-1] == status:
            continue
        rows.append((*status, known[-1] if known else make_id("01J", last), *by_whom))
    marks = ", ".join("?" * len(columns))
    into = ("INSERT OR REPLACE INTO ", quoted(table), " (", ", ".join(columns), ")")
    connection.executemany("".join((*into, " VALUES (", marks, ")")), rows)
    gone = [(row[-1],) for row in present.values()]
    connection.executemany("".join(("DELETE FROM ", quoted(table), " WHERE Id = ?")), gone)
