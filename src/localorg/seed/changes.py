"""A day at the org's offices: its users edit records."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from random import Random
from sqlite3 import Connection
from typing import Any

from localorg.clock import stored_datetime
from localorg.dml import CHUNK_SIZE, Change, Operation, Target, Writer, save_chunk
from localorg.dml.sql import select_by
from localorg.seed.chance import chance
from localorg.seed.edits import Values, edited
from localorg.seed.statuses import case_statuses
from localorg.store import OWNER_IDS, Store, quoted

# Which records of each object users may edit: no deleted, no converted ones, and persons through
# their accounts only.
_EDITABLE = {
    "Account": "IsDeleted = 0",
    "Case": "IsDeleted = 0",
    "Contact": "IsDeleted = 0 AND IsPersonAccount = 0",
    "Lead": "IsDeleted = 0 AND IsConverted = 0",
}
# So many rows are looked at first for each record that is wanted; all, if that was too few.
_LOOKS_PER_RECORD = 4
_LEAST_LOOKS = 1000
_ROWS_PER_LOOK = 500


def change_records(
    store: Store, object_name: str, count: int, seed: int, now: datetime
) -> list[str]:
    """Let one of the org's users edit `count` random records of an object in one transaction.

    All get the stamp `now`, an aware time; hidden contacts of persons and what cases show follow.
    Answers the records' ids of 18 characters, all that may be edited if there are fewer than
    `count`; the same for the same org and seed. Raises ValueError for an object that users do not
    edit, and a negative count.
    """
    object_type = store.schema.object(object_name)
    _check(object_type.name, count)
    rng = chance(seed, "changes", object_type.name)
    target = Target(schema=store.schema, object_type=object_type, operation=Operation.UPDATE)
    with store.write() as connection:
        writer = Writer(
            connection=connection,
            store=store,
            user_id=rng.choice(OWNER_IDS),
            stamp=stored_datetime(now),
        )
        ids = _editable(connection, object_type.name, count, rng)
        for chunk in _chunks(ids, CHUNK_SIZE):
            _save(writer, target, _changes(connection, target, chunk, rng))
    return ids


def _check(name: str, count: int) -> None:
    if name not in _EDITABLE:
        allowed = ", ".join(_EDITABLE)
        message = f"Users do not edit records of {name}. Name one of these objects: {allowed}."
        raise ValueError(message)
    if count < 0:
        message = f"Users can't edit {count} records. Pass 0 or more."
        raise ValueError(message)


def _editable(connection: Connection, table: str, count: int, rng: Random) -> list[str]:
    """The ids of `count` random records that may be edited."""
    highest = "".join(("SELECT coalesce(max(rowid), 0) FROM ", quoted(table)))
    rows: int = connection.execute(highest).fetchone()[0]
    looks = min(rows, _LOOKS_PER_RECORD * count + _LEAST_LOOKS)
    found: list[str] = []
    for tried in (looks, rows):
        places = rng.sample(range(1, rows + 1), tried)
        found = list(islice(_among(connection, table, places), count))
        if len(found) == count or tried == rows:
            break
    return found


def _among(connection: Connection, table: str, places: Sequence[int]) -> Iterator[str]:
    """The ids of the records at some rowids that may be edited, in the order of `places`."""
    start = ("SELECT rowid, Id FROM ", quoted(table), " WHERE ", _EDITABLE[table])
    for chunk in _chunks(places, _ROWS_PER_LOOK):
        marks = ", ".join("?" * len(chunk))
        statement = "".join((*start, " AND rowid IN (", marks, ")"))
        found: dict[int, str] = dict(connection.execute(statement, chunk).fetchall())
        yield from (found[place] for place in chunk if place in found)


def _changes(
    connection: Connection, target: Target, ids: Sequence[str], rng: Random
) -> list[Change]:
    changes = []
    statuses = case_statuses(target.schema.object("Case"))
    for record_id, row in zip(ids, _rows(connection, target, ids), strict=True):
        kind = "Person" if row.get("IsPersonAccount") else target.object_type.name
        values: Values = edited(rng, kind, row, statuses)
        changes.append(Change(key=record_id, values=values))
    return changes


def _rows(
    connection: Connection, target: Target, ids: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    """The whole records in the order of their ids."""
    names = [field.name for field in target.object_type.columns]
    found = select_by(connection, target.object_type.name, names, "Id", ids)
    rows = {row["Id"]: row for row in found}
    return (rows[record_id] for record_id in ids)


def _save(writer: Writer, target: Target, changes: list[Change]) -> None:
    save_chunk(writer, target, changes)
    failed = [change for change in changes if change.errors]
    if failed:
        message = f"An edit was refused: {failed[0]}. Edits have to be what the org accepts."
        raise RuntimeError(message)


def _chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
