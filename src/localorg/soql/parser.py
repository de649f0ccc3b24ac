"""Reads a SOQL statement into a `Query`."""

from localorg.soql import errors
from localorg.soql.cursor import RESERVED, Cursor
from localorg.soql.filters import parse_condition, parse_path
from localorg.soql.lexer import Token, TokenKind
from localorg.soql.nodes import (
    FieldPath,
    FieldsFunction,
    FunctionCall,
    Ordering,
    Query,
    SelectItem,
    SubQuery,
    TypeOf,
)

MAX_LENGTH = 100_000
FIELD_GROUPS = frozenset({"ALL", "STANDARD", "CUSTOM"})


def parse(text: str) -> Query:
    """Return the statement in parts.

    Raises:
        SalesforceError: MALFORMED_QUERY where the text is no SOQL or is too long,
            QUERY_TOO_COMPLICATED where it is nested too deeply.

    """
    if not text.strip():
        raise errors.malformed_without_caret("SOQL statements cannot be empty or null")
    if len(text) > MAX_LENGTH:
        raise errors.malformed_without_caret(
            f"SOQL statements cannot be longer than {MAX_LENGTH} characters."
        )
    cursor = Cursor(text)
    query = parse_query(cursor)
    if cursor.token.kind is not TokenKind.END:
        cursor.refuse()
    return query


def parse_query(cursor: Cursor) -> Query:
    """Return the query that begins at the cursor, up to the first token that is no part of it."""
    cursor.enter()
    select = _select(cursor)
    cursor.expect("FROM")
    source = _source_name(cursor)
    alias = _alias(cursor)
    where = parse_condition(cursor, parse_query) if cursor.accept("WHERE") else None
    group_by = _group_by(cursor)
    order_by = _order_by(cursor)
    limit = cursor.whole_number() if cursor.accept("LIMIT") else None
    offset, offset_position = _offset(cursor)
    _endings(cursor)
    cursor.leave()
    return Query(
        text=cursor.text,
        select=select,
        source=source.text,
        source_position=source.position,
        alias=alias,
        where=where,
        group_by=group_by,
        order_by=order_by,
        limit=limit,
        offset=offset,
        offset_position=offset_position,
    )


def _select(cursor: Cursor) -> tuple[SelectItem, ...]:
    start = cursor.token.position
    cursor.expect("SELECT")
    if cursor.following("FROM"):
        raise errors.unexpected_token(cursor.text, start, "SELECT FROM")
    items = [_select_item(cursor)]
    while cursor.accept(","):
        items.append(_select_item(cursor))
    return tuple(items)


def _select_item(cursor: Cursor) -> SelectItem:
    start = cursor.token.position
    if cursor.following("(", "SELECT"):
        return _sub_query(cursor, start)
    if cursor.accept("TYPEOF"):
        return _type_of(cursor, start)
    path = parse_path(cursor)
    if cursor.following("("):
        return _function(cursor, path)
    if _is_alias(cursor.token):
        raise errors.malformed(
            cursor.text, cursor.token.position, "only aggregate expressions use field aliasing"
        )
    return path


def _sub_query(cursor: Cursor, start: int) -> SubQuery:
    cursor.expect("(")
    query = parse_query(cursor)
    cursor.expect(")")
    return SubQuery(query=query, position=start)


def _type_of(cursor: Cursor, start: int) -> TypeOf:
    while not cursor.accept("END"):
        if cursor.token.kind is TokenKind.END:
            cursor.refuse()
        cursor.advance()
    return TypeOf(position=start)


def _function(cursor: Cursor, path: FieldPath) -> FunctionCall | FieldsFunction:
    if len(path.parts) > 1:
        cursor.refuse()
    cursor.expect("(")
    argument = None if cursor.following(")") else parse_path(cursor)
    cursor.expect(")")
    if path.text.upper() == "FIELDS":
        return _fields_function(cursor, path, argument)
    alias = cursor.name().text if _is_alias(cursor.token) else None
    return FunctionCall(name=path.text, argument=argument, alias=alias, position=path.position)


def _fields_function(cursor: Cursor, path: FieldPath, argument: FieldPath | None) -> FieldsFunction:
    group = argument.text.upper() if argument else ""
    if group not in FIELD_GROUPS:
        raise errors.unexpected_token(cursor.text, path.position, f"FIELDS({group})")
    return FieldsFunction(group=group, position=path.position)


def _is_alias(token: Token) -> bool:
    return token.kind is TokenKind.NAME and token.word not in RESERVED


def _source_name(cursor: Cursor) -> Token:
    """Pass the object's name; Group and Order are objects although they are reserved words."""
    return cursor.advance() if cursor.token.word in {"GROUP", "ORDER"} else cursor.name()


def _alias(cursor: Cursor) -> str | None:
    if cursor.accept("AS"):
        return cursor.name().text
    if cursor.following("ALL", "ROWS") or cursor.following("FOR"):
        return None
    return cursor.name().text if _is_alias(cursor.token) else None


def _group_by(cursor: Cursor) -> FieldPath | None:
    if not cursor.accept("GROUP"):
        return None
    cursor.expect("BY")
    first = parse_path(cursor)
    while cursor.accept(","):
        parse_path(cursor)
    return first


def _order_by(cursor: Cursor) -> tuple[Ordering, ...]:
    if not cursor.accept("ORDER"):
        return ()
    cursor.expect("BY")
    terms = [_ordering(cursor)]
    while cursor.accept(","):
        terms.append(_ordering(cursor))
    return tuple(terms)


def _ordering(cursor: Cursor) -> Ordering:
    path = parse_path(cursor)
    descending = cursor.accept("DESC")
    if not descending:
        cursor.accept("ASC")
    return Ordering(path=path, descending=descending, nulls_last=_nulls_last(cursor))


def _nulls_last(cursor: Cursor) -> bool:
    """Return whether nulls come last; both directions put them first unless told otherwise."""
    if not cursor.accept("NULLS"):
        return False
    if cursor.accept("LAST"):
        return True
    cursor.expect("FIRST")
    return False


def _offset(cursor: Cursor) -> tuple[int | None, int]:
    position = cursor.token.position
    return (cursor.whole_number(), position) if cursor.accept("OFFSET") else (None, position)


def _endings(cursor: Cursor) -> None:
    """Pass FOR VIEW and FOR REFERENCE, which change no answer, and refuse ALL ROWS."""
    while cursor.accept("FOR"):
        if not (cursor.accept("VIEW") or cursor.accept("REFERENCE")):
            cursor.refuse()
    if cursor.following("ALL", "ROWS"):
        raise errors.malformed_without_caret("ALL ROWS not allowed in this context")
