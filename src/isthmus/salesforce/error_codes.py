"""From what Salesforce answered to the error that says it.

The key is the error code. Codes come with and without underscores and in two casings
(`INVALID_FIELD`, `INVALIDJOBSTATE`, `InvalidBatch`), so they are compared without both.
Sources: REST API guide "Status Codes and Error Responses", Bulk API 2.0 guide "Errors".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import orjson

from isthmus.salesforce import errors
from isthmus.salesforce.errors import SalesforceError
from isthmus.salesforce.wire import Response

Kind = type[SalesforceError]

_CODES: Mapping[Kind, str] = {
    errors.SessionExpired: "INVALID_SESSION_ID",
    errors.ServerUnavailable: "SERVER_UNAVAILABLE API_CURRENTLY_DISABLED",
    errors.ServerFault: "UNKNOWN_EXCEPTION INTERNAL_ERROR INTERNAL_SERVER_ERROR",
    errors.RateLimited: "LOGIN_RATE_EXCEEDED RATE_LIMIT_EXCEEDED TOO_MANY_REQUESTS",
    errors.DailyLimitReached: "REQUEST_LIMIT_EXCEEDED LIMIT_EXCEEDED EXCEEDED_QUOTA",
    errors.RowLocked: "UNABLE_TO_LOCK_ROW TOO_MANY_LOCK_FAILURE",
    errors.RolledBack: "ALL_OR_NONE_OPERATION_ROLLED_BACK PROCESSING_HALTED",
    errors.QueryTimedOut: "QUERY_TIMEOUT",
    errors.QueryLocatorExpired: "INVALID_QUERY_LOCATOR",
    errors.NotPermitted: (
        "API_DISABLED_FOR_ORG TXN_SECURITY_METERING_ERROR OPERATION_TOO_LARGE FEATURE_NOT_ENABLED "
        "INSUFFICIENT_ACCESS INSUFFICIENT_ACCESS_OR_READONLY "
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    ),
    errors.NotFound: "NOT_FOUND",
    errors.SchemaChanged: (
        "INVALID_ID_FIELD INVALID_TYPE INVALID_FIELD INVALID_ENTITY INVALID_TYPE_FOR_OPERATION"
    ),
    errors.QueryRefused: "MALFORMED_QUERY QUERY_TOO_COMPLICATED",
    errors.WindowRefused: "EXCEEDED_ID_LIMIT INVALID_REPLICATION_DATE",
    errors.StorageFull: "STORAGE_LIMIT_EXCEEDED",
    errors.RequestTooLarge: "EXCEEDED_MAX_SIZE_REQUEST",
    errors.WrongJobState: "INVALID_JOB_STATE",
    errors.RequestRefused: (
        "INVALID_AUTH_HEADER JSON_PARSER_ERROR MISSING_ARGUMENT INVALID_BATCH_SIZE "
        "METHOD_NOT_ALLOWED API_ERROR INVALID_JOB INVALID_BATCH CLIENT_INPUT_ERROR"
    ),
    errors.RecordRefused: (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY CANNOT_EXECUTE_FLOW_TRIGGER APEX_ERROR "
        "FIELD_CUSTOM_VALIDATION_EXCEPTION FIELD_FILTER_VALIDATION_EXCEPTION "
        "FIELD_INTEGRITY_EXCEPTION REQUIRED_FIELD_MISSING STRING_TOO_LONG "
        "INVALID_EMAIL_ADDRESS INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST "
        "NUMBER_OUTSIDE_VALID_RANGE INVALID_CURRENCY_ISO INVALID_FIELD_FOR_INSERT_UPDATE "
        "MALFORMED_ID INACTIVE_OWNER_OR_USER TRANSFER_REQUIRES_READ"
    ),
    errors.RecordConflict: "DUPLICATE_VALUE DUPLICATE_EXTERNAL_ID DUPLICATES_DETECTED",
    errors.RecordGone: "ENTITY_IS_DELETED INVALID_CROSS_REFERENCE_KEY",
    errors.LeadConverted: "CANNOT_UPDATE_CONVERTED_LEAD",
}

_STATUSES: Mapping[int, Kind] = {
    300: errors.RecordConflict,
    401: errors.SessionExpired,
    403: errors.NotPermitted,
    404: errors.NotFound,
    406: errors.ServerUnavailable,
    409: errors.WrongJobState,
    413: errors.RequestTooLarge,
    414: errors.RequestTooLarge,
    420: errors.ServerUnavailable,
    429: errors.RateLimited,
    431: errors.RequestTooLarge,
    502: errors.ServerUnavailable,
    503: errors.ServerUnavailable,
    504: errors.ServerUnavailable,
}
_TOO_MANY = 429
_LONGEST_WORDS = 2000
_ACCESS_TOKEN = re.compile(r"\b00D\w{9,15}!\S+")


def _bare(code: str) -> str:
    return code.replace("_", "").upper()


_KIND_OF_CODE = {_bare(code): kind for kind, codes in _CODES.items() for code in codes.split()}


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What Salesforce says is wrong, read from any kind of body."""

    code: str = ""
    words: str = ""
    fields: tuple[str, ...] = ()


