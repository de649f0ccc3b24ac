"""One filter, a field against values, as SQL.

Salesforce knows no third truth value: `Name != 'x'` and `NOT (Name = 'x')` hold for a record
without a name. So each filter remembers the column whose null makes it false, and `negated` lets
the nulls back in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from localorg.ids import normalised_id
from localorg.soql import errors, moments
from localorg.soql.fragment import (
    Fragment,
    Parameter,
    bracketed,
    chained,
    joined,
    phrase,
    placeholders,
)
from localorg.soql.nodes import Literal, LiteralKind
from localorg.soql.operands import Operand
from localorg.soql.texts import FOLD, fold, like_pattern, spellings, string_value

IDS = frozenset({"id", "reference"})
# Salesforce compares birthdays: the year of these fields does not count in a filter.
BIRTHDAYS = frozenset({"Birthdate", "PersonBirthdate"})
MONTH_AND_DAY = 5  # characters before them in a stored date
ALWAYS_FALSE = Fragment("0")


@dataclass(frozen=True)
class Predicate:
    """SQL that is true for the records of the filter; null counts as false."""

    fragment: Fragment
    # The column whose null makes the SQL null or false; None where null is decided already.
    nullable: str | None = None


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a filter is about: its field, where it stands, and what time it is in the org."""

    statement: str
    position: int
    column: Operand
    now: datetime
    zone: str = "UTC"  # in which days begin and end

    @property
    def type(self) -> str:
        """The type of the field."""
        return self.column.field.type

    @property
    def expression(self) -> str:
        """The field in SQL."""
        return self.column.expression

    def compare(self, operator: str, *values: Parameter, collation: str = "") -> Fragment:
        """Return `field operator ?` for one value."""
        return Fragment(phrase(self.expression, operator, "?", collation), values)

    def mismatch(self, kind: str, advice: str) -> Exception:
        """Return the error for a value of another type than the field's."""
        message = (
            f"value of filter criterion for field '{self.column.field.name}' must be of type "
            f"{kind} and {advice}"
        )
        return errors.invalid_field(self.statement, self.position, message)

    def bad_operator(self, message: str) -> Exception:
        """Return the error for an operator that the field's type does not have."""
        return errors.invalid_operator(self.statement, self.position, message)


def negated(predicate: Predicate) -> Predicate:
    """Return the predicate that holds for all other records, nulls among them."""
    opposite = joined(("NOT", bracketed(predicate.fragment)))
    if predicate.nullable is None:
        return Predicate(opposite)
    return Predicate(bracketed(joined((predicate.nullable, "IS NULL OR", opposite))))


def comparison(subject: Filter, operator: str, value: Literal) -> Predicate:
    """Return a field compared with one value.

    Raises:
        SalesforceError: INVALID_FIELD where the field cannot be filtered or the value is of another
            type, INVALID_QUERY_FILTER_OPERATOR where the field's type lacks the operator.

    """
    require_filterable(subject)
    if operator == "!=":
        return negated(comparison(subject, "=", value))
    if value.kind is LiteralKind.NULL and subject.type != "boolean":
        return _null(subject, operator, value)
    return _comparer(subject)(subject, operator, value)


def membership(subject: Filter, values: Sequence[Literal]) -> Predicate:
    """Return a field that equals one of the values; see `comparison` for the errors."""
    require_filterable(subject)
    options = [comparison(subject, "=", value) for value in values]
    simple = [option for option in options if _is_simple(subject, option)]
    fragments = [option.fragment for option in options if not _is_simple(subject, option)]
    if simple:
        parameters = [value for option in simple for value in option.fragment.parameters]
        collation = simple[0].fragment.text.partition("= ?")[2].strip()
        fragments.append(joined((subject.expression, collation, "IN", placeholders(parameters))))
    takes_null = any(option.nullable is None for option in options)
    return Predicate(chained("OR", fragments), None if takes_null else subject.expression)


def selection(subject: Filter, values: Sequence[Literal]) -> Predicate:
    """Return a multi-select picklist that has all entries of one of the values, `'A;B'`."""
    require_filterable(subject)
    if subject.type != "multipicklist":
        raise subject.bad_operator("includes and excludes are only valid on multipicklist fields")
    options = [_all_entries(subject, value) for value in values]
    return Predicate(chained("OR", options), subject.expression)


