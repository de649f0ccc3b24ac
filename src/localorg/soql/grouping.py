"""Aggregates and GROUP BY: a query that answers groups of records instead of records.

The inner SQL has one column for whatever SELECT, HAVING and ORDER BY speak of; ROLLUP and CUBE
are one such SELECT for each set of fields, joined by UNION ALL. The outer SQL filters and sorts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations

from localorg.schema import Field
from localorg.soql import errors, nodes
from localorg.soql.aggregates import aggregate, require_groupable
from localorg.soql.fragment import EMPTY, Fragment, chained, joined, phrase
from localorg.soql.functions import Functions
from localorg.soql.operands import Column, Computed, Operand, computed
from localorg.soql.ordering import collation, ordered
from localorg.soql.paths import AGGREGATES, DATE_FUNCTIONS
from localorg.soql.scope import Scope
from localorg.soql.selecting import innermost, operand_of

MOST_ROLLED_UP = 3
GROUPING = "GROUPING"
PRESENT = "present"  # the number of records behind a row


@dataclass(frozen=True, kw_only=True)
class Output:
    """One value of each group's answer."""

    key: str
    field: Field
    text: str  # as it was written
    column: Column | None = None  # where it is a plain field


@dataclass(frozen=True, kw_only=True)
class Groups:
    """A query's groups: what each shows, and the SQL that answers them."""

    # Shown in this order; in SQL they are called c0, c1 and so on.
    outputs: tuple[Output, ...]
    # What follows FROM, up to ORDER BY.
    source: Fragment


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A column of the inner SQL."""

    operand: Operand
    # The place in GROUP BY of what it shows; None for an aggregate.
    group: int | None = None
    # Whether it tells if that field is summed over: 1 in the rows of totals.
    tells_total: bool = False

    def in_set(self, active: tuple[int, ...]) -> str:
        """Return its SQL where the fields at the places `active` are grouped by."""
        if self.tells_total:
            return "0" if self.group in active else "1"
        return self.operand.expression if self.group is None or self.group in active else "NULL"


def is_grouped(query: nodes.Query) -> bool:
    """Say whether a query answers groups: it has GROUP BY or an aggregate other than COUNT()."""
    calls = (item for item in query.select if isinstance(item, nodes.FunctionCall))
    return query.group_by is not None or any(map(_has_aggregate, calls))


def _has_aggregate(call: nodes.FunctionCall) -> bool:
    inner = call.argument
    if call.word in AGGREGATES and inner is not None:
        return True
    return isinstance(inner, nodes.FunctionCall) and _has_aggregate(inner)


@dataclass(kw_only=True)
class Grouping:
    """Reads the clauses of a query with groups."""

    scope: Scope
    functions: Functions
    cells: list[Cell] = field(default_factory=list)
    groups: list[Operand] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.query = self.scope.query
        group_by = self.query.group_by
        self.kind = group_by.kind if group_by else ""
        self._check_clauses()
        for item in group_by.items if group_by else ():
            self._add_group(item)

    def outputs(self) -> tuple[Output, ...]:
        """Return what each group shows; raises MALFORMED_QUERY for what is not grouped."""
        found = [self._output(item, number) for item, number in self._numbered()]
        seen: set[str] = set()
        for output, item in zip(found, self.query.select, strict=True):
            if output.key.lower() in seen:
                message = f"duplicate alias: {output.key}"
                raise errors.malformed(self.query.text, item.position, message)
            seen.add(output.key.lower())
        return tuple(found)

    def operand(self, subject: nodes.Subject) -> Computed:
        """Return what HAVING or ORDER BY speaks of, as a column of the inner SQL."""
        return self._column(self._cell(subject, "Field must be grouped or aggregated"))

    def order_by(self) -> Fragment:
        """Return ORDER BY without its keywords; totals follow what they are totals of."""
        terms = [
            (self._column(self._cell(term.subject, "Ordered field must be grouped or aggregated")))
            for term in self.query.order_by
        ]
        if terms or not self.kind:
            return ordered(zip(terms, self.query.order_by, strict=True))
        return Fragment(", ".join(self._totals_last()))

    def source(self, where: Fragment, having: Fragment, order: Fragment) -> Fragment:
        """Return the SQL for the groups that follows FROM; the columns are c0, c1 and so on."""
        branches = [self._branch(active, where) for active in self._sets()]
        union = [part for branch in branches for part in ("UNION ALL", branch)][1:]
        parts: list[Fragment | str] = ["(", *union, ")"]
        conditions = [having] if having else []
        if self.kind:  # SQL answers a total even where there is nothing to be summed up
            conditions.append(Fragment(phrase(PRESENT, "> 0")))
        parts += ["WHERE", chained("AND", conditions)] if conditions else []
        parts += ["ORDER BY", order] if order else []
        return joined(parts)

    def _check_clauses(self) -> None:
        query = self.query
        if query.group_by is not None:
            if self.kind and len(query.group_by.items) > MOST_ROLLED_UP:
                message = f"GROUP BY {self.kind} must contain {MOST_ROLLED_UP} fields or less"
                raise errors.malformed(query.text, query.group_by.position, message)
            return
        clauses = (
            (query.limit, query.limit_position, "LIMIT"),
            (query.offset, query.offset_position, "OFFSET"),
        )
        for number, position, word in clauses:
            if number is not None:
                message = (
                    "Non-grouped query that uses overall aggregate functions cannot also use "
                    f"{word}"
                )
                raise errors.malformed(query.text, position, message)

    def _add_group(self, item: nodes.Subject) -> None:
        text = self.query.text
        if isinstance(item, nodes.FunctionCall) and item.word not in DATE_FUNCTIONS:
            raise errors.unexpected_token(text, item.position, item.name)
        operand = operand_of(self.scope, self.functions, item)
        if operand.expression in [group.expression for group in self.groups]:
            message = f"duplicate grouping expression: {item.text}"
            raise errors.malformed(text, item.position, message)
        if isinstance(operand, Column):
            require_groupable(text, item.position, operand.field)
        self.groups.append(operand)

    def _numbered(self) -> Iterator[tuple[nodes.SelectItem, int]]:
        """Yield the items with the number of their `expr0`, which counts those without a name."""
        number = 0
        for item in self.query.select:
            yield item, number
            if isinstance(item, nodes.FunctionCall) and item.alias is None:
                number += 1

    def _output(self, item: nodes.SelectItem, number: int) -> Output:
        if not isinstance(item, nodes.FieldPath | nodes.FunctionCall):
            message = "Grouped query cannot select sub-queries, FIELDS() or TYPEOF"
            raise errors.malformed(self.query.text, item.position, message)
        cell = self._cell(item, "Field must be grouped or aggregated")
        self.cells.append(cell)
        column = cell.operand if isinstance(cell.operand, Column) else None
        plain = column.field.name if column else f"expr{number}"
        key = item.alias.text if item.alias else plain
        return Output(key=key, field=cell.operand.field, text=item.text, column=column)

    def _cell(self, subject: nodes.Subject, refusal: str) -> Cell:
        if isinstance(subject, nodes.FunctionCall) and subject.word in AGGREGATES:
            return self._aggregate(subject)
        if isinstance(subject, nodes.FunctionCall) and subject.word not in DATE_FUNCTIONS:
            return self._around(subject, refusal)
        operand = operand_of(self.scope, self.functions, subject)
        for place, group in enumerate(self.groups):
            if group.expression == operand.expression:
                return Cell(operand=operand, group=place)
        raise errors.malformed(self.query.text, subject.position, f"{refusal}: {subject.text}")

    def _around(self, call: nodes.FunctionCall, refusal: str) -> Cell:
        """Return FORMAT or toLabel of an aggregate or of a grouped field."""
        if call.argument is None:
            raise errors.unexpected_token(self.query.text, call.position, call.name)
        inner = self._cell(call.argument, refusal)
        return replace(inner, operand=self.functions.apply(call, inner.operand))

    def _aggregate(self, call: nodes.FunctionCall) -> Cell:
        path = innermost(self.scope, replace(call, name="FORMAT"))
        if call.word == GROUPING:
            inner = self._cell(path, "Field must be grouped or aggregated")
            operand = computed(call.text, "int", "0")
            return Cell(operand=operand, group=inner.group, tells_total=True)
        column = self.scope.column(path)
        if not self.kind and column.expression in [group.expression for group in self.groups]:
            message = f"Grouped field should not be aggregated: {path.text}"
            raise errors.malformed(self.query.text, call.position, message)
        return Cell(operand=aggregate(self.query.text, call, column))

    def _column(self, cell: Cell) -> Computed:
        if cell not in self.cells:
            self.cells.append(cell)
        name = f"c{self.cells.index(cell)}"
        return Computed(field=cell.operand.field, expression=name)

    def _totals_last(self) -> Iterator[str]:
        for place, group in enumerate(self.groups):
            told = Cell(operand=computed(GROUPING, "int", "0"), group=place, tells_total=True)
            yield self._column(told).expression
            shown = self._column(Cell(operand=group, group=place)).expression
            yield phrase(shown, collation(group.field))

    def _sets(self) -> list[tuple[int, ...]]:
        places = tuple(range(len(self.groups)))
        if self.kind == "ROLLUP":
            return [places[:length] for length in range(len(places), -1, -1)]
        if self.kind == "CUBE":
            sizes = range(len(places), -1, -1)
            return [chosen for size in sizes for chosen in combinations(places, size)]
        return [places]

    def _branch(self, active: tuple[int, ...], where: Fragment) -> Fragment:
        shown = [phrase(c.in_set(active), "AS", f"c{n}") for n, c in enumerate(self.cells)]
        keys = [self.groups[place] for place in active]
        by = ", ".join(phrase(key.expression, collation(key.field)) for key in keys)
        if self.kind:
            shown.append(phrase("count(*) AS", PRESENT))
        condition = joined(("WHERE", where)) if where else EMPTY
        ending = joined(("GROUP BY", by)) if by else EMPTY
        return joined(("SELECT", ", ".join(shown), "FROM", self.scope.sources, condition, ending))
