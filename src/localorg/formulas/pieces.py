"""SQL for the parts of a formula, each with the kind of its values."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the values of a part are; the words are those of Salesforce's messages."""

    TEXT = "Text"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    DATE = "Date"
    DATETIME = "DateTime"
    TIME = "Time"
    PICKLIST = "Picklist"
    MULTIPICKLIST = "Multi-Select Picklist"
    # NULL goes with every kind.
    NULL = "Null"


# Kinds whose empty values are the empty text here, so that they are never null in SQL.
TEXTS = frozenset({Kind.TEXT, Kind.PICKLIST, Kind.MULTIPICKLIST})


@dataclass(frozen=True, slots=True)
class Piece:
    """SQL of which `kind` says what comes out.

    Texts are never null but empty, booleans are 0 or 1, all else is null where it is blank.
    """

    sql: str
    kind: Kind
    # A number that was calculated, so that its last binary digits can't be relied on.
    inexact: bool = False
    # The field itself in SQL, before blanks were replaced; None where it is no field.
    column: str | None = None
    # The text of a text in quotes.
    literal: str | None = None
    # The branches of an IF, so that a chain of them becomes one CASE of SQL.
    branches: str | None = None
    # The operators that it is a chain of, and the chain without its brackets.
    chain: tuple[str, str] | None = None


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"
