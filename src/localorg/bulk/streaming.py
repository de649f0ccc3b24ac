"""Answers that are made of stretches of a file, sent without ever being whole in memory."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread
from starlette.types import Receive, Scope, Send

# So much is read in one visit to a thread: few visits, little memory.
_BYTES_PER_PART = 1 << 20


class StretchesAnswer:
    """An HTTP answer of CSV: some bytes, and then stretches of a file in the order given."""

    def __init__(
        self, head: bytes, path: Path, stretches: Sequence[range], headers: Mapping[str, str]
    ) -> None:
        """Answer with `head` and the bytes of `path` whose positions are in `stretches`.

        Raises FileNotFoundError where the file is gone; later that does not matter any more.
        """
        self._head = head
        self._file = path.open("rb")
        self._stretches = stretches
        self._headers = headers

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the answer; the file is read in a thread."""
        with self._file as file:
            await send(
                {"type": "http.response.start", "status": 200, "headers": self._raw_headers()}
            )
            await send(_body(self._head))
            for part in _parts(self._stretches):
                await send(_body(await to_thread.run_sync(_read, file, part)))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _raw_headers(self) -> list[tuple[bytes, bytes]]:
        length = len(self._head) + sum(map(len, self._stretches))
        headers = {"content-type": "text/csv", "content-length": str(length)} | dict(self._headers)
        return [(name.encode(), value.encode()) for name, value in headers.items()]


def _parts(stretches: Sequence[range]) -> Iterator[list[range]]:
    """The stretches, long ones cut and short ones together, about a part's bytes at a time."""
    part: list[range] = []
    size = 0
    for stretch in stretches:
        for start in range(stretch.start, stretch.stop, _BYTES_PER_PART):
            piece = range(start, min(start + _BYTES_PER_PART, stretch.stop))
            part.append(piece)
            size += len(piece)
            if size >= _BYTES_PER_PART:
                yield part
                part, size = [], 0
    if part:
        yield part


def _read(file: BinaryIO, part: Sequence[range]) -> bytes:
    pieces = []
    for stretch in part:
        file.seek(stretch.start)
        pieces.append(file.read(len(stretch)))
    return b"".join(pieces)


def _body(content: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": content, "more_body": True}
