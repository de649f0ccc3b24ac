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
    """Make the stage where it is not there; what is in it stays.

    Both tables are unlogged, so that after a crash the note of a page is gone with its rows.
    """
    fields = sql.SQL(", ").join(
        sql.SQL('{} text COLLATE "C"').format(sql.Identifier(f"f{column.number}"))
        for column in columns
    )
    with connection.transaction():
        connection.execute(
            sql.SQL(
                "CREATE UNLOGGED TABLE IF NOT EXISTS {} ({}) WITH (autovacuum_enabled = off)"
            ).format(table(run_goal), fields)
        )
        connection.execute(
            sql.SQL(
                "CREATE UNLOGGED TABLE IF NOT EXISTS {} "
                "(query bigint, locator text, records integer NOT NULL, spoilt bigint NOT NULL, "
                "PRIMARY KEY (query, locator))"
            ).format(_pages(run_goal))
        )


def drop(connection: Connection[Any], run_goal: int) -> None:
    """Remove the stage and what was made of it, where it is there."""
    ordered = sql.Identifier("stage", f"import_{run_goal}_ordered")
    for name in (ordered, table(run_goal), _pages(run_goal)):
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))


def empty(connection: Connection[Any], run_goal: int) -> None:
    """Remove all rows, and the notes about them."""
    connection.execute(
        sql.SQL("TRUNCATE {}, {}").format(table(run_goal), _pages(run_goal)),
    )


def keep_oldest(connection: Connection[Any], run_goal: int, most: int) -> None:
    """Remove all rows but the first so many in the order of (stamp, id). Can be repeated.

    The notes of the pages stay: what was fetched is not fetched again.
    """
    statement = sql.SQL(
        "DELETE FROM {name} WHERE ctid NOT IN "
        "(SELECT ctid FROM {name} ORDER BY f2, f1, ctid LIMIT {most})"
    )
    connection.execute(statement.format(name=table(run_goal), most=sql.Literal(most)))


def has_doubles(connection: Connection[Any], run_goal: int) -> bool:
    """Whether some record is there twice in the same version: then another may be missing."""
    row = connection.execute(
        sql.SQL("SELECT EXISTS (SELECT FROM {} GROUP BY f1, f2 HAVING count(*) > 1)").format(
            table(run_goal)
        )
    ).fetchone()
    return bool(row and row[0])


def staged(connection: Connection[Any], run_goal: int) -> Rows:
    """How many rows are in, by the notes of the pages."""
    return _one(connection, sql.SQL("SELECT sum(records) FROM {}").format(_pages(run_goal)))


def staged_of(connection: Connection[Any], run_goal: int, query: int) -> Rows | None:
    """How many rows of a query are in; None where no page of it is."""
    row = connection.execute(
        sql.SQL("SELECT sum(records) FROM {} WHERE query = %s").format(_pages(run_goal)), [query]
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def pages(connection: Connection[Any], run_goal: int) -> int:
    """How many pages are in."""
    return _one(connection, sql.SQL("SELECT count(*) FROM {}").format(_pages(run_goal)))


def rows_behind(connection: Connection[Any], run_goal: int, stamp: str, record_id: str) -> Rows:
    """How many rows come after a place in the order of (stamp, id)."""
    statement = sql.SQL("SELECT count(*) FROM {} WHERE (f2, f1) > (%s, %s)")
    return _one(connection, statement.format(table(run_goal)), stamp, record_id)


def rows_of_page(
    connection: Connection[Any], run_goal: int, query: int, locator: str
) -> Rows | None:
    """How many rows of a page are in the stage; None where it is not in."""
    row = connection.execute(
        sql.SQL("SELECT records FROM {} WHERE query = %s AND locator = %s").format(
            _pages(run_goal)
        ),
        [query, locator],
    ).fetchone()
    return int(row[0]) if row else None


def note_page(
    connection: Connection[Any], run_goal: int, query: int, locator: str, rows: Rows, spoilt: int
) -> None:
    """Write down that a page is in, in the transaction that brought it."""
    connection.execute(
        sql.SQL("INSERT INTO {} VALUES (%s, %s, %s, %s)").format(_pages(run_goal)),
        [query, locator, rows, spoilt],
    )


def spoilt_bytes(connection: Connection[Any], run_goal: int) -> int:
    """How many bytes of all pages were no text."""
    return _one(connection, sql.SQL("SELECT sum(spoilt) FROM {}").format(_pages(run_goal)))


def copy_page(
    connection: Connection[Any],
    run_goal: int,
    columns: Iterable[Column],
    page: results.Page,
    spoilt: results.Spoilt,
) -> Rows:
    """Copy one page in. Raises `PageIncomplete` where it is not what was announced."""
    names = {column.field.lower(): f"f{column.number}" for column in columns}
    return results.copy_page(connection, table(run_goal), names, page, spoilt)


def _one(connection: Connection[Any], statement: sql.Composed, *given: object) -> int:
    row = connection.execute(statement, given).fetchone()
    return int(row[0] or 0) if row else 0
