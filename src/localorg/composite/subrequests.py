"""The subrequests of a composite request, read and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from localorg.errors import SalesforceError, json_parser_error, not_found

MOST_SUBREQUESTS = 25
_MOST_OF_MANY = 5
_METHODS = ("DELETE", "GET", "PATCH", "POST")
_NAME = re.compile(r"[A-Za-z0-9]\w*", re.ASCII)
_OF_MANY = re.compile(
    r"/services/data/v[\d.]+/(query|queryall|composite/sobjects)\b", re.IGNORECASE
)
_AVAILABLE = re.compile(
    r"/services/data/v([^/]+)/(?:sobjects|query|queryall|composite/sobjects|limits)(?:/|\?|$)",
    re.IGNORECASE,
)
_INHERITED = frozenset({"accept", "authorization", "content-type"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Subrequest:
    """One request inside a composite request."""

    method: str
    # A path with its query; may hold references.
    url: str
    reference_id: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_many(self) -> bool:
        """Whether it is a query or a collection, of which there may be five."""
        return _OF_MANY.match(self.url) is not None

    @property
    def version(self) -> str:
        """The API version of its URL; raises 404 for what no composite request can contain."""
        found = _AVAILABLE.match(self.url)
        if found is None:
            raise not_found()
        return found[1]


def read_subrequests(body: Mapping[str, Any]) -> list[Subrequest]:
    """The subrequests of `compositeRequest`; raises 400 for what fails the request as a whole."""
    entries = body.get("compositeRequest")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        text = 'A list of objects is expected as "compositeRequest" at [line:1, column:1]'
        raise json_parser_error(text)
    check_count(len(entries))
    found = [_subrequest(entry) for entry in entries]
    _check_reference_ids([entry.reference_id for entry in found])
    if sum(entry.of_many for entry in found) > _MOST_OF_MANY:
        message = (
            f"A composite request can have up to {_MOST_OF_MANY} subrequests that are queries or "
            "sObject Collections. Use several composite requests."
        )
        raise invalid(message, "LIMIT_EXCEEDED")
    return found


def check_count(count: int) -> None:
    """Raise 400 LIMIT_EXCEEDED for too many subrequests."""
    if count > MOST_SUBREQUESTS:
        message = (
            f"The request has {count} subrequests; {MOST_SUBREQUESTS} are allowed. "
            "Use several requests."
        )
        raise invalid(message, "LIMIT_EXCEEDED")


def method_of(entry: Mapping[str, Any]) -> str:
    """The method of a subrequest; raises 400 for one that there is none of."""
    method = entry.get("method")
    if method not in _METHODS:
        message = f"The method {method!r} of a subrequest is none of {', '.join(_METHODS)}."
        raise invalid(message)
    return str(method)


def url_of(entry: Mapping[str, Any]) -> str:
    """The URL of a subrequest; raises 400 where it is missing."""
    url = entry.get("url")
    if not isinstance(url, str) or not url:
        raise invalid("The url of a subrequest is missing: /services/data/v66.0/… is expected.")
    return url


def invalid(message: str, code: str = "INVALID_INPUT") -> SalesforceError:
    """400 for a request that can't be carried out at all."""
    return SalesforceError(HTTPStatus.BAD_REQUEST, code, message)


def _subrequest(entry: Mapping[str, Any]) -> Subrequest:
    reference_id = entry.get("referenceId")
    if not isinstance(reference_id, str) or not reference_id:
        raise invalid("The referenceId of a subrequest is missing.", "MISSING_ARGUMENT")
    return Subrequest(
        method=method_of(entry),
        url=url_of(entry),
        reference_id=reference_id,
        body=entry.get("body"),
        headers=_headers(entry.get("httpHeaders")),
    )


def _headers(given: Any) -> Mapping[str, str]:
    headers = given or {}
    if not isinstance(headers, dict):
        raise invalid("The httpHeaders of a subrequest are an object of names and values.")
    refused = [name for name in headers if name.lower() in _INHERITED]
    if refused:
        message = f"The header {refused[0]} of a subrequest comes from the composite request."
        raise invalid(message)
    return {str(name): str(value) for name, value in headers.items()}


def _check_reference_ids(names: list[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            message = (
                f"Provided referenceId ('{name}') must start with a letter or a number, and it "
                "can contain only letters, numbers and underscores ('_')."
            )
            raise invalid(message)
        if names.count(name) > 1:
            raise invalid(f"The referenceId '{name}' is given to several subrequests.")
