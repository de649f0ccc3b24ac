"""Reading some records: SOQL over REST.

Source: REST API guide, Query.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from isthmus.salesforce.error_codes import error_of
from isthmus.salesforce.errors import UnexpectedAnswer
from isthmus.salesforce.rest import Call, Rest
from isthmus.salesforce.wire import Response, understood

# Salesforce takes 16,384 bytes of address and headers together; headers hold a long token.
_LONGEST_ADDRESS = 10_000


@dataclass(frozen=True, kw_only=True)
class QueryPage:
    """Some records of a query as Salesforce sent them."""

    body: bytes
    """A JSON object with the list `records`."""
    records: int
    """How many it has."""
    total: int
    """How many the query found."""


class Soql:
    """Queries of the org, page by page."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def records(self, soql: str, *, deleted: bool) -> Iterator[dict[str, Any]]:
        """Every record, fetched as the iterator is used."""
        page = self.first_page(soql, deleted=deleted)
        while True:
            with understood("a page of records"):
                records: list[dict[str, Any]] = page["records"]
                following = None if page.get("done", True) else page["nextRecordsUrl"]
            yield from records
            if following is None:
                return
            page = self._rest.get(following)

    def pages(self, soql: str, *, deleted: bool) -> Iterator[QueryPage]:
        """All pages as they came, fetched as the iterator is used."""
        body, page = self._first(soql, deleted=deleted)
        while True:
            with understood("a page of records"):
                records, total = len(page["records"]), int(page["totalSize"])
                following = None if page.get("done", True) else page["nextRecordsUrl"]
            yield QueryPage(body=body, records=records, total=total)
            if following is None:
                return
            body, page = self._whole(following)

    def first_page(self, soql: str, *, deleted: bool) -> Mapping[str, Any]:
        """The first page."""
        return self._first(soql, deleted=deleted)[1]

    def _first(self, soql: str, *, deleted: bool) -> tuple[bytes, Mapping[str, Any]]:
        resource = "/queryAll" if deleted else "/query"
        if len(quote(soql)) > _LONGEST_ADDRESS:
            page = self._long(f"{resource}?q={quote(soql)}")
            return orjson.dumps(page), page
        return self._whole(resource, {"q": soql})

    def _whole(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> tuple[bytes, Mapping[str, Any]]:
        call = Call(method="GET", path=path, params=params or {}, repeatable=True)
        response, found = self._rest.session.with_json(self._rest.request(call))
        if not isinstance(found, dict):
            raise UnexpectedAnswer(
                f"The answer to {response.target} is not a page of records. "
                f"{UnexpectedAnswer.advice}"
            )
        return response.body, found

    def _long(self, path: str) -> Mapping[str, Any]:
        """A query too long for an address travels in the body of a composite call."""
        url = f"/services/data/v{self._rest.settings.api_version}{path}"
        subrequest = {"method": "GET", "url": url, "referenceId": "query"}
        found = self._rest.send_json(
            "POST", "/composite", {"compositeRequest": [subrequest]}, repeatable=True
        )
        return _only_answer(found)


def _only_answer(found: Mapping[str, Any]) -> Mapping[str, Any]:
    with understood("the answer to a query"):
        answer = found["compositeResponse"][0]
        body: Mapping[str, Any] = answer["body"]
        status = int(answer["httpStatusCode"])
    if status != 200:  # noqa: PLR2004
        raise error_of(Response(status=status, body=orjson.dumps(body), target="GET /query"))
    return body
