"""Finds fields by their paths and the joins that lead to them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType

from localorg.schema import Field, ObjectType, Schema
from localorg.soql import errors
from localorg.soql.fragment import phrase
from localorg.soql.nodes import FieldPath, Query
from localorg.soql.operands import Column, NameTable, Table
from localorg.store import quoted

MAX_LEVELS = 5
MAX_PARENTS = 55
ROOT = "t0"
# The fields of Salesforce's object Name, which stands for owners and other polymorphic parents.
NAME_FIELDS = frozenset(
    {
        "alias",
        "email",
        "firstname",
        "id",
        "isactive",
        "lastname",
        "name",
        "phone",
        "profileid",
        "recordtypeid",
        "title",
        "userroleid",
        "username",
    }
)
TYPE = Field(name="Type", label="Type", type="picklist", length=40)


@dataclass
class Scope:
    """The objects that one query reads: its own and the parents met so far."""

    query: Query
    schema: Schema
    # The children's object where the query is a sub-query; its FROM names a relationship then.
    source: ObjectType | None = None
    tables: dict[tuple[str, ...], Table] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = Table(object_type=self.source or self._source(), alias=ROOT)
        if not self.root.object_type.queryable:
            raise errors.not_queryable(self.root.object_type.name)
        own = (self.root.object_type.name, self.query.source, self.query.alias or "")
        self._own_names = {name.lower() for name in own}
        self._aliases = {alias.name.lower(): alias.path for alias in self.query.parent_aliases}
        self._joined = 0

    def _source(self) -> ObjectType:
        found = self.schema.objects.get(self.query.source.lower())
        if found is None:
            raise errors.invalid_type(
                self.query.text, self.query.source_position, self.query.source
            )
        return found

    def column(self, path: FieldPath) -> Column:
        """Return the field at a path.

        Raises:
            SalesforceError: INVALID_FIELD where a name is unknown.

        """
        table = self.table(self._relationships(path), path)
        return self.column_of(table, path, path.parts[-1])

    def column_of(self, table: Table, path: FieldPath, name: str) -> Column:
        """Return the field `name` of a table; errors point at `path`."""
        found = table.object_type.fields.get(name.lower())
        if found is None:
            raise errors.no_such_column(
                self.query.text, path.position, name, table.object_type.name
            )
        return table.column(found)

    def table(self, names: Iterable[str], path: FieldPath) -> Table:
        """Return the parent that relationship names lead to; errors point at `path`."""
        table = self.root
        for name in names:
            table = self._parent(table, name, path)
        return table

    @property
    def sources(self) -> str:
        """The FROM clause without its keyword."""
        return phrase(source_of(self.root.object_type), "AS", ROOT, *self.joins)

    def _relationships(self, path: FieldPath) -> tuple[str, ...]:
        """Return the parents' names in a path, without the object's own name or alias."""
        names = self.spelt_out(path.parts[:-1])
        if len(names) > MAX_LEVELS:
            message = f"{path.text}: a path can go up {MAX_LEVELS} levels of parents at most"
            raise errors.malformed(self.query.text, path.position, message)
        return names

    def spelt_out(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return relationship names with aliases put into words."""
        if not names or self.root.object_type.relationship(names[0]) is not None:
            return names
        first = names[0].lower()
        if first in self._own_names:
            return names[1:]
        return (*self._aliases.get(first, names[:1]), *names[1:])

    def _parent(self, child: Table, name: str, path: FieldPath) -> Table:
        lookup = child.object_type.relationship(name)
        targets = self._targets(lookup) if lookup else []
        if lookup is None or lookup.relationship_name is None or not targets:
            raise errors.no_such_relationship(self.query.text, path.position, name)
        key = (*child.path, lookup.relationship_name)
        if key not in self.tables:
            if len(self.tables) == MAX_PARENTS:
                raise errors.too_complicated()
            self.tables[key] = self._join(child, lookup, targets, key)
        return self.tables[key]

    def _targets(self, lookup: Field) -> list[ObjectType]:
        known = [self.schema.objects.get(name.lower()) for name in lookup.reference_to]
        return [object_type for object_type in known if object_type is not None]

    def _join(
        self, child: Table, lookup: Field, targets: list[ObjectType], key: tuple[str, ...]
    ) -> Table:
        joined = [self._join_one(child, lookup, target, key) for target in targets]
        if not lookup.polymorphic:
            return joined[0]
        return NameTable(
            object_type=_name_type(targets),
            alias="",
            path=key,
            lookup=lookup,
            alternatives={table.object_type.name: table for table in joined},
        )

    def _join_one(
        self, child: Table, lookup: Field, target: ObjectType, key: tuple[str, ...]
    ) -> Table:
        self._joined += 1
        table = Table(object_type=target, alias=f"t{self._joined}", path=key, lookup=lookup)
        identity = table.expression(target.field("Id"))
        self.joins += ["LEFT JOIN", source_of(target), "AS", table.alias, "ON", identity, "="]
        self.joins.append(child.expression(lookup))
        return table


def source_of(object_type: ObjectType) -> str:
    """Return where an object's rows are: its table, or what a user sees instead of it."""
    return object_type.source or quoted(object_type.name)


def _name_type(targets: list[ObjectType]) -> ObjectType:
    """Return the object Name as far as the possible parents can fill its fields."""
    fields = {
        name: found
        for target in targets
        for name, found in target.fields.items()
        if name in NAME_FIELDS
    }
    return ObjectType(
        name="Name",
        label="Name",
        label_plural="Names",
        key_prefix="",
        fields=MappingProxyType(fields | {"type": TYPE}),
    )
