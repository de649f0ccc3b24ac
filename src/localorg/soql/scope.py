"""Finds fields by their paths and the joins that lead to them."""

from dataclasses import dataclass, field

from localorg.schema import Field, ObjectType, Schema
from localorg.soql import errors
from localorg.soql.fragment import phrase
from localorg.soql.nodes import FieldPath, Query
from localorg.store import quoted

MAX_LEVELS = 5
MAX_PARENTS = 55
ROOT = "t0"


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table in the FROM clause: the query's own object or a parent."""

    object_type: ObjectType
    alias: str
    # Canonical relationship names from the query's object to here; empty for the object itself.
    path: tuple[str, ...] = ()
    # A parent that may be one of several objects calls itself "Name" in JSON.
    polymorphic: bool = False

    def column(self, found: Field) -> "Column":
        """Return a field of this table."""
        return Column(table=self, field=found)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A field reached from the query's object."""

    table: Table
    field: Field

    @property
    def expression(self) -> str:
        """The column in SQL."""
        return ".".join((self.table.alias, quoted(self.field.name)))

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the query's object to the field, as the schema spells them."""
        return (*self.table.path, self.field.name)

    @property
    def is_parents(self) -> bool:
        """Whether the field belongs to a parent, so that even a boolean may be null."""
        return bool(self.table.path)


@dataclass
class Scope:
    """The objects that one query reads: its own and the parents met so far."""

    query: Query
    schema: Schema
    tables: dict[tuple[str, ...], Table] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = Table(object_type=self._source(), alias=ROOT)

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
        table = self.root
        for name in self._relationships(path):
            table = self._parent(table, name, path)
        found = table.object_type.fields.get(path.parts[-1].lower())
        if found is None:
            raise errors.no_such_column(
                self.query.text, path.position, path.parts[-1], table.object_type.name
            )
        return table.column(found)

    @property
    def sources(self) -> str:
        """The FROM clause without its keyword."""
        return phrase(quoted(self.root.object_type.name), "AS", ROOT, *self.joins)

    def _relationships(self, path: FieldPath) -> tuple[str, ...]:
        """Return the parents' names in a path, without the object's own name or alias."""
        names = path.parts[:-1]
        if names and self.root.object_type.relationship(names[0]) is None:
            own = {self.root.object_type.name.lower(), (self.query.alias or "").lower()}
            names = names[1:] if names[0].lower() in own else names
        if len(names) > MAX_LEVELS:
            message = f"{path.text}: a path can go up {MAX_LEVELS} levels of parents at most"
            raise errors.malformed(self.query.text, path.position, message)
        return names

    def _parent(self, child: Table, name: str, path: FieldPath) -> Table:
        lookup = child.object_type.relationship(name)
        target = self._target(lookup) if lookup else None
        if lookup is None or lookup.relationship_name is None or target is None:
            raise errors.no_such_relationship(self.query.text, path.position, name)
        key = (*child.path, lookup.relationship_name)
        if key not in self.tables:
            self.tables[key] = self._join(child, lookup, target, key)
        return self.tables[key]

    def _target(self, lookup: Field) -> ObjectType | None:
        known = [self.schema.objects.get(name.lower()) for name in lookup.reference_to]
        found = [object_type for object_type in known if object_type is not None]
        users = [object_type for object_type in found if object_type.name == "User"]
        return next(iter(users + found), None)

    def _join(self, child: Table, lookup: Field, target: ObjectType, key: tuple[str, ...]) -> Table:
        if len(self.tables) == MAX_PARENTS:
            raise errors.too_complicated()
        table = Table(
            object_type=target,
            alias=f"t{len(self.tables) + 1}",
            path=key,
            polymorphic=len(lookup.reference_to) > 1,
        )
        identity = table.column(target.field("Id")).expression
        self.joins += ["LEFT JOIN", quoted(target.name), "AS", table.alias, "ON", identity, "="]
        self.joins.append(child.column(lookup).expression)
        return table
