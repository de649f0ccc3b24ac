"""A file that is read in blocks is judged as one that is read whole."""

import random
from pathlib import Path

import pytest

from localorg.bulk_ingest import line_endings
from localorg.bulk_ingest.errors import RefusedUploadError
from localorg.bulk_ingest.line_endings import check_line_endings

PIECES = ("a", ",", '"', '""', "\n", "\r\n", "\r", '"x\r\ny"', '"x\ny"', '"\r"')


def accepted(path: Path, line_ending: str) -> bool:
    try:
        check_line_endings(path, line_ending)
    except RefusedUploadError:
        return False
    return True


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("line_ending", ["LF", "CRLF"])
def test_the_size_of_blocks_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, line_ending: str
) -> None:
    chance = random.Random(seed)
    path = tmp_path / "upload.csv"
    for _ in range(50):
        text = "".join(chance.choices(PIECES, k=chance.randint(1, 12)))
        path.write_bytes(text.encode())
        monkeypatch.setattr(line_endings, "_BLOCK_BYTES", 1 << 20)
        expected = accepted(path, line_ending)
        for size in (1, 2, 3, 7):
            monkeypatch.setattr(line_endings, "_BLOCK_BYTES", size)
            assert accepted(path, line_ending) == expected, text
