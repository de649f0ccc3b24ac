"""The SQL for the records of a sub-query, for many parents at once."""

from dataclasses import replace

from localorg.soql.fragment import Fragment, chained, joined, phrase
from localorg.soql.selecting import Children
from localorg.soql.statement import Statement

OF_PARENTS = "IN ( SELECT value FROM json_each ( ? ) )"


def select_child_counts(children: Children) -> Fragment:
    """Return the query for (parent's id, number of its children), without LIMIT and OFFSET.

    The parents' ids are to be added as last parameter, a JSON array.
    """
    lookup = _lookup(children)
    return joined(
        (
            phrase("SELECT", lookup, ", count(*) FROM", children.statement.sources),
            _where(children),
            phrase("GROUP BY", lookup),
        )
    )


def select_child_places(children: Children) -> Fragment:
    """Return the query for (parent's id, place of a child), each parent's in their order.

    Three parameters are to be added: the parents' ids as a JSON array, how many children of each
    parent are passed over, and up to which one they are read.
    """
    statement = children.statement
    order = statement.order_by or Fragment(statement.place)
    lookup = _lookup(children)
    return joined(
        (
            phrase("SELECT parent, place FROM ( SELECT", lookup, "AS parent,", statement.place),
            phrase("AS place, row_number() OVER ( PARTITION BY", lookup, "ORDER BY"),
            order,
            phrase(") AS number FROM", statement.sources),
            _where(children),
            ") WHERE number > ? AND number <= ? ORDER BY number",
        )
    )


def only_of(children: Children, parent_id: str) -> Statement:
    """Return the sub-query as a query of its own for the children of one parent."""
    mine = Fragment(phrase(_lookup(children), "= ?"), (parent_id,))
    statement = children.statement
    where = chained("AND", [statement.where, mine]) if statement.where else mine
    return replace(statement, where=where)


def shown(children: Children, count: int) -> int:
    """Return how many of `count` children LIMIT and OFFSET leave."""
    rest = max(0, count - (children.statement.offset or 0))
    limit = children.statement.limit
    return rest if limit is None else min(rest, limit)


def _lookup(children: Children) -> str:
    return children.statement.root.expression(children.lookup)


def _where(children: Children) -> Fragment:
    """Return WHERE with the parents' ids as last parameter."""
    mine = Fragment(phrase(_lookup(children), OF_PARENTS))
    where = children.statement.where
    # The conditions come first, so that the ids are the last parameter.
    return joined(("WHERE", where, "AND", mine)) if where else joined(("WHERE", mine))
