"""Lets SQLite itself write the CSV lines of a Bulk result, which is far faster than Python.

All values are quoted; null is `""`; booleans are true and false; doubles look as Java prints them
(`100.0`, `1.39E8`), which is how Salesforce's Bulk results show them.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

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
# SQLite writes 15 digits, which is not enough for more decimals behind seven digits.
MOST_PLAIN_DECIMALS = 8


def install_functions(connection: sqlite3.Connection) -> None:
    """Teach a connection the function that lines call."""
    connection.create_function(FORMAT_DOUBLE, 1, java_double, deterministic=True)


def java_double(number: float | None) -> str | None:
    """Return a number as Java's Double.toString writes it: `19.99`, `1.39E8`, `1.0E-6`."""
    if number is None:
        return None
    plain = repr(float(number))
    if number == 0 or float(SMALLEST_PLAIN) <= abs(number) < float(SMALLEST_WITH_EXPONENT):
        return plain
    # The shortest digits that mean this number, and where they stand.
    shortest = Decimal(plain).normalize()
    sign, digits, _ = shortest.as_tuple()
    first, *others = map(str, digits)
    return f"{'-' * sign}{first}.{''.join(others) or '0'}E{shortest.adjusted()}"


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
    parts = []
    for first in range(0, len(columns), CELLS_PER_CALL):
        part = columns[first : first + CELLS_PER_CALL]
        end = line_ending if first + CELLS_PER_CALL >= len(columns) else delimiter
        parts.append(_part(part, delimiter, end))
    return " || ".join(parts)


def _part(columns: Sequence[Cell], delimiter: str, end: str) -> str:
    """Return some cells of a line: by printf, which is fast but ends a text at a NUL character."""
    cells = list(map(_cell, columns))
    pattern = f"'{delimiter.join([QUOTED] * len(cells))}{end}'"
    printed = phrase("printf (", ", ".join((pattern, *cells)), ")")
    # A formula is worth working out once only.
    texts = [
        each.expression for each in columns if each.field.is_text and not each.field.calculated
    ]
    if not texts:
        return printed
    has_nul = " OR ".join(phrase("instr (", text, ", char ( 0 ) )") for text in texts)
    between = phrase(" ||", f"'\"{delimiter}\"'", "|| ")
    values = between.join(phrase("ifnull (", cell, ", '' )") for cell in cells)
    joined = phrase("'\"' ||", values, "||", f"'\"{end}'")
    return phrase("CASE WHEN", has_nul, "THEN", joined, "ELSE", printed, "END")


def _cell(column: Cell) -> str:
    expression = column.expression
    if column.field.type == "boolean":
        return phrase("CASE", expression, "WHEN 1 THEN 'true' WHEN 0 THEN 'false' END")
    if column.field.type in DOUBLES:
        return _double(column.field, expression)
    if column.field.is_text:
        doubled = phrase("replace (", expression, """, '"', '""' )""")
        if column.field.calculated:
            return doubled
        # Most texts have no quotes, and looking for one is cheaper than copying.
        return phrase(
            "CASE WHEN instr (", expression, """, '"' ) THEN""", doubled, "ELSE", expression, "END"
        )
    return expression


def _double(field: Field, expression: str) -> str:
    """Return a double: SQLite writes plain ones as Java does, a function writes the others."""
    written = phrase(FORMAT_DOUBLE, "(", expression, ")")
    if field.scale and field.scale > MOST_PLAIN_DECIMALS:
        return written
    size = phrase("abs (", expression, ")")
    plain = [size, "<", SMALLEST_WITH_EXPONENT]
    if field.scale:
        plain += ["AND (", size, ">=", SMALLEST_PLAIN, "OR", expression, "= 0 )"]
    real = phrase("CAST (", expression, "AS REAL )")
    other = ["WHEN", expression, "IS NOT NULL THEN", written]
    return phrase("CASE WHEN", *plain, "THEN", real, *other, "END")
