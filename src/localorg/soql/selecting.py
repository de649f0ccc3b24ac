"""What a query shows of each record: fields, functions, children, parents by their type."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localorg.schema import Field
from localorg.soql import errors, nodes
from localorg.soql.functions import Functions
from localorg.soql.operands import Column, Computed, NameTable, Operand, Table
from localorg.soql.paths import AGGREGATES, DATE_FUNCTIONS
from localorg.soql.scope import Scope

if TYPE_CHECKING:
    from localorg.soql.statement import Statement

MAX_FIELDS_LIMIT = 200
MAX_CHILD_QUERIES = 20
ROOT_ONLY = "only root queries support aggregate expressions"
NO_ALIAS = "only aggregate expressions use field aliasing"


@dataclass(frozen=True, kw_only=True)
class FunctionValue:
    """A function of a field, shown as `key` in the table's record."""

    key: str
    table: Table
    operand: Computed
    text: str  # as it was written


@dataclass(frozen=True, kw_only=True)
class Children:
    """A sub-query: the records whose lookup points to the record."""

    name: str  # of the relationship, such as Contacts
    lookup: Field
    statement: "Statement"


@dataclass(frozen=True, kw_only=True)
class TypedParent:
    """A parent that shows fields according to what object it is of."""

    table: NameTable
    # By the object's name; objects that are not among them show `otherwise`.
    branches: dict[str, tuple[Column, ...]]
    otherwise: tuple[Column, ...]


Item = Column | FunctionValue | Children | TypedParent
# Compiles the sub-query of a SELECT item for the children that its FROM names.
ChildCompiler = Callable[[nodes.SubQuery], Children]


def operand_of(scope: Scope, functions: Functions, subject: nodes.Subject) -> Operand:
    """Return the field or the value of a function that a clause is about.

    Raises:
        SalesforceError: INVALID_FIELD or MALFORMED_QUERY, also where it is an aggregate.

    """
    if isinstance(subject, nodes.FieldPath):
        return scope.column(subject)
    return functions.apply(subject, scope.column(innermost(scope, subject)))


def innermost(scope: Scope, call: nodes.FunctionCall) -> nodes.FieldPath:
    """Return the field that a function is about; refuses aggregates."""
    argument = call.argument
    if call.word in AGGREGATES or argument is None:
        raise errors.unexpected_token(scope.query.text, call.position, call.name)
    return argument if isinstance(argument, nodes.FieldPath) else innermost(scope, argument)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Reads the SELECT clause of a query without groups."""

    scope: Scope
    functions: Functions
    children: ChildCompiler

    def items(self) -> tuple[Item, ...]:
        """Return what is shown, in order, each name once.

        Raises:
            SalesforceError: INVALID_FIELD, INVALID_TYPE or MALFORMED_QUERY.

        """
        seen: set[tuple[str, ...]] = set()
        found = []
        self._check_children()
        for node in self.scope.query.select:
            for item in self._selected(node):
                self._note(item, node, seen)
                found.append(item)
        return tuple(found)

    def _check_children(self) -> None:
        queries = [node for node in self.scope.query.select if isinstance(node, nodes.SubQuery)]
        if len(queries) > MAX_CHILD_QUERIES:
            message = f"a query can have {MAX_CHILD_QUERIES} sub-queries at most"
            position = queries[MAX_CHILD_QUERIES].position
            raise errors.malformed(self.scope.query.text, position, message)

    def _note(self, item: Item, node: nodes.SelectItem, seen: set[tuple[str, ...]]) -> None:
        path = shown_path(item)
        if path in seen:
            message = f"duplicate field selected: {'.'.join(path)}"
            raise errors.invalid_field(self.scope.query.text, node.position, message)
        seen.add(path)

    def _selected(self, node: nodes.SelectItem) -> Iterator[Item]:
        if isinstance(node, nodes.FieldPath):
            yield self._field(node)
        elif isinstance(node, nodes.FieldsFunction):
            yield from self._field_group(node)
        elif isinstance(node, nodes.FunctionCall):
            yield self._function(node)
        elif isinstance(node, nodes.SubQuery):
            yield self.children(node)
        else:
            yield self._typed(node)

    def _field(self, node: nodes.FieldPath) -> Column:
        if node.alias is not None:
            raise errors.malformed(self.scope.query.text, node.alias.position, NO_ALIAS)
        return self.scope.column(node)

    def _function(self, node: nodes.FunctionCall) -> FunctionValue:
        if node.word in DATE_FUNCTIONS:
            message = f"Field must be grouped or aggregated: {node.text}"
            raise errors.malformed(self.scope.query.text, node.position, message)
        column = self.scope.column(innermost(self.scope, node))
        operand = self.functions.apply(node, column)
        key = node.alias.text if node.alias else column.field.name
        table = self.scope.root if node.alias else column.table
        return FunctionValue(key=key, table=table, operand=operand, text=node.text)

    def _field_group(self, item: nodes.FieldsFunction) -> Iterator[Column]:
        limit = self.scope.query.limit
        if item.group != "STANDARD" and (limit is None or limit > MAX_FIELDS_LIMIT):
            raise errors.malformed_without_caret(
                f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}"
            )
        for field in self.scope.root.object_type.fields.values():
            if item.group == "ALL" or field.custom == (item.group == "CUSTOM"):
                yield self.scope.root.column(field)

    def _typed(self, node: nodes.TypeOf) -> TypedParent:
        scope, path = self.scope, node.path
        table = scope.table(scope.spelt_out(path.parts), path)
        if not isinstance(table, NameTable):
            message = f"{path.text} cannot be used in TYPEOF: it is not a polymorphic relationship"
            raise errors.malformed(scope.query.text, path.position, message)
        return TypedParent(
            table=table,
            branches=dict(self._branch(table, branch) for branch in node.branches),
            otherwise=tuple(scope.column_of(table, part, part.text) for part in node.otherwise),
        )

    def _branch(self, table: NameTable, branch: nodes.TypeBranch) -> tuple[str, tuple[Column, ...]]:
        scope = self.scope
        name = branch.object_name
        parent = next(
            (t for key, t in table.alternatives.items() if key.lower() == name.lower()), None
        )
        if parent is None:
            raise errors.invalid_type(scope.query.text, branch.position, name)
        columns = tuple(scope.column_of(parent, part, part.text) for part in branch.fields)
        return parent.object_type.name, columns


def shown_path(item: Item) -> tuple[str, ...]:
    """Return the names under which an item is shown in the record."""
    if isinstance(item, Column):
        return item.path
    if isinstance(item, FunctionValue):
        return (*item.table.path, item.key)
    if isinstance(item, Children):
        return (item.name,)
    return item.table.path