def require_filterable(subject: Filter) -> None:
    """Refuse fields that a WHERE clause cannot name, such as long texts and addresses."""
    if not subject.column.field.filterable or subject.column.field.compound:
        message = f"field '{subject.column.field.name}' can not be filtered in a query call"
        raise errors.invalid_field(subject.statement, subject.position, message)


def _is_simple(subject: Filter, option: Predicate) -> bool:
    """Say whether a comparison is `field = ?`, so that it can join a list."""
    return option.fragment.text.startswith(phrase(subject.expression, "= ?"))


def _null(subject: Filter, operator: str, value: Literal) -> Predicate:
    if operator == "LIKE":
        raise errors.unexpected_token(subject.statement, value.position, value.text)
    if operator != "=":
        return Predicate(ALWAYS_FALSE)
    return Predicate(Fragment(phrase(subject.expression, "IS NULL")))


def _all_entries(subject: Filter, value: Literal) -> Fragment:
    if value.kind is not LiteralKind.STRING:
        raise subject.mismatch("string", "should be enclosed in quotes")
    entries = string_value(subject.statement, value).split(";")
    stored = phrase(FOLD, "( ';' ||", subject.expression, "|| ';' )")
    tests = [
        Fragment(phrase("instr (", stored, ", ? ) > 0"), (fold(f";{entry};") or "",))
        for entry in entries
    ]
    return chained("AND", tests)


Comparer = Callable[[Filter, str, Literal], Predicate]


def _comparer(subject: Filter) -> Comparer:
    if subject.type in IDS:
        return _id
    by_type = {"boolean": _boolean, "date": _date, "datetime": _moment, "time": _time}
    if subject.column.field.is_number:
        return _number
    return by_type.get(subject.type, _text)


def _id(subject: Filter, operator: str, value: Literal) -> Predicate:
    if operator == "LIKE":
        raise subject.bad_operator("invalid operator on id field")
    if value.kind is not LiteralKind.STRING:
        raise subject.mismatch("ID", "should be enclosed in quotes")
    text = string_value(subject.statement, value)
    if not text:
        return _null(subject, operator, value)
    full = normalised_id(text)
    if full is None:
        raise subject.bad_operator(f"invalid ID field: {text}")
    return Predicate(subject.compare(operator, full), subject.expression)


def _boolean(subject: Filter, operator: str, value: Literal) -> Predicate:
    if operator != "=":
        raise subject.bad_operator("invalid operator on boolean field")
    if value.kind not in {LiteralKind.BOOLEAN, LiteralKind.NULL}:
        raise subject.mismatch("boolean", "should not be enclosed in quotes")
    wanted = int(value.text.upper() == "TRUE")  # null stands for false
    if not subject.column.is_parents:
        return Predicate(subject.compare("=", wanted))
    known = phrase("coalesce (", subject.expression, ", 0 )")
    return Predicate(Fragment(phrase(known, "= ?"), (wanted,)))


def _number(subject: Filter, operator: str, value: Literal) -> Predicate:
    if operator == "LIKE":
        raise subject.bad_operator(f"invalid operator on {subject.type} field")
    if value.kind is not LiteralKind.NUMBER:
        kind = subject.type if subject.type in {"int", "long"} else "double"
        raise subject.mismatch(kind, "should not be enclosed in quotes")
    return Predicate(subject.compare(operator, float(value.text)), subject.expression)


def _date(subject: Filter, operator: str, value: Literal) -> Predicate:
    _require_moment(subject, operator, value, LiteralKind.DATE, "date")
    if subject.column.field.name in BIRTHDAYS:
        return _birthday(subject, operator, value)
    if value.kind is LiteralKind.DATE_LITERAL:
        return _span(subject, operator, value)
    stored = moments.stored_date(subject.statement, value)
    return Predicate(subject.compare(operator, stored), subject.expression)


def _moment(subject: Filter, operator: str, value: Literal) -> Predicate:
    _require_moment(subject, operator, value, LiteralKind.DATETIME, "dateTime")
    if value.kind is LiteralKind.DATE_LITERAL:
        return _span(subject, operator, value)
    stored = moments.stored_moment(subject.statement, value)
    return Predicate(subject.compare(operator, stored), subject.expression)


