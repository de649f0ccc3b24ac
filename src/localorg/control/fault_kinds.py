"""What can be made to go wrong: each kind, what may be said about it, what it starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json;charset=UTF-8"
HTML = "text/html; charset=utf-8"

BULK_JOB_FAILED = "bulk_job_failed"
ROW_LOCKS = "row_locks"
PAGE_DROPPED = "page_dropped"
PAGE_REPEATED = "page_repeated"
SHUFFLED_RESULTS = "shuffled_results"
HTTP = "http"
LATENCY = "latency"
CUT = "cut"
NEVER_ANSWER = "never_answer"
ANSWER_LOST = "answer_lost"

_ANSWER = ("status", "body", "content_type", "headers")


@dataclass(frozen=True, kw_only=True)
class FaultKind:
    """One kind of fault."""

    summary: str
    # What may be said about it, besides what may be said about every fault.
    parameters: tuple[str, ...] = ()
    # What is taken for a parameter that is not given, where Fault's own default does not fit.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    # Whether it is about an object rather than a path.
    of_objects: bool = False


def _answer(summary: str, status: int, body: str, content_type: str = JSON) -> FaultKind:
    return FaultKind(
        summary=summary,
        parameters=_ANSWER,
        defaults={"status": status, "body": body, "content_type": content_type},
    )


def _error(status: int, code: str, message: str) -> FaultKind:
    """An answer in the form of Salesforce's REST errors; the texts need no escaping."""
    body = f'[{{"message":"{message}","errorCode":"{code}"}}]'
    return _answer(f"{status} {code}", status, body)


_EDGE = """<!DOCTYPE html>
<html><head><title>Error Page</title></head>
<body><h1>420</h1><p>The Salesforce Edge has no route to this host at the moment.</p></body></html>
"""
_MAINTENANCE = """<!DOCTYPE html>
<html><head><title>Down For Maintenance</title></head>
<body><h1>We are down for maintenance.</h1><p>Sorry for the inconvenience. We'll be back shortly.\
</p></body></html>
"""
_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>\n"
_ERROR_ID = (
    "An unexpected error occurred. Please include this ErrorId if you contact support: "
    "1234567890-12345 (-1234567890)"
)

KINDS: Mapping[str, FaultKind] = {
    HTTP: FaultKind(summary="any answer instead of the real one", parameters=_ANSWER),
    LATENCY: FaultKind(summary="wait `seconds` before the work begins", parameters=("seconds",)),
    CUT: FaultKind(
        summary="close the connection after `after_bytes` of the answer's body; `framing` is "
        "content_length, chunked or close (the client can't see that something is missing)",
        parameters=("after_bytes", "framing"),
    ),
    NEVER_ANSWER: FaultKind(
        summary="do no work and say nothing until the client gives up, or for `seconds`",
        parameters=("seconds",),
        defaults={"seconds": 0.0},
    ),
    ANSWER_LOST: FaultKind(summary="do the work, then close the connection without an answer"),
    "session_expired": _error(401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "request_limit": _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "concurrent_limit": _error(
        403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."
    ),
    "too_many_requests": _error(
        429, "REQUEST_LIMIT_EXCEEDED", "Too many requests. Try again later."
    ),
    "api_disabled": _error(403, "API_CURRENTLY_DISABLED", "API is currently disabled for this org"),
    "edge_html": _answer("420 with a page of HTML", 420, _EDGE, HTML),
    "maintenance_html": _answer("503 with a page of HTML", 503, _MAINTENANCE, HTML),
    "bad_gateway_html": _answer("502 with a page of HTML", 502, _BAD_GATEWAY, HTML),
    "not_acceptable": _answer("406 without a body", 406, ""),
    "server_unavailable": _error(503, "SERVER_UNAVAILABLE", "Server is too busy. Try again later."),
    "unknown_exception": _error(500, "UNKNOWN_EXCEPTION", _ERROR_ID),
    "query_timeout": _error(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    "storage_limit": _error(400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
    "transaction_security": _error(
        403, "TXN_SECURITY_METERING_ERROR", "The transaction security policies took too long."
    ),
    BULK_JOB_FAILED: FaultKind(
        summary="a Bulk job ends as Failed; an ingest job handles `after_rows` rows first",
        parameters=("error_message", "after_rows"),
        of_objects=True,
    ),
    ROW_LOCKS: FaultKind(
        summary="`rows` rows of a chunk of writes fail with UNABLE_TO_LOCK_ROW",
        parameters=("rows",),
        of_objects=True,
    ),
    PAGE_DROPPED: FaultKind(summary="a page of a query's or a Bulk query's result is left out"),
    PAGE_REPEATED: FaultKind(summary="a page of a query's or a Bulk query's result comes twice"),
    SHUFFLED_RESULTS: FaultKind(
        summary="the rows of a Bulk query's result come in another order", of_objects=True
    ),
}
# Those that the front door plays by itself: all that are no matter of one API area.
PLAYED_AT_THE_DOOR = frozenset(
    name
    for name, kind in KINDS.items()
    if not kind.of_objects and name not in {PAGE_DROPPED, PAGE_REPEATED, LATENCY}
)
