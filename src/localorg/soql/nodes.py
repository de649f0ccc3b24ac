"""The parts of a SOQL statement, as the parser hands them to the compiler.

Every node remembers its `position`, the number of characters before it in the statement, because
Salesforce's error messages point at it.
"""

from dataclasses import dataclass
from enum import StrEnum


class LiteralKind(StrEnum):
    """What a value in a WHERE clause was written as."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"
    DATE = "date"
    DATETIME = "dateTime"
    DATE_LITERAL = "date literal"


@dataclass(frozen=True, kw_only=True)
class Literal:
    """A value as written: strings still with their quotes and escapes."""

    kind: LiteralKind
    text: str
    position: int
    count: int | None = None  # the n of LAST_N_DAYS:n


@dataclass(frozen=True, kw_only=True)
class FieldPath:
    """A field, or a field of a parent: `Email`, `Account.Owner.Name`."""

    parts: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        """The path as it was written."""
        return ".".join(self.parts)


@dataclass(frozen=True, kw_only=True)
class FunctionCall:
    """A function in the SELECT list, such as `COUNT(Id)` or `toLabel(Status) label`."""

    name: str
    argument: FieldPath | None
    alias: str | None
    position: int


@dataclass(frozen=True, kw_only=True)
class FieldsFunction:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    group: str
    position: int


@dataclass(frozen=True, kw_only=True)
class SubQuery:
    """A parent-to-child query in the SELECT list."""

    query: "Query"
    position: int


@dataclass(frozen=True, kw_only=True)
class TypeOf:
    """A `TYPEOF ... END` expression; what is inside is not kept."""

    position: int


SelectItem = FieldPath | FunctionCall | FieldsFunction | SubQuery | TypeOf


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A field compared with one value by `=`, `!=`, `<`, `<=`, `>`, `>=` or `LIKE`."""

    path: FieldPath
    operator: str
    value: Literal


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A field looked up in a list by `IN`, `NOT IN`, `INCLUDES` or `EXCLUDES`."""

    path: FieldPath
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, kw_only=True)
class SemiJoin:
    """A field looked up in the answer of another query by `IN` or `NOT IN`."""

    path: FieldPath
    operator: str
    query: "Query"


@dataclass(frozen=True, kw_only=True)
class Not:
    """The opposite of a condition."""

    condition: "Condition"


@dataclass(frozen=True, kw_only=True)
class Junction:
    """Two or more conditions joined by one kind of word, `AND` or `OR`."""

    word: str
    conditions: tuple["Condition", ...]


Condition = Comparison | Membership | SemiJoin | Not | Junction


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """One term of ORDER BY."""

    path: FieldPath
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, kw_only=True)
class Query:
    """A whole statement. `text` is the statement that all positions count in."""

    text: str
    select: tuple[SelectItem, ...]
    source: str  # the object after FROM, as written
    source_position: int
    alias: str | None = None
    where: Condition | None = None
    group_by: FieldPath | None = None  # the first field of GROUP BY
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    offset_position: int = 0
