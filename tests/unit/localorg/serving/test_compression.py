import gzip
import zlib

import pytest

from localorg.compression import Compression
from unit.localorg.serving.asgi import heard

LONG = b'{"Name": "Ada"}' * 200
GZIP = {"accept-encoding": "gzip, deflate"}


def test_a_client_that_asks_gets_gzip() -> None:
    answer = heard(Compression, GZIP, pieces=[LONG])
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["vary"] == "accept-encoding"
    assert len(answer.body) < len(LONG) / 10
    assert gzip.decompress(answer.body) == LONG


def test_a_client_may_ask_for_deflate() -> None:
    answer = heard(Compression, {"accept-encoding": "deflate"}, pieces=[LONG])
    assert answer.headers["content-encoding"] == "deflate"
    assert zlib.decompress(answer.body) == LONG


def test_pieces_are_compressed_as_they_come() -> None:
    pieces = [bytes([65 + place]) * 40_000 for place in range(8)]
    answer = heard(Compression, GZIP, pieces=pieces, content_type="text/csv")
    assert "content-length" not in answer.headers
    assert gzip.decompress(answer.body) == b"".join(pieces)
    assert [message.get("more_body", False) for message in answer.messages[1:]][-1] is False


@pytest.mark.parametrize(
    "asked", [{}, {"accept-encoding": "identity"}, {"accept-encoding": "gzip;q=0, br"}]
)
def test_a_client_that_does_not_ask_gets_the_answer_as_it_is(asked: dict[str, str]) -> None:
    answer = heard(Compression, asked, pieces=[LONG])
    assert answer.body == LONG
    assert "content-encoding" not in answer.headers


def test_what_would_gain_nothing_stays_as_it_is() -> None:
    assert heard(Compression, GZIP, pieces=[b"{}"]).body == b"{}"
    assert heard(Compression, GZIP, pieces=[b""], status=204).body == b""
    assert heard(Compression, GZIP, pieces=[LONG], content_type="image/png").body == LONG
    packed = heard(Compression, GZIP, pieces=[LONG], own={"content-encoding": "br"})
    assert (packed.body, packed.headers["content-encoding"]) == (LONG, "br")
