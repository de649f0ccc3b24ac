"""The few statements that records are read and written with; names come from the schema."""

import sqlite3
from collections.abc import Iterable, Sequence

from localorg.dml.conversion import Stored
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
    order = (*columns, "Id")
    connection.executemany(statement, [tuple([row[name] for name in order]) for row in rows])


def insert_rows(connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows; a column that a row has no value for is left empty."""
    columns = sorted({name for row in rows for name in row})
    names = ", ".join(map(quoted, columns))
    statement = "".join(
        ("INSERT INTO ", quoted(table), " (", names, ") VALUES (", marks(len(columns)), ")")
    )
    connection.executemany(statement, [tuple([row.get(name) for name in columns]) for row in rows])


def marks(count: int) -> str:
    """The place-holders of `count` parameters."""
    return ", ".join("?" * count)
