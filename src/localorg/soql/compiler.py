"""Turns a parsed SOQL statement into parameterised SQL for the org's SQLite tables."""

from collections.abc import Sized
from dataclasses import dataclass
from datetime import datetime

from localorg.schema import Schema
from localorg.soql import errors, nodes, semi_joins
from localorg.soql.conditions import Conditions
from localorg.soql.fragment import EMPTY, Fragment, Parameter, chained, joined, phrase
from localorg.soql.functions import Functions
from localorg.soql.grouping import Grouping, Groups, is_grouped
from localorg.soql.ordering import ordered, require_sortable
from localorg.soql.predicates import Filter, Predicate, require_filterable
from localorg.soql.scope import Scope
from localorg.soql.selecting import ROOT_ONLY, Children, Item, Selection, operand_of
from localorg.soql.statement import Statement

MAX_OFFSET = 2_000
# The query itself is the first of five levels of objects.
MAX_CHILD_LEVELS = 4
# Of the 100 places on the stack of SQLite's parser; the rest is for what stands around a condition.
MAX_DEPTH = 60
SEMI_JOIN_DEPTH = 12
# SQLite takes 32,766 parameters in a statement; some are for LIMIT and picklists' order.
MAX_VALUES = 30_000
# SQLite takes 2,000 columns in a SELECT; some are for what the answer needs besides.
MAX_COLUMNS = 1_900
MINE = frozenset({"mine", "mine_and_my_groups"})
EVERYTHING = "everything"
NO_USER = ""


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """What a compilation depends on besides the statement."""

    schema: Schema
    now: datetime
    # Whether records in the recycle bin are part of the answer (queryAll).
    include_deleted: bool = False
    # The user who asks, for USING SCOPE mine.
    user_id: str = NO_USER
    # The time zone in which the user's days begin and end. Defaults to UTC.
    zone: str = "UTC"

    def compile(self, query: nodes.Query) -> Statement:
        """Return the query checked against the schema.

        Raises:
            SalesforceError: INVALID_TYPE, INVALID_FIELD, MALFORMED_QUERY,
                INVALID_QUERY_FILTER_OPERATOR, INVALID_TYPE_FOR_OPERATION,
                NUMBER_OUTSIDE_VALID_RANGE or QUERY_TOO_COMPLICATED.

        """
        return self._compile(Scope(query, self.schema), 0)

    def _compile(self, scope: Scope, level: int) -> Statement:
        query = scope.query
        counts = _counts(query)
        grouping = None
        if is_grouped(query):
            grouping = Grouping(scope=scope, functions=self._functions(scope))
        items = () if counts or grouping else self._items(scope, level)
        where = self._where(scope)
        order_by = EMPTY if counts or grouping else self._order_by(scope)
        return Statement(
            object_type=scope.root.object_type,
            root=scope.root,
            items=items,
            groups=self._groups(scope, grouping, where) if grouping else None,
            tables={(): scope.root, **scope.tables},
            counts=counts,
            where=where,
            unfiltered=_is_unfiltered(query),
            order_by=order_by,
            sources=scope.sources,
            limit=query.limit,
            offset=_offset(query),
        )

    def _functions(self, scope: Scope) -> Functions:
        return Functions(statement=scope.query.text, zone=self.zone)

    def _items(self, scope: Scope, level: int) -> tuple[Item, ...]:
        selection = Selection(
            scope=scope,
            functions=self._functions(scope),
            children=lambda item: self._children(scope, item, level + 1),
        )
        items = selection.items()
        _check_columns(items)
        return items

    def _children(self, parent: Scope, item: nodes.SubQuery, level: int) -> Children:
        query = item.query
        found = self.schema.child_relationship(parent.root.object_type.name, query.source)
        if found is None:
            raise errors.no_such_children(query.text, query.source_position, query.source)
        if level > MAX_CHILD_LEVELS:
            message = f"sub-queries can be nested {MAX_CHILD_LEVELS} levels deep at most"
            raise errors.malformed(query.text, item.position, message)
        child, lookup = found
        if is_grouped(query) or _counts(query):
            raise errors.malformed(query.text, query.select[0].position, ROOT_ONLY)
        statement = self._compile(Scope(query, self.schema, source=child), level)
        name = lookup.child_relationship_name or query.source
        return Children(name=name, lookup=lookup, statement=statement)

    def _groups(self, scope: Scope, grouping: Grouping, where: Fragment) -> Groups:
        outputs = grouping.outputs()
        having = EMPTY
        if scope.query.having is not None:
            conditions = self._conditions(scope, grouping)
            having = _checked(conditions.fragment(scope.query.having))
        order_by = grouping.order_by()
        _check_columns(grouping.cells)
        source = grouping.source(where, having, order_by)
        if len(source.parameters) > MAX_VALUES:
            raise errors.too_complicated()
        return Groups(outputs=outputs, source=source)

    def _where(self, scope: Scope) -> Fragment:
        filters = self._not_deleted(scope)
        if scope.query.scope is not None:
            filters += self._using_scope(scope, scope.query.scope)
        if scope.query.where is not None:
            semi_joins.check_places(scope.query.where, scope.query.text)
            filters.append(self._conditions(scope, None).fragment(scope.query.where))
        return _checked(chained("AND", filters)) if filters else EMPTY

    def _not_deleted(self, scope: Scope) -> list[Fragment]:
        deleted = scope.root.object_type.fields.get("isdeleted")
        if deleted is None or self.include_deleted:
            return []
        return [Fragment(phrase(scope.root.expression(deleted), "= 0"))]

    def _using_scope(self, scope: Scope, asked: nodes.UsingScope) -> list[Fragment]:
        name = asked.name.lower()
        owner = scope.root.object_type.fields.get("ownerid")
        if name == EVERYTHING:
            return []
        if name not in MINE or owner is None:
            message = f"scope '{asked.name}' is not supported for {scope.root.object_type.name}"
            raise errors.malformed(scope.query.text, asked.position, message)
        values: tuple[Parameter, ...] = (self.user_id,)
        return [Fragment(phrase(scope.root.expression(owner), "= ?"), values)]

    def _conditions(self, scope: Scope, grouping: Grouping | None) -> Conditions:
        functions = self._functions(scope)
        return Conditions(
            statement=scope.query.text,
            now=self.now,
            zone=self.zone,
            operand=grouping.operand
            if grouping
            else lambda subject: operand_of(scope, functions, subject),
            semi_join=lambda subject, join: self._semi_join(scope, subject, join),
        )

    def _semi_join(self, scope: Scope, subject: Filter, join: nodes.SemiJoin) -> Predicate:
        left = semi_joins.check_left(scope, join, subject.column)
        require_filterable(subject)
        semi_joins.check_inner(join.query, scope)
        inner = Scope(join.query, self.schema)
        column = semi_joins.check_selected(join.query, inner, left).expression
        where = self._where(inner)
        present = Fragment(phrase(column, "IS NOT NULL"))
        where = chained("AND", [present, where] if where else [present])
        ids = joined(("SELECT", column, "FROM", inner.sources, "WHERE", where))
        test = joined((subject.expression, "IN (", ids, ")"))
        deeper = Fragment(test.text, test.parameters, where.depth + SEMI_JOIN_DEPTH)
        return Predicate(deeper, subject.expression)

    def _order_by(self, scope: Scope) -> Fragment:
        terms = []
        for term in scope.query.order_by:
            if isinstance(term.subject, nodes.FunctionCall):
                raise errors.unexpected_token(
                    scope.query.text, term.subject.position, term.subject.name
                )
            column = scope.column(term.subject)
            require_sortable(scope.query.text, term, column.field)
            terms.append((column, term))
        return ordered(terms)


