"""Turns rows of the store into records of a REST answer.

Parents become objects inside the record, addresses become objects of their parts, and values take
the form of JSON: `2026-01-31T23:59:59.000+0000`, true and false, doubles with a fraction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from localorg.clock import rest_datetime
from localorg.schema import Field
from localorg.soql import Column, Statement, Table

Row = Sequence[Any]
Reader = Callable[[Row], Any]
DOUBLES = frozenset({"double", "currency", "percent"})
ADDRESS_KEYS = (
    "city",
    "country",
    "countryCode",
    "geocodeAccuracy",
    "latitude",
    "longitude",
    "postalCode",
    "state",
    "stateCode",
    "street",
)


@dataclass(frozen=True, kw_only=True)
class RecordShape:
    """How one record, or one parent in it, is read from a row."""

    type: str  # attributes.type
    url: str  # attributes.url without the id
    id_place: int
    entries: list[tuple[str, Reader]] = field(default_factory=list)

    def __call__(self, row: Row) -> dict[str, Any] | None:
        """Return the record of a row; None where it is a parent that the record does not have."""
        record_id = row[self.id_place]
        if record_id is None:
            return None
        record: dict[str, Any] = {
            "attributes": {"type": self.type, "url": f"{self.url}/{record_id}"}
        }
        for key, read in self.entries:
            record[key] = read(row)
        return record


class RecordPlan:
    """The SQL expressions that a page of records needs and how to read their rows."""

    def __init__(self, statement: Statement, version: str) -> None:
        """Plan the records of `statement` for an API version such as `66.0`."""
        self.expressions: list[str] = []
        self._version = version
        self._parents: dict[tuple[str, ...], RecordShape] = {}
        self.shape = self._shape(statement.root)
        self._parents[()] = self.shape
        for column in statement.columns:
            self._owner(column.table, statement).entries.append(
                (column.field.name, self._reader(column))
            )

    def records(self, rows: Sequence[Row], ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the records in the order of `ids`; ids without a row are left out."""
        place = self.shape.id_place
        found = {row[place]: row for row in rows}
        records = (self.shape(found[record_id]) for record_id in ids if record_id in found)
        return [record for record in records if record is not None]

    def _place(self, expression: str) -> int:
        """Return where in the row an expression stands, adding it to the row if need be."""
        if expression not in self.expressions:
            self.expressions.append(expression)
        return self.expressions.index(expression)

    def _shape(self, table: Table) -> RecordShape:
        object_type = table.object_type
        identity = table.column(object_type.field("Id"))
        return RecordShape(
            type="Name" if table.polymorphic else object_type.name,
            url=f"/services/data/v{self._version}/sobjects/{object_type.name}",
            id_place=self._place(identity.expression),
        )

    def _owner(self, table: Table, statement: Statement) -> RecordShape:
        """Return the shape of a table, put into the shape of its child where it is a parent."""
        known = self._parents.get(table.path)
        if known is not None:
            return known
        shape = self._parents[table.path] = self._shape(table)
        child = self._owner(statement.tables[table.path[:-1]], statement)
        child.entries.append((table.path[-1], shape))
        return shape

    def _reader(self, column: Column) -> Reader:
        if column.field.type == "address":
            return self._address(column)
        return _value_reader(column.field, self._place(column.expression))

    def _address(self, column: Column) -> Reader:
        compound = column.field.name
        prefix = compound.removesuffix("Address")
        parts = column.table.object_type.parts.get(compound, ())
        places = {
            _address_key(part, prefix): self._place(column.table.column(part).expression)
            for part in parts
        }
        return lambda row: _address(row, places)


def _value_reader(found: Field, place: int) -> Reader:
    if found.type == "boolean":
        return lambda row: None if row[place] is None else bool(row[place])
    if found.type == "datetime":
        return lambda row: None if row[place] is None else rest_datetime(row[place])
    if found.type in DOUBLES:
        return lambda row: None if row[place] is None else float(row[place])
    return lambda row: row[place]


def _address_key(part: Field, prefix: str) -> str:
    name = part.name.removeprefix(prefix)
    return name[0].lower() + name[1:]


def _address(row: Row, places: dict[str, int]) -> dict[str, Any] | None:
    values = {key: row[place] for key, place in places.items()}
    if all(value is None for value in values.values()):
        return None
    return {key: values.get(key) for key in ADDRESS_KEYS}
