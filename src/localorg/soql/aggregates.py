"""The aggregate functions of SOQL as SQL, and which fields they and GROUP BY take."""

from dataclasses import replace

from localorg.schema import Field
from localorg.schema.describe import is_aggregatable, is_groupable
from localorg.soql import errors
from localorg.soql.fragment import phrase
from localorg.soql.functions import sql_text
from localorg.soql.nodes import FunctionCall
from localorg.soql.operands import Column, Computed, computed
from localorg.soql.ordering import collation

NUMERIC = frozenset({"SUM", "AVG"})
COUNTS = {"COUNT": "count (", "COUNT_DISTINCT": "count ( DISTINCT"}
FRACTIONS = frozenset({"double", "currency", "percent"})


def aggregate(statement: str, call: FunctionCall, column: Column) -> Computed:
    """Return an aggregate of a field; raises MALFORMED_QUERY where its type does not have it."""
    found = column.field
    fits = found.is_number if call.word in NUMERIC else is_aggregatable(found)
    if not fits:
        message = f"field {found.name} does not support aggregate operator {call.word}"
        raise errors.malformed(statement, call.position, message)
    value = phrase(column.expression, collation(found))
    if call.word in COUNTS:
        return computed(call.text, "int", phrase(COUNTS[call.word], value, ")"))
    total = phrase(call.word.lower(), "(", value, ")")
    if call.word == "SUM" and found.type in FRACTIONS:
        # Salesforce adds decimals; SQLite's binary fractions would show 0.30000000000000004.
        total = phrase("round (", total, ",", str(found.scale), ")")
    if found.type == "picklist" and found.picklist_values:
        total = _in_lists_order(call.word.lower(), column, total)
    field = replace(found, name=call.text, type="double") if call.word == "AVG" else found
    return Computed(field=field, expression=total)


def _in_lists_order(name: str, column: Column, otherwise: str) -> str:
    """Return the least or greatest value of a picklist by the order of its list.

    Values that are on no list count only where there are no others, `otherwise`.
    """
    values = column.field.picklist_values
    entries = [(str(place), sql_text(entry.value)) for place, entry in enumerate(values)]
    places = [phrase("WHEN", text, "THEN", place) for place, text in entries]
    texts = [phrase("WHEN", place, "THEN", text) for place, text in entries]
    place = phrase(name, "( CASE", column.expression, *places, "END )")
    return phrase("coalesce ( CASE", place, *texts, "END,", otherwise, ")")


def require_groupable(statement: str, position: int, field: Field) -> None:
    """Raise INVALID_FIELD where records cannot be grouped by a field."""
    if not is_groupable(field):
        message = f"field '{field.name}' can not be grouped in a query call"
        raise errors.invalid_field(statement, position, message)
