"""Lets SQLite itself write the CSV lines of a Bulk result, which is far faster than Python.

All values are quoted; null is `""`; booleans are true and false; doubles look as Java prints them
(`100.0`, `1.39E8`), which is how Salesforce's Bulk results show them.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from localorg.schema import Field
from localorg.soql import Column, Statement, phrase
from localorg.soql.selecting import FunctionValue, shown_path

FORMAT_DOUBLE = "localorg_double"
DOUBLES = frozenset({"double", "currency", "percent"})
# SQLite's functions take up to 100 arguments in some builds; longer lines are put together.
CELLS_PER_CALL = 60
QUOTED = '"%s"'
# Java writes numbers outside of this range with an exponent.
SMALLEST_PLAIN = "0.001"
SMALLEST_WITH_EXPONENT = "10000000"


def install_functions(connection: sqlite3.Connection) -> None:
    """Teach a connection the function that lines call."""
    connection.create_function(FORMAT_DOUBLE, 1, java_double, deterministic=True)


def java_double(number: float) -> str:
    """Return a number as Java's Double.toString writes it with an exponent: `1.39E8`."""
    mantissa, _, exponent = f"{number:.16e}".partition("e")
    shortest = repr(float(number))
    digits = shortest.partition("e")[0].replace(".", "").lstrip("-").strip("0") or "0"
    sign = "-" if mantissa.startswith("-") else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{int(exponent)}"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One column of the result."""

    # As the header shows it: parents with dots.
    name: str
    # What type its values are of.
    field: Field
    # The value in SQL.
    expression: str


def cells_of(statement: Statement) -> list[Cell]:
    """Return the columns in the order of SELECT: fields and functions such as toLabel()."""
    return [
        Cell(
            name=".".join(shown_path(item)),
            field=item.field if isinstance(item, Column) else item.operand.field,
            expression=item.expression if isinstance(item, Column) else item.operand.expression,
        )
        for item in statement.items
        if isinstance(item, Column | FunctionValue)
    ]


def header(columns: Sequence[Cell], delimiter: str, line_ending: str) -> bytes:
    """Return the header row: field names as the schema spells them."""
    names = (f'"{column.name}"' for column in columns)
    return (delimiter.join(names) + line_ending).encode()


def line(columns: Sequence[Cell], delimiter: str, line_ending: str) -> str:
    """Return the SQL expression for a row's line."""
    calls = []
    for first in range(0, len(columns), CELLS_PER_CALL):
        part = columns[first : first + CELLS_PER_CALL]
        end = line_ending if first + CELLS_PER_CALL >= len(columns) else delimiter
        pattern = "".join(("'", delimiter.join([QUOTED] * len(part)), end, "'"))
        calls.append(phrase("printf (", ", ".join((pattern, *map(_cell, part))), ")"))
    return " || ".join(calls)


def _cell(column: Cell) -> str:
    expression = column.expression
    if column.field.type == "boolean":
        return phrase("CASE", expression, "WHEN 1 THEN 'true' WHEN 0 THEN 'false' END")
    if column.field.type in DOUBLES:
        return _double(column.field, expression)
    if column.field.is_text:
        return phrase("replace (", expression, """, '"', '""' )""")
    return expression


def _double(field: Field, expression: str) -> str:
    """Return a double: SQLite writes plain ones as Java does, a function writes the others."""
    size = phrase("abs (", expression, ")")
    plain = [size, "<", SMALLEST_WITH_EXPONENT]
    if field.scale:
        plain += ["AND (", size, ">=", SMALLEST_PLAIN, "OR", expression, "= 0 )"]
    real = phrase("CAST (", expression, "AS REAL )")
    other = ["WHEN", expression, "IS NOT NULL THEN", FORMAT_DOUBLE, "(", expression, ")"]
    return phrase("CASE WHEN", *plain, "THEN", real, *other, "END")
