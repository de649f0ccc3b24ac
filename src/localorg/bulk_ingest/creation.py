"""A new job from the JSON that asks for it."""

from http import HTTPStatus
from secrets import token_hex
from typing import Any

from localorg.bulk.formats import DELIMITERS, LINE_ENDINGS
from localorg.bulk_ingest.errors import invalid_job
from localorg.bulk_ingest.job import JobFacts
from localorg.dml import Operation
from localorg.errors import SalesforceError, json_parser_error
from localorg.ids import normalised_id
from localorg.org import Org
from localorg.schema import ObjectType, Schema
from localorg.store import quoted

_KNOWN = (
    "object",
    "operation",
    "externalIdFieldName",
    "contentType",
    "columnDelimiter",
    "lineEnding",
    "assignmentRuleId",
    # Clients send back what a job's answer shows; Salesforce takes it as long as it agrees.
    "concurrencyMode",
)
_TOKEN_BYTES = 6
_HARD_DELETE = "PermissionsBulkApiHardDelete"
_FIRST_WITH_ASSIGNMENT = 49
_ASSIGNED = ("Lead", "Case")
_FIND_RULE = "".join(("SELECT SobjectType FROM ", quoted("AssignmentRule"), " WHERE Id = ?"))


def new_job(org: Org, body: dict[str, Any], *, user_id: str, version: str) -> JobFacts:
    """The job that `body` asks for; raises SalesforceError where it asks for what can't be."""
    _check_names(body)
    schema = org.rights.schema_for(user_id)
    object_type = _object(schema, body)
    operation = _operation(org, body, user_id)
    _check_operation(org.schema.object(object_type.name), operation)
    _choice(body, "contentType", ("CSV",), "CSV")
    now = org.clock.now().timestamp()
    job_id = org.store.ids.next("750")
    return JobFacts(
        id=job_id,
        folder=f"{job_id}-{token_hex(_TOKEN_BYTES)}",
        object_name=object_type.name,
        operation=operation,
        external_id_field=_external_id_field(object_type, operation, body),
        created_by_id=user_id,
        created=now,
        changed=now,
        version=version,
        column_delimiter=_choice(body, "columnDelimiter", DELIMITERS, "COMMA"),
        line_ending=_choice(body, "lineEnding", LINE_ENDINGS, "LF"),
        assignment_rule_id=_assignment_rule(org, object_type, body, version),
    )


def _check_names(body: dict[str, Any]) -> None:
    for name in body:
        if name not in _KNOWN:
            message = f'Unrecognized field "{name}", not marked as ignorable ({", ".join(_KNOWN)})'
            raise json_parser_error(f"{message} at [line:1, column:1]")


def _object(schema: Schema, body: dict[str, Any]) -> ObjectType:
    name = body.get("object")
    if not isinstance(name, str):
        raise invalid_job("Object is missing: name the object whose records are sent.")
    object_type = schema.objects.get(name.lower())
    if object_type is None or not object_type.bulk_queryable:
        message = f"InvalidEntity : Entity '{name}' is not supported by the Bulk API."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDENTITY", message)
    return object_type


def _operation(org: Org, body: dict[str, Any], user_id: str) -> Operation:
    name = body.get("operation")
    try:
        operation = Operation(str(name))
    except ValueError:
        known = ", ".join(Operation)
        raise invalid_job(f"Operation '{name}' is unknown. Known are: {known}.") from None
    if operation is Operation.HARD_DELETE and not org.rights.allows(user_id, _HARD_DELETE):
        message = (
            "FeatureNotEnabled : hardDelete operation requires special user profile permission, "
            "please contact your system administrator"
        )
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "FEATURENOTENABLED", message)
    return operation


def _check_operation(object_type: ObjectType, operation: Operation) -> None:
    able = {
        Operation.INSERT: object_type.createable,
        Operation.UPDATE: object_type.updateable,
        Operation.UPSERT: object_type.createable and object_type.updateable,
        Operation.DELETE: object_type.deletable,
        Operation.HARD_DELETE: object_type.deletable,
    }
    if not able[operation]:
        message = f"entity type {object_type.name} does not support {operation.value}"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE_FOR_OPERATION", message)


def _external_id_field(
    object_type: ObjectType, operation: Operation, body: dict[str, Any]
) -> str | None:
    if operation is not Operation.UPSERT:
        return None
    name = body.get("externalIdFieldName")
    if not isinstance(name, str) or not name:
        message = f"External ID was blank for {object_type.name}. "
        raise invalid_job(f"{message}An External ID must be specified for upsert.")
    field = object_type.fields.get(name.lower())
    if field is None or not field.is_upsert_key:
        message = f"Field name provided, {name} does not match an External ID, Salesforce Id, "
        raise invalid_job(f"{message}or indexed field for {object_type.name}")
    return field.name


def _assignment_rule(
    org: Org, object_type: ObjectType, body: dict[str, Any], version: str
) -> str | None:
    text = body.get("assignmentRuleId")
    if text in {None, ""}:
        return None
    if float(version) < _FIRST_WITH_ASSIGNMENT or object_type.name not in _ASSIGNED:
        message = f"assignmentRuleId is for {' and '.join(_ASSIGNED)} from version "
        raise invalid_job(f"{message}{_FIRST_WITH_ASSIGNMENT}.0 on; leave it out.")
    rule_id = normalised_id(str(text))
    with org.store.read() as connection:
        row = connection.execute(_FIND_RULE, (rule_id,)).fetchone() if rule_id else None
    if row is None or row[0] != object_type.name:
        message = f"assignmentRuleId '{text}' is no assignment rule of {object_type.name}. Query "
        raise invalid_job(f"{message}AssignmentRule for the ids that there are.")
    return rule_id


def _choice(
    body: dict[str, Any], name: str, allowed: dict[str, str] | tuple[str, ...], default: str
) -> str:
    given = body.get(name)
    value = default if given is None else str(given).upper()
    if value not in allowed:
        raise invalid_job(f"{name} '{body[name]}' is unknown. Known are: {', '.join(allowed)}.")
    return value
