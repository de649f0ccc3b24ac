"""The SQL that asks the store for a compiled query's ids, rows or number of rows."""

from collections.abc import Sequence

from localorg.soql.compiler import Statement, page
from localorg.soql.fragment import EMPTY, Fragment, joined, phrase, placeholders


def select_ids(statement: Statement) -> Fragment:
    """Return the query for the ids of all records of the answer, in its order."""
    return select(statement, [statement.root.column(statement.object_type.field("Id")).expression])


def select_count(statement: Statement) -> Fragment:
    """Return the query for the number of records of the answer, which LIMIT may cut."""
    rows = select(statement, ["1"])
    return joined(("SELECT count(*) FROM (", rows, ")"))


def select(statement: Statement, expressions: Sequence[str]) -> Fragment:
    """Return the query for SQL expressions over the records of the answer, in its order."""
    where = joined(("WHERE", statement.where)) if statement.where else EMPTY
    head = ("SELECT", ", ".join(expressions), "FROM", statement.sources)
    return joined((*head, where, page(statement)))


def select_rows(
    statement: Statement, expressions: Sequence[str], ids: Sequence[str], *, deleted_too: bool
) -> Fragment:
    """Return the query for expressions over the records with these ids, in any order.

    Records that went to the recycle bin since the ids were read are left out unless `deleted_too`.
    """
    root = statement.root
    key = root.column(statement.object_type.field("Id")).expression
    deleted = statement.object_type.fields.get("isdeleted")
    alive = ""
    if deleted is not None and not deleted_too:
        alive = phrase("AND", root.column(deleted).expression, "= 0")
    head = ("SELECT", ", ".join(expressions), "FROM", statement.sources, "WHERE", key, "IN")
    return joined((*head, placeholders(ids), alive))