def _time(subject: Filter, operator: str, value: Literal) -> Predicate:
    if operator == "LIKE":
        raise subject.bad_operator("invalid operator on time field")
    if value.kind is not LiteralKind.TIME:
        raise subject.mismatch("time", "should not be enclosed in quotes")
    stored = moments.stored_time(subject.statement, value)
    return Predicate(subject.compare(operator, stored), subject.expression)


def _require_moment(
    subject: Filter, operator: str, value: Literal, kind: LiteralKind, name: str
) -> None:
    if operator == "LIKE":
        raise subject.bad_operator(f"invalid operator on {subject.type} field")
    if value.kind not in {kind, LiteralKind.DATE_LITERAL}:
        raise subject.mismatch(name, "should not be enclosed in quotes")


def _span(subject: Filter, operator: str, value: Literal) -> Predicate:
    days = moments.span(value, subject.now, subject.zone)
    zone = subject.zone if subject.type == "datetime" else None
    low, high = moments.bounds(days, zone)
    if operator == "=":
        inside = joined((subject.compare(">=", low), "AND", subject.compare("<", high)))
        return Predicate(bracketed(inside), subject.expression)
    edge = {"<": ("<", low), "<=": ("<", high), ">": (">=", high), ">=": (">=", low)}
    return Predicate(subject.compare(*edge[operator]), subject.expression)


def _birthday(subject: Filter, operator: str, value: Literal) -> Predicate:
    """Return a comparison of month and day alone."""
    if value.kind is LiteralKind.DATE_LITERAL:
        days = moments.span(value, subject.now, subject.zone)
        first, last = days.start.isoformat(), moments.last_day(days).isoformat()
    else:
        first = last = moments.stored_date(subject.statement, value)
    stored = phrase("substr (", subject.expression, ",", str(MONTH_AND_DAY + 1), ")")
    return Predicate(_month_and_day(stored, operator, first, last), subject.expression)


def _month_and_day(stored: str, operator: str, first: str, last: str) -> Fragment:
    low, high = first[MONTH_AND_DAY:], last[MONTH_AND_DAY:]
    if operator == "=":
        over_new_year = first[:MONTH_AND_DAY] != last[:MONTH_AND_DAY]
        word = "OR" if over_new_year else "AND"
        text = phrase("(", stored, ">= ?", word, stored, "<= ? )")
        return Fragment(text, (low, high))
    edge = low if operator in {"<", ">="} else high
    return Fragment(phrase(stored, operator, "?"), (edge,))


def _text(subject: Filter, operator: str, value: Literal) -> Predicate:
    if value.kind is not LiteralKind.STRING:
        raise subject.mismatch("string", "should be enclosed in quotes")
    if operator == "LIKE":
        return _like(subject, value)
    wanted = string_value(subject.statement, value)
    if not wanted:
        return _null(subject, operator, value)
    if subject.column.field.case_sensitive:
        exact = subject.compare(operator, wanted, collation="COLLATE BINARY")
        return Predicate(exact, subject.expression)
    if wanted.isascii():
        same = subject.compare(operator, wanted, collation="COLLATE NOCASE")
        return Predicate(same, subject.expression)
    variants = spellings(wanted) if operator == "=" else None
    if variants is not None:
        listed = joined((subject.expression, "COLLATE NOCASE IN", placeholders(variants)))
        return Predicate(listed, subject.expression)
    folded = phrase(FOLD, "(", subject.expression, ")")
    return Predicate(
        Fragment(phrase(folded, operator, "?"), (fold(wanted) or "",)), subject.expression
    )


def _like(subject: Filter, value: Literal) -> Predicate:
    pattern = like_pattern(subject.statement, value)
    escape = "ESCAPE '\\'" if "\\" in pattern else ""
    expression = subject.expression
    if not pattern.isascii():
        expression, pattern = phrase(FOLD, "(", expression, ")"), fold(pattern) or ""
    text = phrase(expression, "LIKE ?", escape)
    return Predicate(Fragment(text, (pattern,)), subject.expression)
