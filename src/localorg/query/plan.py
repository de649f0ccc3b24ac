"""How rows of the store become records of a REST answer.

Where SQLite can write the whole record (see `json_records`), the row holds it as JSON. Otherwise
each record, and each parent in it, is a stretch of the row: its values stand side by side in the
order in which the query names them, in JSON's form already, so that `zip` makes most of a record.
What is no plain value (booleans, parents, addresses) has its place there too and is put in after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from localorg.query.json_records import Pair, as_one, json_pieces, json_record, json_value
from localorg.query.values import Row, address, address_key, as_json
from localorg.soql import Column, Statement, Table, errors
from localorg.soql.compiler import MAX_COLUMNS
from localorg.soql.operands import NameTable, Operand
from localorg.soql.selecting import Children, FunctionValue, Item, TypedParent

# What orjson writes as a JSON object: a dict, or a fragment that is written already.
Record = Any
Reader = Callable[[Row], Any]
PLACES = 2  # at the beginning of every row: where it is, and its id
NOTHING = "NULL"  # stands in the row where a value is put in later


@dataclass(kw_only=True)
class Shape:
    """How one record, or one parent in it, is read from a row."""

    type: str  # attributes.type
    # attributes.url without the id, by the id's first three characters; "" stands for all others.
    urls: Mapping[str, str]
    identity: int  # the id's place in the row
    identity_sql: str
    keys: list[str] = field(default_factory=list)
    expressions: list[str] = field(default_factory=list)
    booleans: list[str] = field(default_factory=list)
    readers: list[tuple[str, Reader]] = field(default_factory=list)
    # SQL for the values in JSON, or the shapes of parents; None for what Python has to write.
    values: "list[str | Shape | None]" = field(default_factory=list)
    start: int = 0
    end: int = 0

    def add(self, key: str, operand: Operand) -> None:
        """Add a plain value."""
        self.keys.append(key)
        self.expressions.append(as_json(operand.field, operand.expression))
        self.values.append(json_value(operand))
        if operand.field.type == "boolean":
            self.booleans.append(key)

    def reserve(self, key: str, read: Reader | None = None) -> None:
        """Keep a place for a value that `read` puts in, or somebody else."""
        self.keys.append(key)
        self.expressions.append(NOTHING)
        self.values.append(read if isinstance(read, Shape) else None)
        if read is not None:
            self.readers.append((key, read))

    def json(self) -> str | None:
        """Return SQL for the JSON of a parent; None where Python has to write a part of it."""
        pairs = self._pairs()
        if pairs is None:
            return None
        return json_record(self.type, self.urls, self.identity_sql, pairs)

    def json_pieces(self) -> list[str]:
        """Return SQL for the JSON of a record in pieces; none where Python has to write it."""
        pairs = self._pairs()
        return json_pieces(self.type, self.urls, self.identity_sql, pairs) if pairs else []

    def _pairs(self) -> list[Pair] | None:
        written = [entry.json() if isinstance(entry, Shape) else entry for entry in self.values]
        known = [value for value in written if value is not None]
        return list(zip(self.keys, known, strict=True)) if len(known) == len(written) else None

    def __call__(self, row: Row) -> Record | None:
        """Return the record of a row; None where it is a parent that the record does not have."""
        record_id = row[self.identity]
        if record_id is None:
            return None
        url = self.urls.get(record_id[:3]) or self.urls[""]
        record: Record = {"attributes": {"type": self.type, "url": url + record_id}}
        record.update(zip(self.keys, row[self.start : self.end], strict=True))
        for key in self.booleans:
            value = record[key]
            record[key] = None if value is None else value == 1
        for key, read in self.readers:
            record[key] = read(row)
        return record


@dataclass(frozen=True, kw_only=True)
class ChildPlan:
    """A sub-query and how its records are read."""

    children: Children
    plan: "RecordPlan"


class RecordPlan:
    """The SQL expressions that a page of records needs and how to read their rows."""

    def __init__(self, statement: Statement, version: str) -> None:
        """Plan the records of `statement` for an API version such as `66.0`."""
        self.statement = statement
        self.children: list[ChildPlan] = []
        self._base = f"/services/data/v{version}/sobjects"
        self._version = version
        # The first two expressions of every row are where it is and what its id is.
        self._extra = [statement.place, statement.identity]
        self._shapes: dict[tuple[str, ...], Shape] = {}
        root = self._shapes[()] = self._shape(statement.root)
        for item in statement.items:
            self._add(item)
        # What reads a row's record, and the expressions that the row consists of.
        self.shape: Reader = root
        if pieces := root.json_pieces():
            self.shape, self.expressions = _fragment, [*self._extra[:PLACES], *pieces]
        else:
            self.expressions = self._laid_out()

    def _add(self, item: Item) -> None:
        if isinstance(item, Children):
            self._shapes[()].reserve(item.name)
            plan = RecordPlan(item.statement, self._version)
            self.children.append(ChildPlan(children=item, plan=plan))
        elif isinstance(item, TypedParent):
            owner = self._owner(item.table.path[:-1])
            owner.reserve(item.table.path[-1], self._typed(item))
        elif isinstance(item, FunctionValue):
            self._owner(item.table.path).add(item.key, item.operand)
        elif item.field.compound:
            self._owner(item.table.path).reserve(item.field.name, self._address(item))
        else:
            self._owner(item.table.path).add(item.field.name, item)

    def _laid_out(self) -> list[str]:
        """Return all expressions, the shapes' behind those that stand alone."""
        expressions = list(self._extra)
        for shape in self._shapes.values():
            shape.start = len(expressions)
            expressions += shape.expressions
            shape.end = len(expressions)
        if len(expressions) > MAX_COLUMNS:
            raise errors.too_complicated()
        return expressions

    def _place(self, expression: str) -> int:
        """Return where in the row an expression stands alone, adding it if need be."""
        if expression not in self._extra:
            self._extra.append(expression)
        return self._extra.index(expression)

    def _shape(self, table: Table) -> Shape:
        identity = table.expression(table.object_type.field("Id"))
        return Shape(
            type="Name" if table.polymorphic else table.object_type.name,
            urls=self._urls(table),
            identity=self._place(identity),
            identity_sql=identity,
        )

    def _urls(self, table: Table) -> dict[str, str]:
        if not isinstance(table, NameTable):
            return {"": f"{self._base}/{table.object_type.name}/"}
        types = [alternative.object_type for alternative in table.alternatives.values()]
        urls = {found.key_prefix: f"{self._base}/{found.name}/" for found in types}
        return urls | {"": f"{self._base}/Name/"}

    def _owner(self, path: tuple[str, ...]) -> Shape:
        """Return the shape of a table, put into the shape of its child where it is a parent."""
        known = self._shapes.get(path)
        if known is not None:
            return known
        shape = self._shape(self.statement.tables[path])
        self._owner(path[:-1]).reserve(path[-1], shape)
        self._shapes[path] = shape
        return shape

    def _address(self, column: Column) -> Reader:
        compound = column.field.name
        prefix = compound.removesuffix("Address")
        parts = column.table.object_type.parts.get(compound, ())
        places = {
            address_key(part, prefix): self._place(column.table.expression(part)) for part in parts
        }
        return lambda row: address({key: row[place] for key, place in places.items()})

    def _typed(self, item: TypedParent) -> Reader:
        """Return what reads a parent of one of several objects."""
        shapes = [
            self._branch(table, item.branches.get(name, item.otherwise))
            for name, table in item.table.alternatives.items()
        ]
        return lambda row: next(filter(None, (shape(row) for shape in shapes)), None)

    def _branch(self, table: Table, columns: Sequence[Column]) -> Shape:
        shape = self._shape(table)
        shape.type = table.object_type.name
        for column in columns:
            shape.add(column.field.name, column)
        self._shapes[(*table.path, table.object_type.name)] = shape
        return shape


def _fragment(row: Row) -> Record:
    """Return the record that SQLite has written."""
    return orjson.Fragment(as_one(row[PLACES:]))
