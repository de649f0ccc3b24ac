"""Reads the conditions of a WHERE or HAVING clause."""

from collections.abc import Callable

from localorg.soql import errors
from localorg.soql.cursor import Cursor
from localorg.soql.date_literals import COUNTED, PLAIN
from localorg.soql.lexer import TokenKind
from localorg.soql.nodes import (
    Comparison,
    Condition,
    Junction,
    Literal,
    LiteralKind,
    Membership,
    Not,
    Query,
    SemiJoin,
    Subject,
)
from localorg.soql.paths import parse_subject

QueryParser = Callable[[Cursor], Query]
COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
JUNCTIONS = ("AND", "OR")
KINDS = {
    TokenKind.STRING: LiteralKind.STRING,
    TokenKind.NUMBER: LiteralKind.NUMBER,
    TokenKind.DATE: LiteralKind.DATE,
    TokenKind.DATETIME: LiteralKind.DATETIME,
    TokenKind.TIME: LiteralKind.TIME,
}
WORDS = {
    "TRUE": LiteralKind.BOOLEAN,
    "FALSE": LiteralKind.BOOLEAN,
    "NULL": LiteralKind.NULL,
}
MAX_STRING = 4_000


def parse_condition(cursor: Cursor, sub_query: QueryParser) -> Condition:
    """Return the condition at the cursor, up to a word that is not part of it.

    AND and OR may be mixed only with brackets, as Salesforce asks.
    """
    cursor.enter()
    conditions = [_single(cursor, sub_query)]
    word = cursor.token.word
    while word in JUNCTIONS and cursor.accept(word):
        conditions.append(_single(cursor, sub_query))
    if any(cursor.following(other) for other in JUNCTIONS):
        cursor.refuse()
    cursor.leave()
    if len(conditions) == 1:
        return conditions[0]
    return Junction(word=word, conditions=tuple(conditions))


def _single(cursor: Cursor, sub_query: QueryParser) -> Condition:
    negations = 0
    while cursor.accept("NOT"):
        negations += 1
    condition = _bracketed(cursor, sub_query)
    return Not(condition=condition) if negations % 2 else condition


def _bracketed(cursor: Cursor, sub_query: QueryParser) -> Condition:
    if not cursor.accept("("):
        return _filter(cursor, sub_query)
    condition = parse_condition(cursor, sub_query)
    cursor.expect(")")
    return condition


def _filter(cursor: Cursor, sub_query: QueryParser) -> Condition:
    subject = parse_subject(cursor)
    operator = COMPARISONS.get(cursor.token.word)
    if operator is not None:
        cursor.advance()
        return Comparison(subject=subject, operator=operator, value=parse_value(cursor))
    if cursor.accept("LIKE"):
        return Comparison(subject=subject, operator="LIKE", value=parse_value(cursor))
    return _membership(cursor, subject, _list_operator(cursor), sub_query)


def _list_operator(cursor: Cursor) -> str:
    if cursor.accept("NOT", "IN"):
        return "NOT IN"
    for word in ("IN", "INCLUDES", "EXCLUDES"):
        if cursor.accept(word):
            return word
    cursor.refuse()
    return ""


def _membership(
    cursor: Cursor, subject: Subject, operator: str, sub_query: QueryParser
) -> Membership | SemiJoin:
    if cursor.following(":"):
        raise _bind_variable(cursor)
    cursor.expect("(")
    if cursor.following(")"):
        token = f"{subject.text} {operator} ()"
        raise errors.unexpected_token(cursor.text, subject.position, token)
    if cursor.following("SELECT") and operator.endswith("IN"):
        query = sub_query(cursor)
        cursor.expect(")")
        return SemiJoin(subject=subject, operator=operator, query=query)
    values = [parse_value(cursor)]
    while cursor.accept(","):
        values.append(parse_value(cursor))
    cursor.expect(")")
    return Membership(subject=subject, operator=operator, values=tuple(values))


def parse_value(cursor: Cursor) -> Literal:
    """Return the value at the cursor."""
    token = cursor.token
    kind = KINDS.get(token.kind) or WORDS.get(token.word)
    if token.kind is TokenKind.NAME and kind is None:
        return _date_literal(cursor)
    if kind is None:
        raise _bind_variable(cursor) if cursor.following(":") else _refusal(cursor)
    if kind is LiteralKind.STRING and len(token.text) - 2 > MAX_STRING:
        raise errors.malformed(
            cursor.text,
            token.position,
            f"string literal of {len(token.text) - 2} characters: the maximum is {MAX_STRING}",
        )
    cursor.advance()
    return Literal(kind=kind, text=token.text, position=token.position)


def _date_literal(cursor: Cursor) -> Literal:
    token = cursor.token
    if token.word not in PLAIN | COUNTED:
        cursor.refuse()
    cursor.advance()
    count = None
    if token.word in COUNTED:
        cursor.expect(":")
        count = cursor.whole_number()
    return Literal(
        kind=LiteralKind.DATE_LITERAL, text=token.text, position=token.position, count=count
    )


def _bind_variable(cursor: Cursor) -> Exception:
    return errors.malformed(
        cursor.text, cursor.token.position, "Bind variables only allowed in Apex code"
    )


def _refusal(cursor: Cursor) -> Exception:
    return errors.unexpected_token(cursor.text, cursor.token.position, cursor.token.text)