def kind_of_row_code(code: str, words: str = "") -> Kind:
    """The error class of a row's code; codes that we don't know are permanent."""
    return _kind_of_known_code(code, words) or errors.RecordRefused


def kind_of_answer(status: int, complaint: Complaint) -> Kind:
    """The error class of a whole request: by its code, else by its HTTP status."""
    kind = _kind_of_known_code(complaint.code, complaint.words) or _kind_of_status(status)
    # The daily limit is a 403; with this status the same code means too many at once.
    if kind is errors.DailyLimitReached and status == _TOO_MANY:
        return errors.RateLimited
    return kind


def known_codes() -> frozenset[str]:
    """Every code in the table, in its own spelling."""
    return frozenset(code for codes in _CODES.values() for code in codes.split())


def error_of(response: Response) -> SalesforceError:
    """The error that says why this request was refused."""
    complaint = read_complaint(response.body)
    kind = kind_of_answer(response.status, complaint)
    return kind(
        _message(kind, response, complaint),
        status=response.status,
        code=complaint.code,
        fields=complaint.fields,
        path=response.target,
        words=complaint.words,
    )


def read_complaint(body: bytes) -> Complaint:
    """What the body of a refusal says, whether it is JSON, HTML, XML, text or nothing."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Complaint(words=_plain_text(body))
    if isinstance(found, list):
        found = found[0] if found else {}
    return _read_object(found) if isinstance(found, dict) else Complaint(words=_clean(str(found)))


def _kind_of_known_code(code: str, words: str) -> Kind | None:
    kind = _KIND_OF_CODE.get(_bare(code))
    # One code for two limits: the words tell the one that passes in minutes from the daily one.
    if kind is errors.DailyLimitReached and words.startswith("Concurrent"):
        return errors.RateLimited
    return kind


def _kind_of_status(status: int) -> Kind:
    fallback = errors.ServerFault if status >= 500 else errors.RequestRefused  # noqa: PLR2004
    return _STATUSES.get(status, fallback)


def _message(kind: Kind, response: Response, complaint: Complaint) -> str:
    said = ": ".join(filter(None, (complaint.code, complaint.words))) or "(no words)"
    return f"{response.target} was answered {response.status}: {said.rstrip('.')}. {kind.advice}"


def _read_object(found: dict[str, Any]) -> Complaint:
    code = found.get("errorCode") or found.get("statusCode") or found.get("error") or ""
    words = found.get("message") or found.get("error_description") or ""
    named = found.get("fields")
    fields = tuple(map(str, named)) if isinstance(named, list) else ()
    return Complaint(code=str(code), words=_clean(str(words)), fields=fields)


def _plain_text(body: bytes) -> str:
    text = body[: 4 * _LONGEST_WORDS].decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", " ", text)
    return _clean(unescape(re.sub(r"<[^>]*>", " ", text)), squeeze=True)


def _clean(text: str, *, squeeze: bool = False) -> str:
    """The text without access tokens and not endlessly long; HTML also without its white space."""
    text = re.sub(r"\s+", " ", text) if squeeze else text
    return _ACCESS_TOKEN.sub("(access token)", text).strip()[:_LONGEST_WORDS]
