"""What a clause can be about: a field of a table, or a value that is worked out from fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from localorg.schema import Field, ObjectType
from localorg.soql.fragment import phrase
from localorg.store import quoted


class Operand(Protocol):
    """A value in SQL with the field that says what type it is of."""

    @property
    def field(self) -> Field:
        """Its name and type."""

    @property
    def expression(self) -> str:
        """The value in SQL."""

    @property
    def is_parents(self) -> bool:
        """Whether even a boolean may be null, because there may be no such parent."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table in the FROM clause: the query's own object or a parent."""

    object_type: ObjectType
    alias: str
    # Canonical relationship names from the query's object to here; empty for the object itself.
    path: tuple[str, ...] = ()
    # The lookup that leads here; None for the query's own object.
    lookup: Field | None = None

    @property
    def polymorphic(self) -> bool:
        """Whether the parent may be of several objects; it calls itself "Name" in JSON then."""
        return self.lookup is not None and self.lookup.polymorphic

    def column(self, found: Field) -> "Column":
        """Return a field of this table."""
        return Column(table=self, field=found)

    def expression(self, found: Field) -> str:
        """Return a field of this table in SQL."""
        return found.expression(self.alias) or ".".join((self.alias, quoted(found.name)))


@dataclass(frozen=True, kw_only=True)
class NameTable(Table):
    """A parent of several possible objects: it has the fields of Salesforce's object Name."""

    # The tables of the objects by their names; at most one has a row.
    alternatives: Mapping[str, Table]

    def expression(self, found: Field) -> str:
        """Return the field of whichever parent there is."""
        if found.name == "Type":
            return self._type()
        values = [
            table.expression(table.object_type.fields[found.name.lower()])
            for table in self.alternatives.values()
            if found.name.lower() in table.object_type.fields
        ]
        return values[0] if len(values) == 1 else phrase("coalesce (", ", ".join(values), ")")

    def _type(self) -> str:
        whens = []
        for name, table in self.alternatives.items():
            identity = table.expression(table.object_type.field("Id"))
            # Of groups only queues can own records, and Salesforce calls those so.
            shown = "Queue" if name == "Group" else name
            whens += ["WHEN", identity, "IS NOT NULL THEN", shown.join(("'", "'"))]
        return phrase("CASE", *whens, "END")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A field reached from the query's object."""

    table: Table
    field: Field

    @property
    def expression(self) -> str:
        """The column in SQL."""
        return self.table.expression(self.field)

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the query's object to the field, as the schema spells them."""
        return (*self.table.path, self.field.name)

    @property
    def is_parents(self) -> bool:
        """Whether the field belongs to a parent, so that even a boolean may be null."""
        return bool(self.table.path)


@dataclass(frozen=True, kw_only=True)
class Computed:
    """The value of a function."""

    field: Field
    expression: str
    is_parents: bool = False


def computed(name: str, kind: str, expression: str) -> Computed:
    """Return a value of a field type such as `int`; `name` is what error messages call it."""
    return Computed(field=Field(name=name, label=name, type=kind), expression=expression)
