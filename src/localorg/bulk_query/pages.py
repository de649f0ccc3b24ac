"""Pages of a result: how they are named by locators and how they are sent."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from anyio import to_thread
from starlette.types import Receive, Scope, Send

from localorg.bulk_query.result_file import ResultFile
from localorg.errors import SalesforceError
from localorg.query.cursors import invalid_locator

LAST = "null"  # what Sforce-Locator says on the last page


@dataclass(frozen=True, kw_only=True)
class Page:
    """The records of a result from number `first` up to but without `end`."""

    first: int
    end: int
    total: int

    @property
    def next_locator(self) -> str:
        """The locator of the page after this one, or the word null."""
        return locator_of(self.end) if self.end < self.total else LAST


def locator_of(first: int) -> str:
    """Return the locator of a page that begins with the record of this number."""
    return base64.urlsafe_b64encode(str(first).encode()).decode().rstrip("=")


def page_of(result: ResultFile, query: Mapping[str, str], page_records: int) -> Page:
    """Return the page that the parameters `locator` and `maxRecords` ask for.

    Raises:
        SalesforceError: INVALID_QUERY_LOCATOR for a locator that this result never gave out,
            API_ERROR for a number of records that is none.

    """
    first = _first_of(query.get("locator", ""))
    if first > max(result.records - 1, 0):
        raise invalid_locator()
    size = _size_of(query.get("maxRecords"), page_records)
    return Page(first=first, end=min(first + size, result.records), total=result.records)


def _first_of(locator: str) -> int:
    if not locator:
        return 0
    try:
        text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise invalid_locator() from None
    if not text.isdigit() or len(text) > len("1000000000000") or locator_of(int(text)) != locator:
        raise invalid_locator()
    return int(text)


def _size_of(text: str | None, page_records: int) -> int:
    if text is None:
        return page_records
    if not (text.isascii() and text.isdigit()) or int(text[:12]) == 0:
        message = f"maxRecords is {text!r}; send a whole number of at least 1 or leave it out"
        raise SalesforceError(400, "API_ERROR", message)
    return int(text[:12])


class PageAnswer:
    """An HTTP answer that sends a page of a result file piece by piece."""

    def __init__(self, result: ResultFile, page: Page) -> None:
        """Answer with the header row and the page's rows."""
        self._result = result
        self._page = page
        self._stretches = result.stretches(page.first, page.end)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the answer; the file is read in a thread, a segment at a time."""
        # Opened first: a job deleted meanwhile must not end a download that has begun.
        with await to_thread.run_sync(self._result.path.open, "rb") as file:
            start = {"type": "http.response.start", "status": 200, "headers": self._headers()}
            await send(start)
            await send(_body(self._result.header))
            for stretch in self._stretches:
                await send(_body(await to_thread.run_sync(_read, file, stretch)))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _headers(self) -> list[tuple[bytes, bytes]]:
        length = len(self._result.header) + sum(map(len, self._stretches))
        return [
            (b"content-type", b"text/csv"),
            (b"content-length", str(length).encode()),
            (b"sforce-numberofrecords", str(self._page.end - self._page.first).encode()),
            (b"sforce-locator", self._page.next_locator.encode()),
        ]


def _read(file: BinaryIO, stretch: range) -> bytes:
    file.seek(stretch.start)
    return file.read(len(stretch))


def _body(content: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": content, "more_body": True}
