"""Long tables in pages: a cursor says behind which row the next page begins.

Nothing is counted or passed over, so the last page is as quick as the first.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from django.core.exceptions import BadRequest
from django.http import HttpRequest

ROWS: Final = 50
"""Rows of a page."""

_LONGEST = 4_000
"""Characters of a cursor: a name of 200 characters, of four bytes each, has room."""

T = TypeVar("T")
Place = list[str | int | None]
"""The values of a row by which rows are in order."""


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """Some rows of many."""

    rows: Sequence[T]
    next: str  # the cursor of the page behind; empty: this is the last
    is_first: bool


def page(
    request: HttpRequest,
    read: Callable[[Place | None, int], Sequence[T]],
    place: Callable[[T], Place],
    size: int = ROWS,
) -> Page[T]:
    """The page that is asked for.

    `read` gives so many rows behind a place, or from the start; `place` says where a row stands.
    """
    after = asked(request)
    rows = read(after, size + 1)
    more = len(rows) > size
    return Page(
        rows=rows[:size],
        next=written(place(rows[size - 1])) if more else "",
        is_first=after is None,
    )


def asked(request: HttpRequest) -> Place | None:
    """The place that the address names with `after`. Raises `BadRequest` for what is none."""
    text = request.GET.get("after", "")
    if not text:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(text[:_LONGEST].encode()))
    except (ValueError, binascii.Error) as error:
        raise BadRequest from error
    if not isinstance(place, list) or not all(map(_can_be_asked, place)):
        raise BadRequest
    return place


def _can_be_asked(value: object) -> bool:
    """Whether a row can have the value: the database holds no byte 0 and no half of a pair."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    return value is None or isinstance(value, int)


def written(place: Place) -> str:
    """The place as an address holds it."""
    return base64.urlsafe_b64encode(json.dumps(place, ensure_ascii=False).encode()).decode()
