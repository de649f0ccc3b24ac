"""A new job from the JSON that asks for it."""

from http import HTTPStatus
from typing import Any

from localorg.bulk_ingest.job import DELIMITERS, LINE_ENDINGS, IngestJob
from localorg.clock import stored_datetime
from localorg.dml import Operation, Target
from localorg.errors import SalesforceError, json_parser_error
from localorg.org import Org
from localorg.schema import Field, ObjectType

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
_HARD_DELETE = "hardDelete"


def new_job(org: Org, body: dict[str, Any], *, user_id: str, version: str) -> IngestJob:
    """The job that `body` asks for; raises SalesforceError where it asks for what can't be."""
    _check_names(body)
    target = _target(org, body)
    _choice(body, "contentType", ("CSV",), "CSV")
    job_id = org.store.ids.next("750")
    folder = org.store.folder / "ingest" / job_id
    folder.mkdir(parents=True)
    now = stored_datetime(org.clock.now())
    return IngestJob(
        id=job_id,
        target=target,
        created_by_id=user_id,
        created_date=now,
        system_modstamp=now,
        version=version,
        column_delimiter=_choice(body, "columnDelimiter", DELIMITERS, "COMMA"),
        line_ending=_choice(body, "lineEnding", LINE_ENDINGS, "LF"),
        assignment_rule_id=body.get("assignmentRuleId"),
        folder=folder,
    )


def invalid_job(message: str) -> SalesforceError:
    """400 INVALIDJOB."""
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDJOB", f"InvalidJob : {message}")


def _check_names(body: dict[str, Any]) -> None:
    for name in body:
        if name not in _KNOWN:
            message = f'Unrecognized field "{name}", not marked as ignorable ({", ".join(_KNOWN)})'
            raise json_parser_error(f"{message} at [line:1, column:1]")


def _target(org: Org, body: dict[str, Any]) -> Target:
    object_type = _object(org, body)
    operation = _operation(body)
    if not object_type.createable:
        message = f"entity type {object_type.name} does not support {operation.value}"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE_FOR_OPERATION", message)
    return Target(
        schema=org.schema,
        object_type=object_type,
        operation=operation,
        key_field=_key_field(object_type, operation, body),
    )


def _object(org: Org, body: dict[str, Any]) -> ObjectType:
    name = body.get("object")
    if not isinstance(name, str):
        raise invalid_job("Object is missing: name the object whose records are sent.")
    object_type = org.schema.objects.get(name.lower())
    if object_type is None or not object_type.bulk_queryable:
        message = f"InvalidEntity : Entity '{name}' is not supported by the Bulk API."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDENTITY", message)
    return object_type


def _operation(body: dict[str, Any]) -> Operation:
    name = body.get("operation")
    if name == _HARD_DELETE:
        message = (
            "FeatureNotEnabled : hardDelete operation requires special user profile permission, "
            "please contact your system administrator"
        )
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "FEATURENOTENABLED", message)
    try:
        return Operation(str(name))
    except ValueError:
        known = ", ".join([*Operation, _HARD_DELETE])
        raise invalid_job(f"Operation '{name}' is unknown. Known are: {known}.") from None


def _key_field(object_type: ObjectType, operation: Operation, body: dict[str, Any]) -> Field | None:
    if operation is Operation.INSERT:
        return None
    if operation is not Operation.UPSERT:
        return object_type.field("Id")
    name = body.get("externalIdFieldName")
    if not isinstance(name, str) or not name:
        message = f"External ID was blank for {object_type.name}. "
        raise invalid_job(f"{message}An External ID must be specified for upsert.")
    field = object_type.fields.get(name.lower())
    if field is None or not field.is_upsert_key:
        message = f"Field name provided, {name} does not match an External ID, Salesforce Id, "
        raise invalid_job(f"{message}or indexed field for {object_type.name}")
    return field


def _choice(
    body: dict[str, Any], name: str, allowed: dict[str, str] | tuple[str, ...], default: str
) -> str:
    value = str(body.get(name, default)).upper()
    if value not in allowed:
        raise invalid_job(f"{name} '{body[name]}' is unknown. Known are: {', '.join(allowed)}.")
    return value
