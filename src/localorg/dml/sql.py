"""The few statements that records are read and written with; names come from the schema."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter

from localorg.dml.conversion import Stored
from localorg.schema import ObjectType
from localorg.store import quoted

Row = dict[str, Stored]


def select_by(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    key: str,
    values: Sequence[Stored],
) -> list[Row]:
    """The rows whose column `key` has one of `values`, as dicts of `columns`."""
    if not values:
        return []
    names = ", ".join(map(quoted, columns))
    condition = (" WHERE ", quoted(key), " IN (", marks(len(values)), ")")
    statement = "".join(("SELECT ", names, " FROM ", quoted(table), *condition))
    found = connection.execute(statement, tuple(values))
    return [dict(zip(columns, row, strict=True)) for row in found]


def update_rows(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    """Set `columns` of each row, which is found by its Id."""
    assignments = ", ".join(f"{quoted(name)} = ?" for name in columns)
    statement = "".join(("UPDATE ", quoted(table), " SET ", assignments, " WHERE Id = ?"))
    connection.executemany(statement, map(itemgetter(*columns, "Id"), rows))


def insert_rows(connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows; a column that a row has no value for is left empty."""
    columns = sorted(set[str]().union(*rows))
    if all(len(row) == len(columns) > 1 for row in rows):
        found = list(map(itemgetter(*columns), rows))
    else:
        found = [tuple([row.get(name) for name in columns]) for row in rows]
    # One statement for many rows is a fifth faster than one for each.
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // max(len(columns), 1)
    for first in range(0, len(found), most):
        part = found[first : first + most]
        statement = _insert_statement(table, tuple(columns), len(part))
        connection.execute(statement, list(chain.from_iterable(part)))


@lru_cache(maxsize=64)
def _insert_statement(table: str, columns: tuple[str, ...], count: int) -> str:
    names = ", ".join(map(quoted, columns))
    values = ", ".join([f"({marks(len(columns))})"] * count)
    return "".join(("INSERT INTO ", quoted(table), " (", names, ") VALUES ", values))


def marks(count: int) -> str:
    """The place-holders of `count` parameters."""
    return ", ".join("?" * count)


def deletion(object_type: ObjectType) -> tuple[str, ...]:
    """The column that says whether a record is deleted, where the object has one."""
    return ("IsDeleted",) if "isdeleted" in object_type.fields else ()
