"""What a query's columns are: the answer to `columns=true`, which `sf data query` asks for."""

from typing import Any

from localorg.schema import Field, Schema
from localorg.soql import Column, Statement
from localorg.soql.grouping import Output
from localorg.soql.operands import Table
from localorg.soql.selecting import Children, FunctionValue, TypedParent

Metadata = dict[str, Any]
APEX_TYPES = {
    "address": "Address",
    "base64": "Blob",
    "boolean": "Boolean",
    "currency": "Double",
    "date": "Date",
    "datetime": "Datetime",
    "double": "Double",
    "id": "Id",
    "int": "Integer",
    "location": "Location",
    "long": "Long",
    "percent": "Double",
    "reference": "Id",
    "time": "Time",
}


def column_metadata(statement: Statement, schema: Schema) -> dict[str, Any]:
    """Return the description of the records that a query answers, parents and children nested."""
    object_type = statement.object_type
    groups = statement.groups
    columns = [_output(output) for output in groups.outputs] if groups else _columns(statement)
    return {
        "columnMetadata": columns,
        "entityName": object_type.name,
        "groupBy": groups is not None,
        "idSelected": any(column.path == ("Id",) for column in statement.columns),
        "keyPrefix": schema.object(object_type.name).key_prefix,
    }


def _columns(statement: Statement) -> list[Metadata]:
    """Return the columns of records; those of a parent are together where its first one is."""
    top: list[Metadata] = []
    parents: dict[tuple[str, ...], list[Metadata]] = {(): top}
    for item in statement.items:
        if isinstance(item, Children):
            top.append(_joined(item.name, _columns(item.statement)) | {"aggregate": True})
        elif isinstance(item, TypedParent):
            _parent(item.table, statement, parents).extend(map(_field, item.otherwise))
        elif isinstance(item, FunctionValue):
            shown = _plain(item.key, item.text, item.operand.field)
            _parent(item.table, statement, parents).append(shown)
        else:
            _parent(item.table, statement, parents).append(_field(item))
    return top


def _parent(
    table: Table, statement: Statement, parents: dict[tuple[str, ...], list[Metadata]]
) -> list[Metadata]:
    """Return the columns of a table, put into those of its child where it is a parent."""
    known = parents.get(table.path)
    if known is not None:
        return known
    columns = parents[table.path] = []
    child = _parent(statement.tables[table.path[:-1]], statement, parents)
    lookup = table.lookup.name if table.lookup else None
    child.append(_joined(table.path[-1], columns) | {"foreignKeyName": lookup})
    return columns


def _field(column: Column) -> Metadata:
    found = column.field
    return _plain(found.name, found.name, found) | {
        "custom": found.custom,
        "insertable": found.createable,
        "updatable": found.updateable,
    }


def _output(output: Output) -> Metadata:
    if output.column is not None:
        return _field(output.column) | {"columnName": output.key, "displayName": output.key}
    shown = _plain(output.key, output.text, output.field)
    return shown | {"aggregate": True, "apexType": None}


def _plain(name: str, shown: str, found: Field) -> Metadata:
    return _joined(name, []) | {
        "apexType": APEX_TYPES.get(found.type, "String"),
        "booleanType": found.type == "boolean",
        "displayName": shown,
        "numberType": found.is_number,
        "textType": found.is_text,
    }


def _joined(name: str, columns: list[Metadata]) -> Metadata:
    return {
        "aggregate": False,
        "apexType": None,
        "booleanType": False,
        "columnName": name,
        "custom": name.endswith("__r"),
        "displayName": name,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": columns,
        "numberType": False,
        "textType": False,
        "updatable": False,
    }
