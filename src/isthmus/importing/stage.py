"""A goal's records as Salesforce sent them, in a table of texts, until they are merged."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection, sql

from isthmus.connections import results
from isthmus.importing.fields import Column

Rows = int


def table(run_goal: int) -> sql.Identifier:
    """The stage of one goal in one run."""
    return sql.Identifier("stage", f"import_{run_goal}")


def _pages(run_goal: int) -> sql.Identifier:
    return sql.Identifier("stage", f"import_{run_goal}_page")


def create(connection: Connection[Any], run_goal: int, columns: Iterable[Column]) -> None:
    """Make the stage, empty.

    Both tables are unlogged, so that after a crash the note of a page is gone with its rows.
    """
    fields = sql.SQL(", ").join(
        sql.SQL('{} text COLLATE "C"').format(sql.Identifier(f"f{column.number}"))
        for column in columns
    )
    with connection.transaction():
        drop(connection, run_goal)
        connection.execute(
            sql.SQL("CREATE UNLOGGED TABLE {} ({}) WITH (autovacuum_enabled = off)").format(
                table(run_goal), fields
            )
        )
        connection.execute(
            sql.SQL(
                "CREATE UNLOGGED TABLE {} (locator text PRIMARY KEY, records integer NOT NULL)"
            ).format(_pages(run_goal))
        )


def drop(connection: Connection[Any], run_goal: int) -> None:
    """Remove the stage, where it is there."""
    for name in (table(run_goal), _pages(run_goal)):
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))


def order(connection: Connection[Any], run_goal: int) -> None:
    """Make the stage readable by (stamp, id), the order in which records are applied."""
    connection.execute(sql.SQL("CREATE INDEX ON {} (f2, f1)").format(table(run_goal)))
    connection.execute(sql.SQL("ANALYZE {} (f1, f2)").format(table(run_goal)))


def rows_of_page(connection: Connection[Any], run_goal: int, note: str) -> Rows | None:
    """How many rows of a page are in the stage; None where it is not in."""
    row = connection.execute(
        sql.SQL("SELECT records FROM {} WHERE locator = %s").format(_pages(run_goal)), [note]
    ).fetchone()
    return int(row[0]) if row else None


def note_page(connection: Connection[Any], run_goal: int, note: str, rows: Rows) -> None:
    """Write down that a page is in, in the transaction that brought it."""
    connection.execute(
        sql.SQL("INSERT INTO {} VALUES (%s, %s)").format(_pages(run_goal)), [note, rows]
    )


def copy_page(
    connection: Connection[Any], run_goal: int, columns: Iterable[Column], page: results.Page
) -> Rows:
    """Copy one page in. Raises `PageIncomplete` where it is not what was announced."""
    names = {column.field.lower(): f"f{column.number}" for column in columns}
    return results.copy_page(connection, table(run_goal), names, page)
