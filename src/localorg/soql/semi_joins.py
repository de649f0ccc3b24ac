"""What Salesforce allows of `Id IN (SELECT ...)`, and where."""

from collections.abc import Iterator

from localorg.soql import errors, nodes
from localorg.soql.operands import Column, Operand
from localorg.soql.scope import Scope

IDS = frozenset({"id", "reference"})
MOST = 2
WITH_OR = "Semi join sub-selects are not allowed with the 'OR' operator"
NESTED_CONDITION = (
    "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested "
    "WHERE expressions."
)
NESTED = "Nesting of semi join sub-selects is not supported"
TOO_MANY = f"Maximum {MOST} semi join sub-selects are allowed"
SAME_OBJECT = "The inner and outer selects should not be on the same object type"
LEVELS = 2  # of a path: a parent and its field


def check_places(condition: nodes.Condition, statement: str) -> None:
    """Refuse semi-joins that are not joined by AND at the top of a WHERE clause, or too many.

    Raises:
        SalesforceError: MALFORMED_QUERY.

    """
    joins = list(_semi_joins(condition))
    top = condition.conditions if isinstance(condition, nodes.Junction) else (condition,)
    word = condition.word if isinstance(condition, nodes.Junction) else "AND"
    for join in joins:
        if not any(join is part for part in top):
            raise errors.malformed(statement, join.subject.position, NESTED_CONDITION)
        if word == "OR":
            raise errors.malformed(statement, join.subject.position, WITH_OR)
    if len(joins) > MOST:
        raise errors.malformed(statement, joins[MOST].subject.position, TOO_MANY)


def _semi_joins(condition: nodes.Condition) -> Iterator[nodes.SemiJoin]:
    if isinstance(condition, nodes.SemiJoin):
        yield condition
    elif isinstance(condition, nodes.Not):
        yield from _semi_joins(condition.condition)
    elif isinstance(condition, nodes.Junction):
        for part in condition.conditions:
            yield from _semi_joins(part)


def check_left(scope: Scope, join: nodes.SemiJoin, operand: Operand) -> Column:
    """Return the field before IN; raises MALFORMED_QUERY where it is not an id."""
    subject = join.subject
    if not isinstance(operand, Column) or operand.field.type not in IDS:
        message = (
            f"The left operand '{subject.text}' in the where expression for outer query should be "
            "an id or reference field"
        )
        raise errors.malformed(scope.query.text, subject.position, message)
    if len(operand.path) > LEVELS:
        message = (
            f"The left operand '{subject.text}' cannot have more than one level of relationships"
        )
        raise errors.malformed(scope.query.text, subject.position, message)
    return operand


def check_inner(query: nodes.Query, outer: Scope) -> None:
    """Refuse clauses that the query inside cannot have; raises MALFORMED_QUERY."""
    text = query.text
    clauses = (
        (query.group_by, query.group_by.position if query.group_by else 0, "GROUP"),
        (query.order_by, query.order_position, "ORDER"),
        (query.limit is not None, query.limit_position, "LIMIT"),
        (query.offset is not None, query.offset_position, "OFFSET"),
        (query.purpose, query.purpose_position, "FOR"),
    )
    for there, position, word in clauses:
        if there:
            raise errors.malformed(text, position, f"missing value at '{word}'")
    if query.source.lower() == outer.root.object_type.name.lower():
        raise errors.malformed(text, query.source_position, SAME_OBJECT)
    if query.where is not None and any(_semi_joins(query.where)):
        raise errors.malformed(text, query.position, NESTED)


def check_selected(query: nodes.Query, inner: Scope, left: Column) -> Column:
    """Return the one field that the query inside selects; raises MALFORMED_QUERY."""
    [item, *more] = query.select
    if more or not isinstance(item, nodes.FieldPath):
        message = "semi join sub-selects can only select one ID or reference field"
        raise errors.malformed(query.text, query.position, message)
    column = inner.column(item)
    if column.field.type not in IDS or column.is_parents:
        message = f"semi join sub-selects can only query id fields, cannot use: '{item.text}'"
        raise errors.malformed(query.text, item.position, message)
    if not _objects(left) & _objects(column):
        message = (
            f"The selected field '{column.field.name}' in the subquery and the left operand field "
            f"in the where expression in the outer query '{'.'.join(left.path)}' should point to "
            "the same object type"
        )
        raise errors.malformed(query.text, query.position, message)
    return column


def _objects(column: Column) -> set[str]:
    """Return the objects whose records an id may be of."""
    if column.field.type == "id":
        return {column.table.object_type.name}
    return set(column.field.reference_to)
