"""Fields in formulas: their SQL and their kinds, through parents where the path goes there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from localorg.formulas.pieces import Kind, Piece
from localorg.schema import ALIAS, Field, ObjectType, Schema

# What a formula may know of the user who writes, in validation rules and defaults.
USER_COLUMN = "$User"
# The longest text that is not a long text area.
_SHORT = 255
# Unlike any other alias in a statement, however formulas are put into each other.
_aliases = count(1)
_KINDS = {
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "multipicklist": Kind.MULTIPICKLIST,
    "picklist": Kind.PICKLIST,
    "time": Kind.TIME,
}
# Gives the SQL of a formula field, which it may have to compile first.
Expressions = Callable[[ObjectType, Field], str]


class UnknownName(Exception):
    """A name in a path leads nowhere; `known` are those that would."""

    def __init__(self, message: str, name: str, known: Sequence[str]) -> None:
        super().__init__(message)
        self.name = name
        self.known = known


@dataclass
class Fields:
    """Finds the fields of one formula, and notes the columns of its own table that it needs."""

    object_type: ObjectType
    schema: Schema
    expressions: Expressions
    # Whether the formula looks at records that are being written: a validation rule or a default.
    writing: bool = False
    columns: set[str] = field(default_factory=set)
    prior_columns: set[str] = field(default_factory=set)

    def value(self, names: Sequence[str]) -> tuple[str, Field]:
        """The SQL of the field at a path, null and all, and the field. Raises UnknownName."""
        if names[0].startswith("$"):
            return self._global(names)
        return self._path(ALIAS, self.object_type, names)

    def own(self, names: Sequence[str]) -> Field:
        """A field of the object itself. Raises UnknownName."""
        if len(names) > 1:
            message = "Only fields of the object itself have an earlier value."
            raise UnknownName(message, ".".join(names), ())
        found = _field(self.object_type, names[0])
        if not found.stored:
            message = f"Field {found.name} is calculated: it has no earlier value."
            raise UnknownName(message, found.name, ())
        return found

    def _path(self, alias: str, object_type: ObjectType, names: Sequence[str]) -> tuple[str, Field]:
        if len(names) == 1:
            found = _field(object_type, names[0])
            return self._own_value(alias, object_type, found), found
        lookup, targets = self._lookup(object_type, names[0])
        if alias == ALIAS:
            self.columns.add(lookup.name)
        found_in = [target for target in targets if _leads_on(target, names[1])]
        if not found_in:
            found_in = targets[:1]
        values = [self._through(alias, lookup, target, names[1:]) for target in found_in]
        sql = [value for value, _ in values]
        return (f"coalesce({', '.join(sql)})" if len(sql) > 1 else sql[0]), values[0][1]

    def _through(
        self, alias: str, lookup: Field, target: ObjectType, names: Sequence[str]
    ) -> tuple[str, Field]:
        inner = f"f{next(_aliases)}"
        value, found = self._path(inner, target, names)
        parts = ("(SELECT ", value, " FROM ", _quoted(target.name), " ", inner, " WHERE ")
        key = (inner, '."Id" = ', alias, ".", _quoted(lookup.name), ")")
        return "".join((*parts, *key)), found

    def _own_value(self, alias: str, object_type: ObjectType, found: Field) -> str:
        if found.compound:
            message = f"Field {found.name} is an address. Use its parts."
            parts = [part.name for part in object_type.parts.get(found.name, ())]
            raise UnknownName(message, found.name, parts)
        if found.formula is not None or found.formula_sql is not None:
            sql = self.expressions(object_type, found)
            if alias == ALIAS:
                self.columns |= columns_of(sql, object_type)
            return sql.replace(ALIAS, alias)
        if alias == ALIAS:
            self.columns.add(found.name)
        return f"{alias}.{_quoted(found.name)}"

    def _lookup(self, object_type: ObjectType, name: str) -> tuple[Field, list[ObjectType]]:
        """The lookup of a way such as `Owner` or `Owner:User`, and the objects at its end."""
        way, _, wanted = name.partition(":")
        lookup = object_type.relationship(way)
        if lookup is None:
            known = [one.relationship_name or "" for one in object_type.fields.values()]
            message = f"{object_type.name} has no relationship {way}."
            raise UnknownName(message, way, [one for one in known if one])
        # Formulas call a group that owns records a queue.
        wanted = {"queue": "group"}.get(wanted.lower(), wanted.lower())
        targets = [self.schema.object(one) for one in lookup.reference_to]
        chosen = [one for one in targets if wanted in {"", one.name.lower()}]
        if not chosen:
            message = f"{way} never is a {wanted}."
            raise UnknownName(message, name, [f"{way}:{one.name}" for one in targets])
        return lookup, chosen

    def _global(self, names: Sequence[str]) -> tuple[str, Field]:
        word = names[0].lower()
        if word == "$organization":
            organization = self.schema.object("Organization")
            alias = f"f{next(_aliases)}"
            value, found = self._path(alias, organization, names[1:])
            return f'(SELECT {value} FROM "Organization" {alias} LIMIT 1)', found  # noqa: S608
        known = {"$user": (), "$profile": ("Profile",), "$userrole": ("UserRole",)}
        if not self.writing or word not in known or len(names) == 1:
            allowed = ["$Organization"]
            if self.writing:
                allowed += ["$User", "$Profile", "$UserRole"]
            message = f"{names[0]} is not known here."
            raise UnknownName(message, names[0], [f"{one}.<field>" for one in allowed])
        alias = f"f{next(_aliases)}"
        value, found = self._path(alias, self.schema.object("User"), (*known[word], *names[1:]))
        sql = (
            f'(SELECT {value} FROM "User" {alias} '  # noqa: S608 - names come from the schema
            f'WHERE {alias}."Id" = {ALIAS}.{_quoted(USER_COLUMN)})'
        )
        return sql, found


def columns_of(sql: str, object_type: ObjectType) -> set[str]:
    """The columns of the object's own table that compiled SQL reads."""
    return {entry.name for entry in object_type.columns if f"{ALIAS}.{_quoted(entry.name)}" in sql}


