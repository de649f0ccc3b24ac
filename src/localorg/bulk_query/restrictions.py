"""What a Bulk query may not ask for although a REST query may."""

from localorg.errors import SalesforceError
from localorg.schema import ObjectType, Schema
from localorg.soql import Statement, nodes
from localorg.soql.paths import AGGREGATES

AGGREGATE = "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
COMPOUND = "Selecting compound data not supported in Bulk Query"
COMPOUNDS = frozenset({"address", "location"})


def check_query(query: nodes.Query, schema: Schema) -> None:
    """Refuse objects and clauses that Bulk queries do not have, before anything is compiled.

    Raises:
        SalesforceError: 400 INVALIDENTITY, INVALID_TYPE_FOR_OPERATION or API_ERROR.

    """
    found = schema.objects.get(query.source.lower())
    if found is not None:
        _check_object(found)
    for item in query.select:
        _check_item(item)
    if query.group_by is not None:
        raise api_error(AGGREGATE)
    if query.offset is not None:
        raise api_error("OFFSET clause is not supported in Bulk V2 Query")


def check_statement(statement: Statement) -> None:
    """Refuse addresses, whose parts can be selected, and files. Raises API_ERROR."""
    if statement.groups is not None or statement.counts:
        raise api_error(AGGREGATE)
    if any(column.field.type == "base64" for column in statement.columns):
        raise api_error("Selecting base64 data not supported in Bulk Query")
    if any(column.field.type in COMPOUNDS for column in statement.columns):
        raise api_error(COMPOUND)


def api_error(message: str) -> SalesforceError:
    """400 API_ERROR."""
    return SalesforceError(400, "API_ERROR", message)


def _check_object(found: ObjectType) -> None:
    if not found.bulk_queryable:
        message = f"Entity '{found.name}' is not supported by the Bulk API."
        raise SalesforceError(400, "INVALIDENTITY", message)
    if not found.queryable:
        message = f"entity type {found.name} does not support query"
        raise SalesforceError(400, "INVALID_TYPE_FOR_OPERATION", message)


def _check_item(item: nodes.SelectItem) -> None:
    if isinstance(item, nodes.SubQuery) or (
        isinstance(item, nodes.FunctionCall) and item.word in AGGREGATES
    ):
        raise api_error(AGGREGATE)
    if isinstance(item, nodes.TypeOf):
        raise api_error("TYPEOF clause is not supported in Bulk V2 Query")
    if isinstance(item, nodes.FieldsFunction) and item.group != "STANDARD":
        raise api_error(f"FIELDS({item.group}) is not supported in Bulk V2 Query")
