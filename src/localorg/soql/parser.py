"""Reads a SOQL statement into a `Query`."""

from typing import Any

from localorg.soql import errors
from localorg.soql.cursor import Cursor
from localorg.soql.filters import parse_condition
from localorg.soql.lexer import TokenKind
from localorg.soql.nodes import FromAlias, GroupBy, Ordering, Query, Subject, UsingScope
from localorg.soql.paths import is_alias, parse_path, parse_subject
from localorg.soql.select_list import parse_select

MAX_LENGTH = 100_000
PURPOSES = ("VIEW", "REFERENCE", "UPDATE")
SECURITY_MODES = ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE")
# Words that follow the object's name and are no alias of it.
AFTER_SOURCE = frozenset({"ALL", "FOR", "UPDATE"})


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
    parts: dict[str, Any] = {"text": cursor.text, "position": cursor.token.position}
    parts["select"] = parse_select(cursor, parse_query)
    parts |= _source(cursor) | _conditions(cursor) | _page(cursor) | _endings(cursor)
    cursor.leave()
    return Query(**parts)


def _source(cursor: Cursor) -> dict[str, Any]:
    cursor.expect("FROM")
    source = cursor.object_name()
    alias = _alias(cursor)
    parents = []
    while cursor.accept(","):
        parents.append(_parent_alias(cursor, source.text, alias))
    return {
        "source": source.text,
        "source_position": source.position,
        "alias": alias,
        "parent_aliases": tuple(parents),
    }


def _alias(cursor: Cursor) -> str | None:
    if cursor.accept("AS"):
        return cursor.name().text
    if cursor.token.word in AFTER_SOURCE:
        return None
    return cursor.advance().text if is_alias(cursor.token) else None


def _parent_alias(cursor: Cursor, source: str, alias: str | None) -> FromAlias:
    path = parse_path(cursor)
    own = {source.lower(), (alias or "").lower()}
    parts = path.parts[1:] if path.parts[0].lower() in own else path.parts
    cursor.accept("AS")
    return FromAlias(name=cursor.name().text, path=parts)


def _conditions(cursor: Cursor) -> dict[str, Any]:
    parts: dict[str, Any] = {"scope": _scope(cursor)}
    if cursor.accept("WHERE"):
        parts["where"] = parse_condition(cursor, parse_query)
    if cursor.accept("WITH"):
        _security_mode(cursor)
    parts["group_by"] = _group_by(cursor)
    # Without groups the word is one that nothing expects.
    if parts["group_by"] is not None and cursor.accept("HAVING"):
        parts["having"] = parse_condition(cursor, parse_query)
    return parts


def _scope(cursor: Cursor) -> UsingScope | None:
    if not cursor.accept("USING"):
        return None
    cursor.expect("SCOPE")
    name = cursor.name()
    return UsingScope(name=name.text, position=name.position)


def _security_mode(cursor: Cursor) -> None:
    """Pass how rights are looked at; the API always looks at them."""
    if not any(cursor.accept(mode) for mode in SECURITY_MODES):
        cursor.refuse()


def _group_by(cursor: Cursor) -> GroupBy | None:
    position = cursor.token.position
    if not cursor.accept("GROUP"):
        return None
    cursor.expect("BY")
    for kind in ("ROLLUP", "CUBE"):
        if cursor.accept(kind, "("):
            items = _subjects(cursor)
            cursor.expect(")")
            return GroupBy(items=items, position=position, kind=kind)
    return GroupBy(items=_subjects(cursor), position=position)


def _subjects(cursor: Cursor) -> tuple[Subject, ...]:
    subjects = [parse_subject(cursor)]
    while cursor.accept(","):
        subjects.append(parse_subject(cursor))
    return tuple(subjects)


def _page(cursor: Cursor) -> dict[str, Any]:
    parts: dict[str, Any] = {"order_position": cursor.token.position}
    parts["order_by"] = _order_by(cursor)
    for word in ("limit", "offset"):
        parts[f"{word}_position"] = cursor.token.position
        parts[word] = cursor.whole_number() if cursor.accept(word.upper()) else None
    return parts


def _order_by(cursor: Cursor) -> tuple[Ordering, ...]:
    if not cursor.accept("ORDER"):
        return ()
    cursor.expect("BY")
    terms = [_ordering(cursor)]
    while cursor.accept(","):
        terms.append(_ordering(cursor))
    return tuple(terms)


def _ordering(cursor: Cursor) -> Ordering:
    subject = parse_subject(cursor)
    descending = cursor.accept("DESC")
    if not descending:
        cursor.accept("ASC")
    return Ordering(subject=subject, descending=descending, nulls_last=_nulls_last(cursor))


def _nulls_last(cursor: Cursor) -> bool:
    """Return whether nulls come last; both directions put them first unless told otherwise."""
    if not cursor.accept("NULLS"):
        return False
    if cursor.accept("LAST"):
        return True
    cursor.expect("FIRST")
    return False


def _endings(cursor: Cursor) -> dict[str, Any]:
    """Pass what a query is for, and refuse ALL ROWS."""
    parts: dict[str, Any] = {}
    while cursor.accept("FOR"):
        parts = {"purpose": cursor.token.word, "purpose_position": cursor.token.position}
        if not any(cursor.accept(purpose) for purpose in PURPOSES):
            cursor.refuse()
    if cursor.following("ALL", "ROWS"):
        raise errors.malformed_without_caret("ALL ROWS not allowed in this context")
    return parts
