"""The operators of formulas as SQL."""

from localorg.formulas.pieces import TEXTS, Kind, Piece

_SECONDS = 86_400
# Digits after the point that calculated numbers are compared by: beyond them are the traces of
# binary fractions, which Salesforce's decimals do not have.
_COMPARED_PLACES = 9
_SQL = {"==": "=", "!=": "<>"}
# Operators that are worked out together, from the left.
_RANKS = {"-": "+", "/": "*"}
_ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.TEXT})

# What a number moves when it is added.
_MOVED = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME})


class WrongKind(Exception):
    """An operator does not take a value of this kind; `expected` are those that it takes."""

    def __init__(self, operator: str, expected: str, received: Kind) -> None:
        message = (
            f"Incorrect parameter type for operator '{operator}'. Expected {expected}, "
            f"received {received}."
        )
        super().__init__(message)


def applied(operator: str, left: Piece, right: Piece) -> Piece:
    """Two parts with an operator between them; raises WrongKind."""
    if operator in {"&&", "||"}:
        return _logical(operator, left, right)
    if operator in {"=", "==", "<>", "!=", "<", ">", "<=", ">="}:
        return _compared(_SQL.get(operator, operator), left, right)
    if operator == "&" or (operator == "+" and Kind.TEXT in {left.kind, right.kind}):
        return _concatenated(operator, left, right)
    if operator in {"+", "-"}:
        return _added(operator, left, right)
    return _calculated(operator, left, right)


def opposite(operator: str, operand: Piece) -> Piece:
    """`-x`, `+x` or `!x`; raises WrongKind."""
    if operator == "!":
        _require(operator, operand, Kind.BOOLEAN)
        return Piece(f"(NOT {operand.sql})", Kind.BOOLEAN)
    _require(operator, operand, Kind.NUMBER)
    sql = operand.sql if operator == "+" else f"(- {operand.sql})"
    return Piece(sql, Kind.NUMBER, inexact=operand.inexact)


def _require(operator: str, piece: Piece, kind: Kind) -> None:
    if piece.kind not in {kind, Kind.NULL}:
        raise WrongKind(operator, kind, piece.kind)


def _logical(operator: str, left: Piece, right: Piece) -> Piece:
    for piece in (left, right):
        if piece.kind is not Kind.BOOLEAN:
            raise WrongKind(operator, Kind.BOOLEAN, piece.kind)
    return _chained("AND" if operator == "&&" else "OR", left, right.sql, Kind.BOOLEAN)


def _chained(word: str, left: Piece, right: str, kind: Kind) -> Piece:
    """A part and one more behind it; a long chain gets one pair of brackets, not one for each."""
    rank = _RANKS.get(word, word)
    start = left.chain[1] if left.chain and left.chain[0] == rank else left.sql
    if word == "/":
        # Whole numbers divide into fractions; a division by nothing gives nothing.
        start += " * 1.0"
    chain = f"{start} {word} {right}"
    return Piece(f"({chain})", kind, inexact=kind is Kind.NUMBER, chain=(rank, chain))


def _concatenated(operator: str, left: Piece, right: Piece) -> Piece:
    for piece in (left, right):
        _require(operator, piece, Kind.TEXT)
    first = left if left.kind is Kind.TEXT else Piece("''", Kind.TEXT)
    return _chained("||", first, _texted(right), Kind.TEXT)


def _texted(piece: Piece) -> str:
    return "''" if piece.kind is Kind.NULL else piece.sql


def _added(operator: str, left: Piece, right: Piece) -> Piece:
    if left.kind is Kind.NUMBER and right.kind in _MOVED and operator == "+":
        return _added(operator, right, left)
    if left.kind in {Kind.DATE, Kind.DATETIME}:
        if operator == "-" and right.kind is left.kind:
            return _between(left, right)
        _require(operator, right, Kind.NUMBER)
        return _moved(operator, left, right)
    if left.kind is Kind.TIME:
        return _timed(operator, left, right)
    return _calculated(operator, left, right)


def _timed(operator: str, left: Piece, right: Piece) -> Piece:
    """The milliseconds from one time to another, or a time that many later or earlier."""
    if operator == "-" and right.kind is Kind.TIME:
        return Piece(f"({_milliseconds(left)} - {_milliseconds(right)})", Kind.NUMBER)
    _require(operator, right, Kind.NUMBER)
    moved = f"localorg_time({_milliseconds(left)} {operator} {right.sql})"
    return Piece(moved, Kind.TIME)


def _milliseconds(time: Piece) -> str:
    return f"localorg_milliseconds({time.sql})"


def _between(left: Piece, right: Piece) -> Piece:
    """The days from one moment to another."""
    seconds = f"(strftime('%s', {left.sql}) - strftime('%s', {right.sql}))"
    return Piece(f"({seconds} / {_SECONDS}.0)", Kind.NUMBER, inexact=True)


def _moved(operator: str, moment: Piece, days: Piece) -> Piece:
    if moment.kind is Kind.DATE:
        # A date has no room for parts of a day.
        step = f"cast({days.sql} AS INTEGER)"
        signed = step if operator == "+" else f"(- {step})"
        return Piece(f"date({moment.sql}, {signed} || ' days')", Kind.DATE)
    step = f"cast(round({days.sql} * {_SECONDS}) AS INTEGER)"
    signed = step if operator == "+" else f"(- {step})"
    form = "'%Y-%m-%dT%H:%M:%S.000Z'"
    return Piece(f"strftime({form}, {moment.sql}, {signed} || ' seconds')", Kind.DATETIME)


def _calculated(operator: str, left: Piece, right: Piece) -> Piece:
    for piece in (left, right):
        _require(operator, piece, Kind.NUMBER)
    if operator == "^":
        return Piece(f"localorg_power({left.sql}, {right.sql})", Kind.NUMBER, inexact=True)
    return _chained(operator, left, right.sql, Kind.NUMBER)


def _compared(operator: str, left: Piece, right: Piece) -> Piece:
    for piece, other in ((left, right), (right, left)):
        if piece.kind in {Kind.PICKLIST, Kind.MULTIPICKLIST}:
            raise WrongKind(operator, "a value that TEXT() gives", piece.kind)
        if other.kind not in {piece.kind, Kind.NULL} and piece.kind is not Kind.NULL:
            raise WrongKind(operator, piece.kind, other.kind)
    first, second = _comparable(left, right), _comparable(right, left)
    if operator in {"=", "<>"}:
        word = "IS" if operator == "=" else "IS NOT"
        return Piece(f"({first} {word} {second})", Kind.BOOLEAN)
    kind = right.kind if left.kind is Kind.NULL else left.kind
    if kind not in _ORDERED:
        raise WrongKind(operator, "Number, Date, DateTime, Time or Text", kind)
    return Piece(f"coalesce({first} {operator} {second}, 0)", Kind.BOOLEAN)


def _comparable(piece: Piece, other: Piece) -> str:
    if piece.kind is Kind.NULL:
        return "''" if other.kind in TEXTS else "NULL"
    if piece.kind is Kind.NUMBER and (piece.inexact or other.inexact):
        return f"round({piece.sql}, {_COMPARED_PLACES})"
    return piece.sql
