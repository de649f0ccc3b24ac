"""The SQL that asks the store for a compiled query's ids, rows, groups or number of rows."""

from collections.abc import Sequence

from localorg.soql.compiler import limits, page
from localorg.soql.fragment import EMPTY, Fragment, joined, phrase
from localorg.soql.scope import source_of
from localorg.soql.statement import Statement


def select_ids(statement: Statement) -> Fragment:
    """Return the query for the ids of all records of the answer, in its order."""
    return select(statement, [statement.identity])


def select_count(statement: Statement) -> Fragment:
    """Return the query for the number of records of the answer, which LIMIT may cut."""
    rows = select(statement, ["1"])
    return joined(("SELECT count(*) FROM (", rows, ")"))


def select(statement: Statement, expressions: Sequence[str]) -> Fragment:
    """Return the query for SQL expressions over the records of the answer, in its order."""
    where = joined(("WHERE", statement.where)) if statement.where else EMPTY
    head = ("SELECT", ", ".join(expressions), "FROM", statement.sources)
    return joined((*head, where, page(statement)))


def select_snapshot(statement: Statement) -> Fragment:
    """Return the query for a JSON array of the places of all records, in the answer's order.

    One text is read ten times as fast as as many rows are. SQLite keeps the order of the inner
    query, because its optimiser knows that what an array's aggregate answers depends on it.
    """
    rows = select(statement, [phrase(statement.place, "AS place")])
    return joined(("SELECT json_group_array ( place ) FROM (", rows, ")"))


def select_row_count(statement: Statement) -> Fragment:
    """Return the query for how many rows the query's object has, deleted records among them."""
    return Fragment(phrase("SELECT count ( * ) FROM", source_of(statement.object_type)))


def select_last_row(statement: Statement) -> Fragment:
    """Return the query for the highest row number of the query's object."""
    return Fragment(phrase("SELECT max ( rowid ) FROM", source_of(statement.object_type)))


def select_deleted_rows(statement: Statement) -> Fragment:
    """Return the query for the row numbers of the object's deleted records, in any order.

    An order would keep SQLite from the index on them.
    """
    source = source_of(statement.object_type)
    return Fragment(phrase("SELECT rowid FROM", source, 'WHERE "IsDeleted" = 1'))


def select_highest_id(statement: Statement) -> Fragment:
    """Return the query for the highest id of the query's object, null where it has no records."""
    return Fragment(phrase("SELECT max ( Id ) FROM", source_of(statement.object_type)))


def select_rows(statement: Statement, expressions: Sequence[str], *, deleted_too: bool) -> Fragment:
    """Return the query for expressions over some records, in any order.

    Its two parameters are to be added at the end: a JSON array of places, and the highest id
    that there was when they were read; SQLite may give a row number again when the last record is
    gone for good, and ids only rise. Records that went to the recycle bin since are left out
    unless `deleted_too`.
    """
    root = statement.root
    deleted = statement.object_type.fields.get("isdeleted")
    alive = ""
    if deleted is not None and not deleted_too:
        alive = phrase("AND", root.expression(deleted), "= 0")
    return joined(
        (
            "SELECT",
            ", ".join(expressions),
            "FROM",
            statement.sources,
            "WHERE",
            statement.place,
            "IN ( SELECT value FROM json_each ( ? ) ) AND",
            statement.identity,
            "<= ?",
            alive,
        )
    )


def select_groups(statement: Statement, expressions: Sequence[str], most: int) -> Fragment:
    """Return the query for up to `most` groups, one row for each.

    The expressions are over the groups' outputs, which are called c0, c1 and so on.
    """
    if statement.groups is None:
        raise ValueError("select_groups() takes a statement with groups; ask `groups` first")
    limit = most if statement.limit is None else min(most, statement.limit)
    head = ("SELECT", ", ".join(expressions), "FROM")
    return joined((*head, statement.groups.source, limits(limit, statement.offset)))
