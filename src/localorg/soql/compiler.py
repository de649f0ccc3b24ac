"""Turns a parsed SOQL statement into parameterised SQL for the org's SQLite tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from localorg.schema import Field, ObjectType, Schema
from localorg.soql import errors, nodes
from localorg.soql.fragment import EMPTY, Fragment, chained, joined, phrase
from localorg.soql.predicates import (
    IDS,
    Filter,
    Predicate,
    comparison,
    membership,
    negated,
    require_filterable,
    selection,
)
from localorg.soql.scope import Column, Scope, Table

MAX_OFFSET = 2_000
MAX_FIELDS_LIMIT = 200
# Of the 100 places on the stack of SQLite's parser; the rest is for what stands around a condition.
MAX_DEPTH = 60
SEMI_JOIN_DEPTH = 12
# SQLite takes 32,766 parameters in a statement; some are for LIMIT and picklists' order.
MAX_VALUES = 30_000
NEGATIVE = {"NOT IN", "EXCLUDES"}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A checked query, ready to be asked for ids, rows or a number of rows."""

    object_type: ObjectType
    root: Table
    # The root and the parents that the query reaches, by their paths.
    tables: Mapping[tuple[str, ...], Table]
    # Selected fields in order; empty for COUNT(). Addresses are among them, without a column.
    columns: tuple[Column, ...]
    counts: bool
    sources: str
    where: Fragment
    order_by: Fragment
    limit: int | None
    offset: int | None


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """What a compilation depends on besides the statement."""

    schema: Schema
    now: datetime
    # Whether records in the recycle bin are part of the answer (queryAll).
    include_deleted: bool = False

    def compile(self, query: nodes.Query) -> Statement:
        """Return the query checked against the schema.

        Raises:
            SalesforceError: INVALID_TYPE, INVALID_FIELD, MALFORMED_QUERY,
                INVALID_QUERY_FILTER_OPERATOR, NUMBER_OUTSIDE_VALID_RANGE or QUERY_TOO_COMPLICATED.

        """
        scope = Scope(query, self.schema)
        counts = _counts(query)
        columns = () if counts else tuple(_columns(scope))
        where = self._where(scope)
        return Statement(
            object_type=scope.root.object_type,
            root=scope.root,
            tables={(): scope.root, **scope.tables},
            columns=columns,
            counts=counts,
            where=where,
            order_by=_order_by(scope),
            sources=scope.sources,
            limit=query.limit,
            offset=_offset(query),
        )

    def _where(self, scope: Scope) -> Fragment:
        filters = []
        root = scope.root
        deleted = root.object_type.fields.get("isdeleted")
        if deleted is not None and not self.include_deleted:
            filters.append(Fragment(phrase(root.column(deleted).expression, "= 0")))
        if scope.query.where is not None:
            filters.append(self._condition(scope, scope.query.where).fragment)
        where = chained("AND", filters) if filters else EMPTY
        if where.depth > MAX_DEPTH or len(where.parameters) > MAX_VALUES:
            raise errors.too_complicated()
        return where

    def _condition(self, scope: Scope, condition: nodes.Condition) -> Predicate:
        if isinstance(condition, nodes.Junction):
            return self._junction(scope, condition, condition.word)
        if isinstance(condition, nodes.Not):
            return self._negation(scope, condition.condition)
        if isinstance(condition, nodes.Comparison):
            subject = self._subject(scope, condition.path)
            return comparison(subject, condition.operator, condition.value)
        listed = self._listed(scope, condition)
        return negated(listed) if condition.operator in NEGATIVE else listed

    def _junction(self, scope: Scope, junction: nodes.Junction, word: str) -> Predicate:
        parts = [self._condition(scope, part).fragment for part in junction.conditions]
        return Predicate(chained(word, parts))

    def _negation(self, scope: Scope, condition: nodes.Condition) -> Predicate:
        """Return the opposite; NOT moves inwards to the filters, which know about nulls."""
        if isinstance(condition, nodes.Not):
            return self._condition(scope, condition.condition)
        if isinstance(condition, nodes.Junction):
            opposites = tuple(nodes.Not(condition=part) for part in condition.conditions)
            word = "OR" if condition.word == "AND" else "AND"
            return self._junction(scope, nodes.Junction(word=word, conditions=opposites), word)
        return negated(self._condition(scope, condition))

    def _listed(self, scope: Scope, condition: nodes.Membership | nodes.SemiJoin) -> Predicate:
        subject = self._subject(scope, condition.path)
        if isinstance(condition, nodes.SemiJoin):
            return self._semi_join(subject, condition.query)
        test = selection if condition.operator in {"INCLUDES", "EXCLUDES"} else membership
        return test(subject, condition.values)

    def _semi_join(self, subject: Filter, query: nodes.Query) -> Predicate:
        require_filterable(subject)
        inner = self.compile(query)
        if len(inner.columns) != 1 or inner.columns[0].field.type not in IDS:
            message = "semi join sub-selects can only select one ID or reference field"
            raise errors.malformed(query.text, query.source_position, message)
        column = inner.columns[0].expression
        present = Fragment(phrase(column, "IS NOT NULL"))
        where = chained("AND", [present, inner.where] if inner.where else [present])
        ids = joined(("SELECT", column, "FROM", inner.sources, "WHERE", where))
        test = joined((subject.expression, "IN (", ids, page(inner), ")"))
        deeper = Fragment(test.text, test.parameters, where.depth + SEMI_JOIN_DEPTH)
        return Predicate(deeper, subject.expression)

    def _subject(self, scope: Scope, path: nodes.FieldPath) -> Filter:
        return Filter(
            statement=scope.query.text, path=path, column=scope.column(path), now=self.now
        )


