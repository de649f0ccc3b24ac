"""Independent requests in one: they share no transaction and know nothing of each other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request

from localorg.composite.inside import InnerAnswer, ask
from localorg.composite.subrequests import check_count, invalid, method_of, url_of
from localorg.errors import SalesforceError, json_parser_error, not_found
from localorg.versions import check_version
from localorg.web import version_of

_FIRST_VERSION = 34
_URL = re.compile(
    r"(?:/?services/data/)?v(?P<version>[^/]+)"
    r"(?P<rest>/(?:sobjects|query|queryall|limits)(?:[/?].*)?)",
    re.IGNORECASE | re.DOTALL,
)
_HALTED = SalesforceError(
    HTTPStatus.PRECONDITION_FAILED,
    "BATCH_PROCESSING_HALTED",
    "Batch processing halted per request",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchEntry:
    """One request inside a batch."""

    method: str
    # As it was sent: `v60.0/…` or `/services/data/v60.0/…`.
    url: str
    body: Any = None


def read_batch(body: Mapping[str, Any]) -> list[BatchEntry]:
    """The entries of `batchRequests`; raises 400 for what fails the request as a whole."""
    entries = body.get("batchRequests")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        text = 'A list of objects is expected as "batchRequests" at [line:1, column:1]'
        raise json_parser_error(text)
    check_count(len(entries))
    return [
        BatchEntry(method=method_of(entry), url=url_of(entry), body=entry.get("richInput"))
        for entry in entries
    ]


async def run_batch(
    request: Request, entries: Sequence[BatchEntry], *, halt_on_error: bool
) -> dict[str, Any]:
    """The answer to a batch: `{"hasErrors", "results": [{"statusCode", "result"}]}`."""
    results: list[dict[str, Any]] = []
    has_errors = False
    for entry in entries:
        if has_errors and halt_on_error:
            results.append(_refused(_HALTED))
            continue
        results.append(await _result(request, entry))
        has_errors = has_errors or results[-1]["statusCode"] >= HTTPStatus.BAD_REQUEST
    return {"hasErrors": has_errors, "results": results}


async def _result(request: Request, entry: BatchEntry) -> dict[str, Any]:
    try:
        url = _full_url(entry.url, float(version_of(request)))
    except SalesforceError as error:
        return _refused(error)
    answer: InnerAnswer = await ask(request, entry.method, url, body=entry.body)
    return {"statusCode": int(answer.status), "result": answer.value}


def _full_url(url: str, latest: float) -> str:
    match = _URL.fullmatch(url)
    if match is None:
        raise not_found()
    check_version(match["version"])
    if not _FIRST_VERSION <= float(match["version"]) <= latest:
        message = (
            f"The version of a subrequest, {match['version']}, has to be from {_FIRST_VERSION}.0 "
            f"to the batch's own, {latest}."
        )
        raise invalid(message)
    return f"/services/data/v{match['version']}{match['rest']}"


def _refused(error: SalesforceError) -> dict[str, Any]:
    return {"statusCode": int(error.status), "result": error.body()}
