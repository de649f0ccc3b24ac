"""SQL that writes a record's JSON, so that a page of records needs no object for each value.

SQLite writes JSON twice as fast as Python makes records of rows, and lets other threads work
meanwhile. What it cannot write is left to Python: see `json_of`.
"""

from collections.abc import Mapping, Sequence

from localorg.query.values import DOUBLES, as_json
from localorg.soql import phrase
from localorg.soql.functions import sql_text
from localorg.soql.operands import Column, Operand

Pair = tuple[str, str]  # a key and SQL for its value
# SQLite's functions take 127 arguments: `attributes` and so many other keys with their values.
MOST_KEYS = 62
# The numbers that JSON has no words for are null, as in what Python writes.
LARGEST = "1.7976931348623157e308"
EXACT_INTEGER = "1e15"


def json_value(operand: Operand) -> str | None:
    """Return SQL for a value in a JSON object; None where Python has to write it."""
    found, expression = operand.field, operand.expression
    if found.type == "boolean":
        cases = ("WHEN 1 THEN json ( 'true' ) WHEN 0 THEN json ( 'false' )", "END")
        return phrase("CASE", expression, *cases)
    if found.type in DOUBLES:
        # The value stands in several places below, which would work out a formula each time.
        stored = isinstance(operand, Column) and found.stored
        return _double(as_json(found, expression)) if stored else None
    return as_json(found, expression)


def json_record(
    kind: str, urls: Mapping[str, str], identity: str, values: Sequence[Pair]
) -> str | None:
    """Return SQL for the JSON of a parent, null where there is none.

    Args:
        kind: what `attributes.type` says.
        urls: `attributes.url` without the id, by its first three characters; "" for all others.
        identity: the record's id in SQL.
        values: keys with SQL for their values; None is returned where they are too many.

    """
    if len(values) > MOST_KEYS:
        return None
    [written] = json_pieces(kind, urls, identity, values)
    return phrase("CASE WHEN", identity, "IS NOT NULL THEN", written, "END")


def json_pieces(
    kind: str, urls: Mapping[str, str], identity: str, values: Sequence[Pair]
) -> list[str]:
    """Return SQL for objects that are a record's JSON when `as_one` has put them together."""
    url = phrase(_base(urls, identity), "||", identity)
    attributes = phrase("json_object ( 'type',", sql_text(kind), ", 'url',", url, ")")
    pieces = [values[start : start + MOST_KEYS] for start in range(0, len(values), MOST_KEYS)]
    first, *others = pieces or [()]
    return [_object([("attributes", attributes), *first]), *map(_object, others)]


def as_one(pieces: Sequence[str]) -> str:
    """Return one JSON object with the keys of several, none of which is empty."""
    if len(pieces) == 1:
        return pieces[0]
    return "".join(("{", ",".join(piece[1:-1] for piece in pieces), "}"))


def _object(pairs: Sequence[Pair]) -> str:
    listed = ", ".join(phrase(sql_text(key), ",", value) for key, value in pairs)
    return phrase("json_object (", listed, ")")


def _base(urls: Mapping[str, str], identity: str) -> str:
    whens = [
        phrase("WHEN", sql_text(prefix), "THEN", sql_text(url))
        for prefix, url in urls.items()
        if prefix
    ]
    otherwise = sql_text(urls[""])
    if not whens:
        return otherwise
    return phrase("CASE substr (", identity, ", 1, 3 )", *whens, "ELSE", otherwise, "END")


def _double(value: str) -> str:
    """Return SQL for a double with all its digits: SQLite's own JSON shows 15 of them."""
    short = phrase("CAST ( printf ( '%!.15g',", value, ") AS REAL ) =", value)
    exact = phrase("json ( printf ( '%!.17g',", value, ") )")
    whole = phrase("abs (", value, ") <", EXACT_INTEGER, "AND", value, "= round (", value, ")")
    return phrase(
        *("CASE WHEN", whole, "OR", short, "THEN", value),
        *("WHEN abs (", value, ") <=", LARGEST, "THEN", exact, "END"),
    )
