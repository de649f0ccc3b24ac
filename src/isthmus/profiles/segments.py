"""Segments of the store: a condition as SQL, and who meets it.

What each operator means is said in `isthmus.domain.segments`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from psycopg import Connection, sql

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.segments import (
    Condition,
    Conjunction,
    Disjunction,
    Kind,
    Negation,
    Operand,
    Operator,
    PropertyComparison,
    SegmentError,
    Span,
    SystemComparison,
    SystemValue,
)
from isthmus.domain.segments.calendar import Calendar, after, before
from isthmus.domain.segments.operators import SYSTEM_KINDS, kind_of_property

ALIAS = "p"
"""The name under which a query that uses a predicate has `store.profile`."""

SAMPLE_SIZE = 10

_SYSTEM_COLUMNS = {
    SystemValue.CREATED: sql.Identifier(ALIAS, "created_at"),
    SystemValue.CHANGED: sql.Identifier(ALIAS, "updated_at"),
    SystemValue.PROFILE_ID: sql.Identifier(ALIAS, "profile_id"),
}
_OPPOSITES = {Operator.IS_NOT: Operator.IS, Operator.NONE_OF: Operator.ANY_OF}
_CONTENTS = {
    Operator.IS: sql.SQL("&&"),
    Operator.ANY_OF: sql.SQL("&&"),
    Operator.ALL_OF: sql.SQL("@>"),
}


def predicate(
    condition: Condition,
    properties: Mapping[str, PropertyDefinition],
    *,
    now: datetime,
    timezone: str,
) -> sql.Composed:
    """The condition over the alias `p` of `store.profile`: true or false, never null.

    `now` has an offset; `timezone` is an IANA name. Values stand in the text as literals, because
    COPY takes no parameters; the text has no `%`, so it may also stand beside parameters.

    Raises `SegmentError` where the condition uses a property that is not in `properties`.
    """
    return _Predicate(properties=properties, calendar=Calendar.at(now, timezone)).of(condition)


def count_statement(where: sql.Composed) -> sql.Composed:
    """How many profiles meet the predicate `where`."""
    return sql.SQL("SELECT count(*) FROM store.profile AS p WHERE {where}").format(where=where)


def sample_statement(where: sql.Composed, size: int) -> sql.Composed:
    """The ids of the `size` profiles that came first of those that meet the predicate `where`."""
    return sql.SQL(
        """
        SELECT p.profile_id FROM store.profile AS p
        WHERE {where}
        ORDER BY p.profile_id
        LIMIT {size}
        """
    ).format(where=where, size=sql.Literal(size))


def segment_count(
    connection: Connection[Any],
    condition: Condition,
    properties: Mapping[str, PropertyDefinition],
    *,
    now: datetime,
    timezone: str,
) -> int:
    """How many profiles meet the condition at `now`, exactly."""
    where = predicate(condition, properties, now=now, timezone=timezone)
    (count,) = connection.execute(count_statement(where)).fetchone() or (0,)
    return int(count)


def sample(
    connection: Connection[Any],
    condition: Condition,
    properties: Mapping[str, PropertyDefinition],
    *,
    now: datetime,
    timezone: str,
) -> list[UUID]:
    """At most ten profiles that meet the condition at `now`: the ids, oldest first."""
    where = predicate(condition, properties, now=now, timezone=timezone)
    return [row[0] for row in connection.execute(sample_statement(where, SAMPLE_SIZE))]


@dataclass(frozen=True, kw_only=True)
class _Predicate:
    """Walks the tree."""

    properties: Mapping[str, PropertyDefinition]
    calendar: Calendar

    def of(self, condition: Condition) -> sql.Composed:
        match condition:
            case Conjunction(parts=parts):
                return _all([self.of(part) for part in parts])
            case Disjunction(parts=parts):
                return _any([self.of(part) for part in parts])
            case Negation(part=part):
                return _not(self.of(part))
            case _ if condition.operator in _OPPOSITES:
                return _not(self.of(replace(condition, operator=_OPPOSITES[condition.operator])))
            case PropertyComparison():
                return self._property(condition)
            case SystemComparison():
                return self._system(condition)

    def _property(self, test: PropertyComparison) -> sql.Composed:
        definition = self._definition(test.property)
        column = sql.Identifier(ALIAS, definition.column)
        if test.operator is Operator.IS_EMPTY:
            empty = _empty(column, definition)
            return empty if test.operands[0] else _not(empty)
        comparison = _Comparison(
            kind=kind_of_property(definition.type),
            operator=test.operator,
            operands=test.operands,
            match_case=test.match_case,
            calendar=self.calendar,
        )
        if definition.list:
            return comparison.some_element(column)
        # An empty value makes the comparison null, and `not` would leave that null. Unlike
        # coalesce, IS TRUE keeps the planner's estimate of the comparison.
        return sql.SQL("({} IS TRUE)").format(comparison.holds(column))

    def _definition(self, key: str) -> PropertyDefinition:
        if key in self.properties:
            return self.properties[key]
        raise SegmentError(
            f"The segment asks for property {key!r}, which is no longer there. "
            f"Change the segment's conditions, or make the property again."
        )

    def _system(self, test: SystemComparison) -> sql.Composed:
        if test.system is SystemValue.KNOWN:
            return _known(wanted=set(test.operands))
        comparison = _Comparison(
            kind=SYSTEM_KINDS[test.system],
            operator=test.operator,
            operands=test.operands,
            calendar=self.calendar,
        )
        # These columns are never null, and bare a profile id is looked up in the primary key.
        return comparison.holds(_SYSTEM_COLUMNS[test.system])


def _all(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL("({})").format(sql.SQL(" AND ").join(parts))


def _any(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL("({})").format(sql.SQL(" OR ").join(parts))


def _not(part: sql.Composable) -> sql.Composed:
    return sql.SQL("(NOT {})").format(part)


def _array(values: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(values))


def _empty(column: sql.Identifier, definition: PropertyDefinition) -> sql.Composed:
    if definition.list:
        return sql.SQL("(coalesce(cardinality({}), 0) = 0)").format(column)
    if definition.type.is_text:
        return sql.SQL("(coalesce({}, '') = '')").format(column)
    return sql.SQL("({} IS NULL)").format(column)


def _known(*, wanted: set[Operand]) -> sql.Composed:
    known = sql.SQL(
        "EXISTS (SELECT FROM store.identifier AS i WHERE i.profile_id = {profile_id})"
    ).format(profile_id=_SYSTEM_COLUMNS[SystemValue.PROFILE_ID])
    if wanted == {True, False}:
        return sql.Composed([sql.SQL("true")])
    return known if wanted == {True} else _not(known)


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """A value, or the elements of a list, compared with operands."""

    kind: Kind
    operator: Operator  # none of the opposites, and not is_empty
    operands: tuple[Operand, ...]
    match_case: bool = False
    calendar: Calendar

    def some_element(self, column: sql.Identifier) -> sql.Composed:
        """Whether an element of the list satisfies; for all_of, whether one does for each."""
        if self.kind is Kind.TEXT and self.operator in _CONTENTS:
            return self._shares_text(column)
        if self.operator is Operator.ALL_OF:
            return _all(self._each_operand(column))
        return sql.SQL(
            "EXISTS (SELECT FROM unnest({column}) AS element (value) WHERE {holds})"
        ).format(column=column, holds=self.holds(sql.Identifier("element", "value")))

    def _each_operand(self, column: sql.Identifier) -> Iterator[sql.Composed]:
        for operand in self.operands:
            one = replace(self, operator=Operator.IS, operands=(operand,))
            yield one.some_element(column)

    def _shares_text(self, column: sql.Identifier) -> sql.Composed:
        return sql.SQL("(({elements} {shares} {values}) IS TRUE)").format(
            elements=column if self.match_case else _lower_elements(column),
            shares=_CONTENTS[self.operator],
            values=_array(self._texts()),
        )

    def holds(self, value: sql.Composable) -> sql.Composed:
        """Whether the one value satisfies; null where it is null."""
        match self.operator:
            case Operator.CONTAINS:
                return sql.SQL("(strpos({}, {}) > 0)").format(self._cased(value), *self._texts())
            case Operator.STARTS_WITH:
                return sql.SQL("starts_with({}, {})").format(self._cased(value), *self._texts())
            case Operator.IS | Operator.ANY_OF:
                return self._is(value)
            case Operator.WITHIN_LAST | Operator.WITHIN_NEXT | Operator.BEFORE_LAST:
                return self._near_now(value)
            case _:
                return self._in_bounds(value)

    def _is(self, value: sql.Composable) -> sql.Composed:
        if self.kind is Kind.DATETIME:
            return _any(self._between(value, each, each) for each in self.operands)
        if self.kind is Kind.TEXT:
            return _one_of(self._cased(value), self._texts())
        return _one_of(value, map(sql.Literal, self.operands))

    def _cased(self, value: sql.Composable) -> sql.Composable:
        return value if self.match_case else _lower(value)

    def _texts(self) -> list[sql.Composable]:
        return [self._cased(_text(str(each))) for each in self.operands]

    def _in_bounds(self, value: sql.Composable) -> sql.Composed:
        first, last = self.operands[0], self.operands[-1]
        match self.operator:
            case Operator.LESS_THAN:
                return sql.SQL("({} < {})").format(value, self._lowest(first))
            case Operator.AT_MOST:
                return sql.SQL("({} <= {})").format(value, self._highest(first))
            case Operator.MORE_THAN:
                return sql.SQL("({} > {})").format(value, self._highest(first))
            case Operator.AT_LEAST:
                return sql.SQL("({} >= {})").format(value, self._lowest(first))
            case _:
                return self._between(value, first, last)

    def _near_now(self, value: sql.Composable) -> sql.Composed:
        span = cast("Span", self.operands[0])
        here = self.calendar.today if self.kind is Kind.DATE else self.calendar.now
        match self.operator:
            case Operator.WITHIN_LAST:
                return self._between(value, before(here, span), here)
            case Operator.WITHIN_NEXT:
                return self._between(value, here, after(here, span))
            case _:
                return sql.SQL("({} < {})").format(value, self._lowest(before(here, span)))

    def _between(self, value: sql.Composable, first: Operand, last: Operand) -> sql.Composed:
        return sql.SQL("({} BETWEEN {} AND {})").format(
            value, self._lowest(first), self._highest(last)
        )

    def _lowest(self, operand: Operand) -> sql.Literal:
        if self.kind is Kind.DATETIME:
            return sql.Literal(self.calendar.first_moment(cast("date", operand)))
        return sql.Literal(operand)

    def _highest(self, operand: Operand) -> sql.Literal:
        if self.kind is Kind.DATETIME:
            return sql.Literal(self.calendar.last_moment(cast("date", operand)))
        return sql.Literal(operand)


def _one_of(value: sql.Composable, values: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL("({} = ANY ({}))").format(value, _array(values))


def _lower(value: sql.Composable) -> sql.Composed:
    return sql.SQL('lower({} COLLATE "pg_c_utf8")').format(value)


def _lower_elements(column: sql.Identifier) -> sql.Composed:
    # Four times as fast as one element after the other. It can't break the notation of arrays:
    # lower case of a letter is never one of its signs, and text that reads as NULL is quoted.
    return sql.SQL('lower({}::text COLLATE "pg_c_utf8")::text[]').format(column)


def _text(value: str) -> sql.Composed:
    # A per cent sign in a literal would be taken for a placeholder once the query around it has
    # parameters, so it is written chr(37).
    parts = [sql.Literal(part) for part in value.split("%")]
    return sql.SQL("({})").format(sql.SQL(" || chr(37) || ").join(parts))
