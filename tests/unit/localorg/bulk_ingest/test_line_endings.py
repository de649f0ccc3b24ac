from pathlib import Path

import pytest

from localorg.bulk_ingest.errors import RefusedUploadError
from localorg.bulk_ingest.line_endings import check_line_endings


@pytest.mark.parametrize(
    ("line_ending", "data"),
    [
        ("LF", b"a,b\n1,2\n"),
        ("LF", b'a\n"x\ny"\n'),
        ("LF", b'a\n"x\r\ny ""q"" \r"\n'),
        ("CRLF", b"a,b\r\n1,2\r\n"),
        ("CRLF", b'a\r\n"x\ny"\r\n'),
    ],
)
def test_line_ends_inside_quotes_do_not_count(
    tmp_path: Path, line_ending: str, data: bytes
) -> None:
    (tmp_path / "upload.csv").write_bytes(data)
    check_line_endings(tmp_path / "upload.csv", line_ending)


@pytest.mark.parametrize(
    ("line_ending", "data"),
    [
        ("LF", b"a,b\r\n1,2\r\n"),
        ("LF", b'a\n"x"\r\n'),
        ("LF", b"a\n1\r\n2\n"),
        ("CRLF", b"a,b\n1,2\n"),
        ("CRLF", b'a\r\n"x"\n"y"\r\n'),
    ],
)
def test_other_line_ends_refuse_the_upload(tmp_path: Path, line_ending: str, data: bytes) -> None:
    (tmp_path / "upload.csv").write_bytes(data)
    with pytest.raises(RefusedUploadError) as refused:
        check_line_endings(tmp_path / "upload.csv", line_ending)
    assert str(refused.value) == (
        "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
        + line_ending
    )
