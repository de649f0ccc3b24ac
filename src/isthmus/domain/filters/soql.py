"""From conditions to SOQL that holds for the same records.

Salesforce's language says little of what a comparison with an empty value gives, and its NOT less.
So a `not` is pushed down to the single tests, and each of these is written out with its opposite:
exactly one of the two holds for a record, whatever an empty value gives.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from isthmus.domain.filters.tree import All, AnyOf, FieldKind, FieldTest, Filter, Not
from isthmus.domain.segments import Operand, Operator, Span
from isthmus.domain.segments.calendar import Calendar, after, before

_ESCAPES = {
    "\\": "\\\\",
    "'": "\\'",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_WILD = {"%": "\\%", "_": "\\_"}
_DAY = timedelta(days=1)

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!="}

_BOUNDS = {
    Operator.LESS_THAN: "<",
    Operator.AT_MOST: "<=",
    Operator.MORE_THAN: ">",
    Operator.AT_LEAST: ">=",
}
_NEGATED = {
    Operator.IS_NOT: Operator.IS,
    Operator.NONE_OF: Operator.ANY_OF,
}


def soql(tree: Filter | str, calendar: Calendar) -> str:
    """The condition of a WHERE, in parentheses. Relative dates count from `calendar`."""
    if isinstance(tree, str):
        return f"({tree})"
    return _written(tree, calendar, holds=True)


def _written(tree: Filter, calendar: Calendar, *, holds: bool) -> str:
    match tree:
        case Not():
            return _written(tree.part, calendar, holds=not holds)
        case All() | AnyOf():
            parts = [_written(part, calendar, holds=holds) for part in tree.parts]
            return _joined("AND" if isinstance(tree, All) is holds else "OR", parts)
        case FieldTest():
            return _test(tree, calendar, holds=holds)


def _joined(word: str, parts: list[str]) -> str:
    return f"({f' {word} '.join(parts)})" if len(parts) > 1 else parts[0]


def _test(test: FieldTest, calendar: Calendar, *, holds: bool) -> str:
    if test.operator in _NEGATED:
        holds = not holds
        test = FieldTest(
            field=test.field,
            kind=test.kind,
            operator=_NEGATED[test.operator],
            operands=test.operands,
        )
    if test.operator is Operator.IS_EMPTY:
        return f"{test.field} {'=' if bool(test.operands[0]) is holds else '!='} null"
    if test.kind is FieldKind.SEVERAL:
        return _of_several(test, holds=holds)
    if test.operator in (Operator.CONTAINS, Operator.STARTS_WITH):
        return _like(test, holds=holds)
    if test.kind in (FieldKind.DATE, FieldKind.DATETIME):
        return _in_time(test, calendar, holds=holds)
    if test.operator is Operator.IS:
        return _equal(test, holds=holds)
    return _within(test.field, _limits(test), holds=holds)


def _opposite(test: str, field: str) -> str:
    """The opposite of a test that an empty value does not satisfy."""
    return f"({test} OR {field} = null)"


def _equal(test: FieldTest, *, holds: bool) -> str:
    values = [_literal(value, test.kind) for value in test.operands]
    if test.kind is FieldKind.CHECKBOX:
        sign, word = ("=", "OR") if holds else ("!=", "AND")
        return _joined(word, [f"{test.field} {sign} {value}" for value in values])
    listed = f"({', '.join(values)})"
    if holds:
        return f"{test.field} IN {listed}"
    return _opposite(f"{test.field} NOT IN {listed}", test.field)


def _of_several(test: FieldTest, *, holds: bool) -> str:
    values = [_literal(value, test.kind) for value in test.operands]
    if test.operator is not Operator.ALL_OF:
        listed = f"({', '.join(values)})"
        if holds:
            return f"{test.field} INCLUDES {listed}"
        return _opposite(f"{test.field} EXCLUDES {listed}", test.field)
    if holds:
        return _joined("AND", [f"{test.field} INCLUDES ({value})" for value in values])
    missing = [f"{test.field} EXCLUDES ({value})" for value in values]
    return _joined("OR", [*missing, f"{test.field} = null"])


def _like(test: FieldTest, *, holds: bool) -> str:
    anywhere = "%" if test.operator is Operator.CONTAINS else ""
    pattern = _escaped(str(test.operands[0]), {**_ESCAPES, **_WILD})
    like = f"{test.field} LIKE '{anywhere}{pattern}%'"
    return like if holds else _opposite(f"(NOT {like})", test.field)


Limit = tuple[str, str]
"""A sign and a literal."""


def _limits(test: FieldTest) -> list[Limit]:
    values = [_literal(value, test.kind) for value in test.operands]
    if test.operator is Operator.BETWEEN:
        return [(">=", values[0]), ("<=", values[1])]
    return [(_BOUNDS[test.operator], values[0])]


def _within(field: str, limits: list[Limit], *, holds: bool) -> str:
    if holds:
        return _joined("AND", [f"{field} {sign} {value}" for sign, value in limits])
    outside = [f"{field} {_OPPOSITE[sign]} {value}" for sign, value in limits]
    return _joined("OR", [*outside, f"{field} = null"])


def _in_time(test: FieldTest, calendar: Calendar, *, holds: bool) -> str:
    if test.operator is not Operator.IS:
        return _within(test.field, _time_limits(test, calendar), holds=holds)
    each = [
        _within(test.field, _same(value, test.kind, calendar), holds=holds)
        for value in test.operands
        if isinstance(value, date)
    ]
    return _joined("OR" if holds else "AND", each)


def _same(value: date, kind: FieldKind, calendar: Calendar) -> list[Limit]:
    if kind is FieldKind.DATE or isinstance(value, datetime):
        return [("=", _moment(value, kind, calendar))]
    return [(">=", _moment(value, kind, calendar)), ("<", _moment(value + _DAY, kind, calendar))]


def _time_limits(test: FieldTest, calendar: Calendar) -> list[Limit]:
    now: date = calendar.today if test.kind is FieldKind.DATE else calendar.now
    first = test.operands[0]
    if isinstance(first, Span):
        return _relative(test, now, first, calendar)
    if test.operator is Operator.BETWEEN:
        low, high = test.operands
        return [
            *_limit(Operator.AT_LEAST, low, test.kind, calendar),
            *_limit(Operator.AT_MOST, high, test.kind, calendar),
        ]
    return _limit(test.operator, first, test.kind, calendar)


def _relative(test: FieldTest, now: date, span: Span, calendar: Calendar) -> list[Limit]:
    def at(moment: date) -> str:
        return _moment(moment, test.kind, calendar)

    if test.operator is Operator.WITHIN_LAST:
        return [(">=", at(before(now, span))), ("<=", at(now))]
    if test.operator is Operator.WITHIN_NEXT:
        return [(">=", at(now)), ("<=", at(after(now, span)))]
    return [("<", at(before(now, span)))]


def _limit(operator: Operator, value: Operand, kind: FieldKind, calendar: Calendar) -> list[Limit]:
    """One bound; where a day is asked of a moment, the day as a whole counts."""
    assert isinstance(value, date)  # noqa: S101 - the reading gives nothing else for times
    is_day = kind is FieldKind.DATETIME and not isinstance(value, datetime)
    if is_day and operator is Operator.AT_MOST:
        return [("<", _moment(value + _DAY, kind, calendar))]
    if is_day and operator is Operator.MORE_THAN:
        return [(">=", _moment(value + _DAY, kind, calendar))]
    return [(_BOUNDS[operator], _moment(value, kind, calendar))]


def _moment(value: date, kind: FieldKind, calendar: Calendar) -> str:
    if kind is FieldKind.DATE:
        return value.isoformat()[:10]
    moment = calendar.first_moment(value).astimezone(UTC)
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S")
    part = f".{moment.microsecond // 1000:03}" if moment.microsecond else ""
    return f"{whole}{part}Z"


def _literal(value: Operand, kind: FieldKind) -> str:
    if kind is FieldKind.CHECKBOX:
        return str(bool(value)).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    return f"'{_escaped(str(value), _ESCAPES)}'"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(letter, letter) for letter in text)
