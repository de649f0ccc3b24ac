"""Reads what stands between SELECT and FROM."""

from collections.abc import Callable
from dataclasses import replace

from localorg.soql import errors
from localorg.soql.cursor import Cursor
from localorg.soql.nodes import (
    FieldPath,
    FieldsFunction,
    Query,
    SelectItem,
    SubQuery,
    TypeBranch,
    TypeOf,
)
from localorg.soql.paths import parse_alias, parse_call, parse_path

QueryParser = Callable[[Cursor], Query]
FIELD_GROUPS = frozenset({"ALL", "STANDARD", "CUSTOM"})


def parse_select(cursor: Cursor, sub_query: QueryParser) -> tuple[SelectItem, ...]:
    """Return the items of the SELECT clause at the cursor."""
    start = cursor.token.position
    cursor.expect("SELECT")
    if cursor.following("FROM"):
        raise errors.unexpected_token(cursor.text, start, "SELECT FROM")
    items = [_item(cursor, sub_query)]
    while cursor.accept(","):
        items.append(_item(cursor, sub_query))
    return tuple(items)


def _item(cursor: Cursor, sub_query: QueryParser) -> SelectItem:
    start = cursor.token.position
    if cursor.accept("("):
        if not cursor.following("SELECT"):
            cursor.refuse()
        query = sub_query(cursor)
        cursor.expect(")")
        return SubQuery(query=query, position=start)
    if cursor.accept("TYPEOF"):
        return _type_of(cursor, start)
    path = parse_path(cursor)
    if not cursor.following("("):
        return replace(path, alias=parse_alias(cursor))
    if path.text.upper() == "FIELDS":
        return _fields_function(cursor, path)
    call = parse_call(cursor, path)
    return replace(call, alias=parse_alias(cursor))


def _fields_function(cursor: Cursor, path: FieldPath) -> FieldsFunction:
    cursor.expect("(")
    group = "" if cursor.following(")") else cursor.name().text.upper()
    cursor.expect(")")
    if group not in FIELD_GROUPS:
        raise errors.unexpected_token(cursor.text, path.position, f"FIELDS({group})")
    return FieldsFunction(group=group, position=path.position)


def _type_of(cursor: Cursor, start: int) -> TypeOf:
    path = parse_path(cursor)
    branches: list[TypeBranch] = []
    while cursor.accept("WHEN"):
        branches.append(_branch(cursor, branches))
    if not branches:
        cursor.refuse()
    otherwise = _fields(cursor) if cursor.accept("ELSE") else ()
    cursor.expect("END")
    return TypeOf(path=path, branches=tuple(branches), otherwise=otherwise, position=start)


def _branch(cursor: Cursor, earlier: list[TypeBranch]) -> TypeBranch:
    name = cursor.object_name()
    if name.text.lower() in {branch.object_name.lower() for branch in earlier}:
        message = f"WHEN clause operand [{name.text}] is not unique"
        raise errors.malformed(cursor.text, name.position, message)
    cursor.expect("THEN")
    return TypeBranch(object_name=name.text, position=name.position, fields=_fields(cursor))


def _fields(cursor: Cursor) -> tuple[FieldPath, ...]:
    fields = [parse_path(cursor)]
    while cursor.accept(","):
        fields.append(parse_path(cursor))
    return tuple(fields)