def piece(sql: str, found: Field, *, blanks_as_zeros: bool) -> Piece:
    """A field's SQL as formulas take it: no null texts, percents as shares of 1."""
    if found.type in {"id", "reference"}:
        # Formulas see the 15 characters that mean something; CASESAFEID() gives all 18.
        return Piece(f"coalesce(substr({sql}, 1, 15), '')", Kind.TEXT, column=sql)
    if found.is_number:
        value = f"({sql} / 100.0)" if found.type == "percent" else sql
        value = f"coalesce({value}, 0)" if blanks_as_zeros else value
        return Piece(value, Kind.NUMBER, inexact=found.calculated, column=sql)
    kind = _KINDS.get(found.type, Kind.TEXT)
    if kind is Kind.BOOLEAN:
        return Piece(f"coalesce({sql}, 0)", kind, column=sql)
    if kind in {Kind.TEXT, Kind.PICKLIST, Kind.MULTIPICKLIST}:
        return Piece(f"coalesce({sql}, '')", kind, column=sql)
    return Piece(sql, kind, column=sql)


def is_long(found: Field) -> bool:
    """Whether it is a long text area, which formula fields may not use."""
    return found.type == "textarea" and found.length > _SHORT


def _field(object_type: ObjectType, name: str) -> Field:
    found = object_type.fields.get(name.lower())
    if found is None:
        message = f"Field {name} does not exist on {object_type.name}. Check spelling."
        raise UnknownName(message, name, [one.name for one in object_type.fields.values()])
    return found


def _leads_on(object_type: ObjectType, name: str) -> bool:
    way = name.partition(":")[0]
    return name.lower() in object_type.fields or object_type.relationship(way) is not None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