def page(statement: Statement) -> Fragment:
    """Return ORDER BY, LIMIT and OFFSET of a statement."""
    order = joined(("ORDER BY", statement.order_by)) if statement.order_by else EMPTY
    if statement.limit is None and statement.offset is None:
        return order
    limit = -1 if statement.limit is None else statement.limit  # -1 is SQLite's "all"
    return joined((order, Fragment("LIMIT ? OFFSET ?", (limit, statement.offset or 0))))


def _counts(query: nodes.Query) -> bool:
    """Say whether the query is `SELECT COUNT() FROM ...`."""
    first = query.select[0]
    if not isinstance(first, nodes.FunctionCall) or first.argument is not None:
        return False
    if first.name.upper() != "COUNT" or len(query.select) > 1 or query.group_by:
        raise errors.unexpected_token(query.text, first.position, first.name)
    return True


def _columns(scope: Scope) -> Iterator[Column]:
    """Yield the selected fields, each once."""
    if scope.query.group_by is not None:
        raise _not_understood(scope, scope.query.group_by.position, "GROUP BY")
    seen = set()
    for item in scope.query.select:
        for column in _selected(scope, item):
            if column.path in seen:
                raise errors.invalid_field(
                    scope.query.text,
                    item.position,
                    f"duplicate field selected: {'.'.join(column.path)}",
                )
            seen.add(column.path)
            yield column


def _selected(scope: Scope, item: nodes.SelectItem) -> list[Column]:
    if isinstance(item, nodes.FieldPath):
        return [scope.column(item)]
    if isinstance(item, nodes.FieldsFunction):
        return _field_group(scope, item)
    if isinstance(item, nodes.FunctionCall):
        raise _not_understood(scope, item.position, f"{item.name}()")
    name = "TYPEOF" if isinstance(item, nodes.TypeOf) else "a sub-query"
    raise _not_understood(scope, item.position, name)


def _field_group(scope: Scope, item: nodes.FieldsFunction) -> list[Column]:
    limit = scope.query.limit
    if item.group != "STANDARD" and (limit is None or limit > MAX_FIELDS_LIMIT):
        raise errors.malformed_without_caret(
            f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}"
        )
    fields = scope.root.object_type.fields.values()
    return [scope.root.column(field) for field in fields if _in_group(field, item.group)]


def _in_group(field: Field, group: str) -> bool:
    return group == "ALL" or field.custom == (group == "CUSTOM")


def _not_understood(scope: Scope, position: int, what: str) -> Exception:
    message = (
        f"localorg does not run {what} in SELECT yet: select fields, parent fields, "
        "FIELDS(...) or COUNT() alone"
    )
    return errors.malformed(scope.query.text, position, message)


def _order_by(scope: Scope) -> Fragment:
    terms = [_ordering(scope, term) for term in scope.query.order_by]
    parameters = [value for term in terms for value in term.parameters]
    return Fragment(", ".join(term.text for term in terms), tuple(parameters))


def _ordering(scope: Scope, term: nodes.Ordering) -> Fragment:
    column = scope.column(term.path)
    if not column.field.sortable or not column.field.stored:
        message = f"field '{column.field.name}' can not be sorted in a query call"
        raise errors.invalid_field(scope.query.text, term.path.position, message)
    direction = "DESC" if term.descending else "ASC"
    nulls = "NULLS LAST" if term.nulls_last else "NULLS FIRST"
    return joined((_sort_key(column), direction, nulls))


def _sort_key(column: Column) -> Fragment:
    """Return what rows are sorted by: picklists by their values' order, texts without case."""
    values = column.field.picklist_values
    if column.field.type == "picklist" and values:
        whens = ["WHEN ? THEN ?"] * len(values)
        numbers = [part for place, entry in enumerate(values) for part in (entry.value, place)]
        text = phrase("CASE", column.expression, *whens, "ELSE", column.expression, "END")
        return Fragment(text, tuple(numbers))
    collation = "COLLATE NOCASE" if column.field.is_text else ""
    return Fragment(phrase(column.expression, collation))


def _offset(query: nodes.Query) -> int | None:
    if query.offset is not None and query.offset > MAX_OFFSET:
        message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
        raise errors.number_outside_range(query.text, query.offset_position, message)
    return query.offset
