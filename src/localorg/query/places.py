"""Where the records of an answer are, kept small."""

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, cast

from localorg.soql import Fragment, Statement
from localorg.soql.statements import select_deleted_rows, select_last_row, select_row_count

# Row numbers, or ids where the rows come from no table.
Places = Sequence[int | str]


def compact(places: list[int | str]) -> Places:
    """Return places in eight bytes each, where they are row numbers."""
    if places and isinstance(places[0], int):  # they are all of one kind
        return array("q", cast("list[int]", places))
    return places


def all_places(connection: sqlite3.Connection, statement: Statement) -> Places | None:
    """Return where the records are that a query without conditions asks for.

    Nothing is read of the rows: they are numbered from 1, and what is deleted an index knows. None
    for other queries, and where numbers are missing because records are gone for good.
    """
    if not statement.unfiltered or statement.object_type.source is not None:
        return None
    [[count]] = _rows(connection, select_row_count(statement))
    [[last]] = _rows(connection, select_last_row(statement))
    if count != (last or 0):
        return None
    deleted = _rows(connection, select_deleted_rows(statement)) if statement.where else []
    return without(range(1, count + 1), sorted(number for [number] in deleted))


def without(numbers: range, left_out: Iterable[int]) -> Sequence[int]:
    """Return rising numbers without some of them, which are in order, too."""
    start, kept = numbers.start, array("q")
    for number in left_out:
        kept.extend(range(start, number))
        start = number + 1
    if not kept:
        return range(start, numbers.stop)
    kept.extend(range(start, numbers.stop))
    return kept


def _rows(connection: sqlite3.Connection, query: Fragment) -> list[Any]:
    return connection.execute(query.text, query.parameters).fetchall()
