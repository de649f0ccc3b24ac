"""ORDER BY as SQL."""

from collections.abc import Iterable

from localorg.schema import Field
from localorg.schema.describe import is_sortable
from localorg.soql import errors
from localorg.soql.fragment import Fragment, joined, phrase
from localorg.soql.nodes import Ordering
from localorg.soql.operands import Operand


def ordered(terms: Iterable[tuple[Operand, Ordering]]) -> Fragment:
    """Return the terms of an ORDER BY clause, without its keywords."""
    fragments = [_term(operand, ordering) for operand, ordering in terms]
    parameters = [value for fragment in fragments for value in fragment.parameters]
    return Fragment(", ".join(fragment.text for fragment in fragments), tuple(parameters))


def require_sortable(statement: str, ordering: Ordering, field: Field) -> None:
    """Raise INVALID_FIELD where records cannot be sorted by a field."""
    if not is_sortable(field):
        message = f"field '{field.name}' can not be sorted in a query call"
        raise errors.invalid_field(statement, ordering.subject.position, message)


def collation(field: Field) -> str:
    """Return how values of a field are told apart: texts without regard to case."""
    return "COLLATE NOCASE" if field.is_text and not field.case_sensitive else ""


def _term(operand: Operand, ordering: Ordering) -> Fragment:
    direction = "DESC" if ordering.descending else "ASC"
    nulls = "NULLS LAST" if ordering.nulls_last else "NULLS FIRST"
    return joined((_sort_key(operand), direction, nulls))


def _sort_key(operand: Operand) -> Fragment:
    """Return what rows are sorted by: picklists by their values' order, texts without case."""
    field = operand.field
    values = field.picklist_values
    if field.type == "picklist" and values:
        whens = ["WHEN ? THEN ?"] * len(values)
        numbers = [part for place, entry in enumerate(values) for part in (entry.value, place)]
        text = phrase("CASE", operand.expression, *whens, "ELSE", operand.expression, "END")
        return Fragment(text, tuple(numbers))
    return Fragment(phrase(operand.expression, "COLLATE NOCASE" if field.is_text else ""))
