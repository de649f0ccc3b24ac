"""Result files of Bulk jobs, as streams of bytes."""

import contextlib
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from isthmus.salesforce.errors import ConnectionLost, PageCut
from isthmus.salesforce.rest import Call, Params, Rest
from isthmus.salesforce.transport import Answer

CHUNK_BYTES = 256 * 1024
"""The size of a piece where the caller does not choose; see `docs/salesforce-client.md`."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ResultPage:
    """One result file while it is coming: its counts first, then its bytes, once."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.records = _count(answer.headers.get("sforce-numberofrecords"))
        """Rows in this page, without the header row; None where Salesforce does not say."""
        self.next_locator = _locator(answer.headers.get("sforce-locator"))
        """Where the next page starts; None on the last one."""

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """The CSV as it comes, in pieces of at most `size` bytes that end anywhere.

        It has its own header row. Raises `PageCut` where the page ends too early.
        """
        try:
            yield from self._answer.chunks(size)
        except ConnectionLost as error:
            raise PageCut(
                f"A result page was cut off: {error} {PageCut.advice}", path=error.path
            ) from error


@contextlib.contextmanager
def open_results(
    rest: Rest, path: str, params: Params | None = None, *, version: str | None = None
) -> Iterator[ResultPage]:
    """A result file. What fails before its first byte is repeated here, the rest by the caller."""
    call = Call(
        method="GET",
        path=path,
        params=params or {},
        headers={"Accept": "text/csv", **_encoding(rest)},
        repeatable=True,
        version=version,
    )
    with rest.stream(call) as answer:
        yield ResultPage(answer)


def _encoding(rest: Rest) -> Mapping[str, str]:
    wanted = rest.settings.compress_results
    if wanted is None:
        wanted = urlsplit(rest.session.token.instance_url).hostname not in _LOOPBACK
    return {"Accept-Encoding": "gzip" if wanted else "identity"}


def _count(header: str | None) -> int | None:
    return int(header) if header is not None and header.strip().isdigit() else None


def _locator(header: str | None) -> str | None:
    """The locator; the last page has none, or the word `null`."""
    text = (header or "").strip()
    return None if text.lower() in ("", "null") else text
