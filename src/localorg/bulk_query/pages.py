"""Pages of a result: how they are named by locators, how they go wrong when told to."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from localorg.bulk.errors import invalid_locator
from localorg.bulk.streaming import StretchesAnswer
from localorg.bulk_query.result_file import ResultFile
from localorg.errors import SalesforceError

LAST = "null"  # what Sforce-Locator says on the last page
# No result has more records; a larger number in a request would only cost time.
_MOST_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Page:
    """The records of a result from number `first` up to but without `end`."""

    first: int
    end: int
    # The first record of the page after it; None on the last page.
    following: int | None

    @property
    def next_locator(self) -> str:
        """The locator of the page after this one, or the word null."""
        return LAST if self.following is None else locator_of(self.following)


@dataclass(frozen=True, kw_only=True)
class PageSizes:
    """How large pages are."""

    # Records on a page for which the client names no number. Defaults to 50,000.
    records: int = 50_000
    # Bytes of a page at most, whatever the client names. Defaults to a gigabyte.
    most_bytes: int = 1_000_000_000


def locator_of(first: int) -> str:
    """Return the locator of a page that begins with the record of this number."""
    return base64.urlsafe_b64encode(str(first).encode()).decode().rstrip("=")


def page_of(result: ResultFile, query: Mapping[str, str], sizes: PageSizes) -> Page:
    """Return the page that the parameters `locator` and `maxRecords` ask for.

    Raises:
        SalesforceError: INVALID_QUERY_LOCATOR for a locator that this result never gave out,
            API_ERROR for a number of records that is none.

    """
    first = _first_of(query.get("locator", ""))
    if first > max(result.records - 1, 0):
        raise invalid_locator()
    return _page(result, first, _size_of(query.get("maxRecords"), sizes.records), sizes)


def page_after(result: ResultFile, page: Page, sizes: PageSizes) -> Page:
    """Return the page after another one, or an empty last one."""
    if page.following is None:
        return Page(first=page.end, end=page.end, following=None)
    return _page(result, page.following, page.end - page.first, sizes)


def repeated(page: Page) -> Page:
    """Return the page as one whose locator leads to the page itself again."""
    return replace(page, following=page.first)


def _page(result: ResultFile, first: int, size: int, sizes: PageSizes) -> Page:
    end = result.end_within(first, min(first + size, result.records), sizes.most_bytes)
    return Page(first=first, end=end, following=end if end < result.records else None)


def answer(result: ResultFile, page: Page) -> StretchesAnswer:
    """Return the answer with the header row and the page's rows."""
    headers = {
        "sforce-numberofrecords": str(page.end - page.first),
        "sforce-locator": page.next_locator,
    }
    stretches = result.stretches(page.first, page.end)
    return StretchesAnswer(result.header, result.path, stretches, headers)


def _first_of(locator: str) -> int:
    if not locator:
        return 0
    try:
        text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise invalid_locator() from None
    if not text.isdigit() or len(text) > _MOST_DIGITS or locator_of(int(text)) != locator:
        raise invalid_locator()
    return int(text)


def _size_of(text: str | None, page_records: int) -> int:
    if text is None:
        return page_records
    if not (text.isascii() and text.isdigit()) or int(text[:_MOST_DIGITS]) == 0:
        message = f"maxRecords is {text!r}; send a whole number of at least 1 or leave it out"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "API_ERROR", message)
    return int(text[:_MOST_DIGITS])
