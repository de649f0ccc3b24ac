import base64
from collections.abc import Sequence

import pytest
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.test import RequestFactory

from isthmus.web import paging

ROWS = list(range(1, 8))


def read(after: paging.Place | None, most: int) -> Sequence[int]:
    last = int(after[0] or 0) if after else 0
    return [each for each in ROWS if each > last][:most]


def shown(address: str) -> paging.Page[int]:
    return paging.page(RequestFactory().get(address), read, lambda row: [row], size=3)


def test_the_pages_together_are_all_rows_once() -> None:
    got: list[int] = []
    address = "/"
    for _ in range(10):
        page = shown(address)
        got += page.rows
        if not page.next:
            break
        query = QueryDict(mutable=True)
        query["after"] = page.next
        address = f"/?{query.urlencode()}"
    assert got == ROWS


def test_a_place_of_the_longest_names_is_found_again() -> None:
    for name in ("\N{GRINNING FACE}" * 200, "\u0390".casefold() * 200, "\x01" * 200):
        place: paging.Place = [name, 1 << 62]
        address = f"/?after={paging.written(place)}"
        assert paging.asked(RequestFactory().get(address)) == place


def test_a_page_that_ends_with_the_last_row_is_the_last() -> None:
    page = paging.page(RequestFactory().get("/"), read, lambda row: [row], size=len(ROWS))
    assert (list(page.rows), page.next, page.is_first) == (ROWS, "", True)


@pytest.mark.parametrize(
    "after",
    ["x", "é", "%00", base64.b64encode(b"{}").decode(), base64.b64encode(b"[[1]]").decode()],
)
def test_a_place_that_is_none_is_refused(after: str) -> None:
    with pytest.raises(BadRequest):
        shown(f"/?after={after}")