def page(statement: Statement) -> Fragment:
    """Return ORDER BY, LIMIT and OFFSET of a statement."""
    order = joined(("ORDER BY", statement.order_by)) if statement.order_by else EMPTY
    return joined((order, limits(statement.limit, statement.offset)))


def limits(limit: int | None, offset: int | None) -> Fragment:
    """Return LIMIT and OFFSET."""
    if limit is None and offset is None:
        return EMPTY
    most = -1 if limit is None else limit  # -1 is SQLite's "all"
    return Fragment("LIMIT ? OFFSET ?", (most, offset or 0))


def _checked(condition: Fragment) -> Fragment:
    if condition.depth > MAX_DEPTH or len(condition.parameters) > MAX_VALUES:
        raise errors.too_complicated()
    return condition


def _check_columns(columns: Sized) -> None:
    if len(columns) > MAX_COLUMNS:
        raise errors.too_complicated()


def _is_unfiltered(query: nodes.Query) -> bool:
    filters = (query.where, query.scope, query.limit, query.offset)
    return not query.order_by and all(found is None for found in filters)


def _counts(query: nodes.Query) -> bool:
    """Say whether the query is `SELECT COUNT() FROM ...`."""
    counts = [
        item
        for item in query.select
        if isinstance(item, nodes.FunctionCall) and item.argument is None
    ]
    if not counts:
        return False
    [first, *_] = counts
    if len(query.select) > 1 or query.group_by is not None or first.alias is not None:
        raise errors.unexpected_token(query.text, first.position, first.name)
    return True


def _offset(query: nodes.Query) -> int | None:
    if query.offset is not None and query.offset > MAX_OFFSET:
        message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
        raise errors.number_outside_range(query.text, query.offset_position, message)
    return query.offset
