"""Reads fields and functions of fields."""

from localorg.soql import errors
from localorg.soql.cursor import RESERVED, Cursor
from localorg.soql.lexer import Token, TokenKind
from localorg.soql.nodes import Alias, FieldPath, FunctionCall, Subject

DATE_FUNCTIONS = frozenset(
    {
        "CALENDAR_MONTH",
        "CALENDAR_QUARTER",
        "CALENDAR_YEAR",
        "DAY_IN_MONTH",
        "DAY_IN_WEEK",
        "DAY_IN_YEAR",
        "DAY_ONLY",
        "FISCAL_MONTH",
        "FISCAL_QUARTER",
        "FISCAL_YEAR",
        "HOUR_IN_DAY",
        "WEEK_IN_MONTH",
        "WEEK_IN_YEAR",
    }
)
AGGREGATES = frozenset({"AVG", "COUNT", "COUNT_DISTINCT", "GROUPING", "MAX", "MIN", "SUM"})
CONVERT_TIMEZONE = "CONVERTTIMEZONE"
TO_LABEL = "TOLABEL"
FORMAT = "FORMAT"
FUNCTIONS = DATE_FUNCTIONS | AGGREGATES | {CONVERT_TIMEZONE, TO_LABEL, FORMAT}
# Which functions a function may be given instead of a field.
INSIDE = {FORMAT: AGGREGATES | {CONVERT_TIMEZONE}} | dict.fromkeys(
    DATE_FUNCTIONS, frozenset({CONVERT_TIMEZONE})
)
NESTING = (
    "nested functional syntax can only be used in the following manner: "
    "date_function(convertTimezone(columnName))"
)


def parse_path(cursor: Cursor) -> FieldPath:
    """Return the field path at the cursor."""
    first = cursor.name()
    parts = [first.text]
    while cursor.accept("."):
        parts.append(cursor.name().text)
    return FieldPath(parts=tuple(parts), position=first.position)


def parse_subject(cursor: Cursor) -> Subject:
    """Return the field or the function of a field at the cursor."""
    path = parse_path(cursor)
    return parse_call(cursor, path) if cursor.following("(") else path


def parse_call(cursor: Cursor, path: FieldPath) -> FunctionCall:
    """Return the function whose name was just passed."""
    name = path.text
    if name.upper() not in FUNCTIONS:
        cursor.refuse()
    cursor.enter()
    cursor.expect("(")
    argument = _argument(cursor, name)
    cursor.expect(")")
    cursor.leave()
    return FunctionCall(name=name, argument=argument, position=path.position)


def _argument(cursor: Cursor, name: str) -> Subject | None:
    if cursor.following(")"):
        if name.upper() != "COUNT":
            cursor.refuse()
        return None
    argument = parse_subject(cursor)
    if isinstance(argument, FunctionCall) and argument.word not in INSIDE.get(name.upper(), ()):
        raise errors.malformed(cursor.text, argument.position, f"{NESTING}: {name}")
    return argument


def parse_alias(cursor: Cursor) -> Alias | None:
    """Return the alias at the cursor, if there is one."""
    if not is_alias(cursor.token):
        return None
    token = cursor.advance()
    return Alias(text=token.text, position=token.position)


def is_alias(token: Token) -> bool:
    """Say whether a token can be a short name for what stands before it."""
    return token.kind is TokenKind.NAME and token.word not in RESERVED
