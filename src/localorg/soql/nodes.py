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
    TIME = "time"
    DATE_LITERAL = "date literal"


@dataclass(frozen=True, kw_only=True)
class Literal:
    """A value as written: strings still with their quotes and escapes."""

    kind: LiteralKind
    text: str
    position: int
    count: int | None = None  # the n of LAST_N_DAYS:n


@dataclass(frozen=True, kw_only=True)
class Alias:
    """The name that an item of SELECT is given: `COUNT(Id) leads`."""

    text: str
    position: int


@dataclass(frozen=True, kw_only=True)
class FieldPath:
    """A field, or a field of a parent: `Email`, `Account.Owner.Name`."""

    parts: tuple[str, ...]
    position: int
    alias: Alias | None = None

    @property
    def text(self) -> str:
        """The path as it was written."""
        return ".".join(self.parts)


@dataclass(frozen=True, kw_only=True)
class FunctionCall:
    """A function of a field, such as `COUNT(Id)`, `toLabel(Status) label`, `CALENDAR_YEAR(...)`."""

    name: str
    argument: "FieldPath | FunctionCall | None"
    position: int
    alias: Alias | None = None

    @property
    def text(self) -> str:
        """The call as it was written, without spaces."""
        return f"{self.name}({self.argument.text if self.argument else ''})"

    @property
    def word(self) -> str:
        """The function's name in upper case."""
        return self.name.upper()


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
class TypeBranch:
    """`WHEN User THEN Name, Email` of a TYPEOF expression."""

    object_name: str
    position: int
    fields: tuple[FieldPath, ...]


@dataclass(frozen=True, kw_only=True)
class TypeOf:
    """A `TYPEOF Owner WHEN ... ELSE ... END` expression."""

    path: FieldPath
    branches: tuple[TypeBranch, ...]
    otherwise: tuple[FieldPath, ...]
    position: int


SelectItem = FieldPath | FunctionCall | FieldsFunction | SubQuery | TypeOf
Subject = FieldPath | FunctionCall


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A field compared with one value by `=`, `!=`, `<`, `<=`, `>`, `>=` or `LIKE`."""

    subject: Subject
    operator: str
    value: Literal


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A field looked up in a list by `IN`, `NOT IN`, `INCLUDES` or `EXCLUDES`."""

    subject: Subject
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, kw_only=True)
class SemiJoin:
    """A field looked up in the answer of another query by `IN` or `NOT IN`."""

    subject: Subject
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
class GroupBy:
    """GROUP BY: its fields and functions, and ROLLUP or CUBE where they are asked for."""

    items: tuple[Subject, ...]
    position: int
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """One term of ORDER BY."""

    subject: Subject
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, kw_only=True)
class FromAlias:
    """A short name for a parent: the `a` of `FROM Contact c, c.Account a`."""

    name: str
    path: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UsingScope:
    """USING SCOPE: whose records are looked at."""

    name: str
    position: int


@dataclass(frozen=True, kw_only=True)
class Query:
    """A whole statement. `text` is the statement that all positions count in."""

    text: str
    position: int  # of SELECT
    select: tuple[SelectItem, ...]
    source: str  # the object after FROM, as written
    source_position: int
    alias: str | None = None
    parent_aliases: tuple[FromAlias, ...] = ()
    scope: UsingScope | None = None
    where: Condition | None = None
    group_by: GroupBy | None = None
    having: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    order_position: int = 0
    limit: int | None = None
    limit_position: int = 0
    offset: int | None = None
    offset_position: int = 0
    # FOR VIEW, FOR REFERENCE or FOR UPDATE; none of them changes an answer.
    purpose: str = ""
    purpose_position: int = 0
