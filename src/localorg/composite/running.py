"""Carrying out the subrequests of a composite request, each by itself or all in a transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.requests import Request

from localorg.composite.inside import ask
from localorg.composite.references import Answers, resolved, resolved_url
from localorg.composite.subrequests import Subrequest
from localorg.errors import SalesforceError
from localorg.versions import check_version
from localorg.web import org_of, version_of

_FIRST_WITH_NULLS = 52
_ROLLED_BACK = (
    "The transaction was rolled back since another operation in the same transaction failed."
)
_SHOWN_HEADERS = {"etag": "ETag", "last-modified": "Last-Modified", "location": "Location"}


@dataclass(slots=True)
class Result:
    """What came of one subrequest."""

    reference_id: str
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether it ends a transaction: an error, or a collection with a row that failed."""
        if self.status >= HTTPStatus.MULTIPLE_CHOICES:
            return self.status != HTTPStatus.NOT_MODIFIED
        rows = self.body if isinstance(self.body, list) else []
        return any(isinstance(row, dict) and row.get("success") is False for row in rows)

    def as_json(self) -> dict[str, Any]:
        """Its entry in the `compositeResponse`."""
        return {
            "body": self.body,
            "httpHeaders": self.headers,
            "httpStatusCode": self.status,
            "referenceId": self.reference_id,
        }


class _RollBackError(Exception):
    """Ends a transaction in which one subrequest failed."""


async def run_each(request: Request, subrequests: Sequence[Subrequest]) -> list[Result]:
    """Carry out all subrequests, whatever comes of any of them."""
    results: list[Result] = []
    for subrequest in subrequests:
        results.append(await _run(request, subrequest, results))
    return results


def run_all_or_none(request: Request, subrequests: Sequence[Subrequest]) -> list[Result]:
    """Carry out all subrequests in one transaction, or none; to be called in a worker thread.

    The inner requests get an event loop of their own, and so worker threads of their own: all of
    the server's may be waiting for this transaction to end.
    """
    results: list[Result] = []
    try:
        with org_of(request).store.write():
            asyncio.run(_run_until_failure(request, subrequests, results))
            _end_if_failed(results)
    except _RollBackError:
        halted = {entry.reference_id: _halted(entry) for entry in subrequests}
        halted[results[-1].reference_id] = results[-1]
        return list(halted.values())
    return results


def _end_if_failed(results: Sequence[Result]) -> None:
    if results and results[-1].failed:
        raise _RollBackError


async def _run_until_failure(
    request: Request, subrequests: Sequence[Subrequest], results: list[Result]
) -> None:
    for subrequest in subrequests:
        results.append(await _run(request, subrequest, results))
        if results[-1].failed:
            return


async def _run(request: Request, subrequest: Subrequest, earlier: list[Result]) -> Result:
    answers = Answers(
        bodies={result.reference_id: result.body for result in earlier},
        nulls=float(version_of(request)) >= _FIRST_WITH_NULLS,
    )
    try:
        check_version(subrequest.version)
        url = resolved_url(subrequest.url, answers)
        body = resolved(subrequest.body, answers)
    except SalesforceError as error:
        return Result(subrequest.reference_id, int(error.status), error.body())
    answer = await ask(request, subrequest.method, url, headers=subrequest.headers, body=body)
    headers = {
        _SHOWN_HEADERS[name]: value for name, value in answer.headers if name in _SHOWN_HEADERS
    }
    return Result(subrequest.reference_id, int(answer.status), answer.value, headers)


def _halted(subrequest: Subrequest) -> Result:
    error = SalesforceError(HTTPStatus.BAD_REQUEST, "PROCESSING_HALTED", _ROLLED_BACK)
    return Result(subrequest.reference_id, int(error.status), error.body())
