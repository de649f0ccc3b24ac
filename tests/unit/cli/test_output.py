import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from isthmus.cli import output, streams


def test_a_document_keeps_every_digit_and_tells_moments_in_utc() -> None:
    document = {
        "exact": Decimal("12345678901234567890.123456789"),
        "whole": Decimal("1E+3"),
        "strange": Decimal("NaN"),
        "id": UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
        "at": datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        "text": "Zürich",
    }

    written = output.json_bytes(document).decode()

    assert '"exact": 12345678901234567890.123456789' in written
    assert "Zürich" in written
    read = json.loads(written, parse_float=Decimal)
    assert read["exact"] == document["exact"]
    assert read["whole"] == 1000
    assert read["strange"] == "NaN"
    assert read["id"] == "01890a5d-ac96-774b-bcce-b302099a8057"
    assert datetime.fromisoformat(read["at"]) == datetime(2026, 1, 1, tzinfo=UTC)
    assert written.endswith("\n")


def test_a_table_folds_long_cells_and_leaves_no_blanks_at_the_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    output.show(
        output.table(["key", "records"], [("k" * 50, "1,000"), ("a", "5")], right="records")
    )

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["key", "records"]
    assert "".join(line.split()[0] for line in lines[1:-1]) == "k" * 50
    assert all(line == line.rstrip() and len(line) <= 40 for line in lines)
    assert lines[-1].split() == ["a", "5"]
    assert (
        len({line.index(digit) for line, digit in ((lines[1], "1,000"), (lines[-1], "    5"))}) == 1
    )


def test_brackets_and_colons_in_what_is_shown_mean_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.show("[bold]:smile: [/x] [Errno 2]")
    output.note("[red]no")

    shown = capsys.readouterr()
    assert shown.out == "[bold]:smile: [/x] [Errno 2]\n"
    assert shown.err == "[red]no\n"


def test_a_sentence_for_a_pipe_stays_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "word " * 100 + "end"

    output.show(sentence)
    output.note(sentence)

    shown = capsys.readouterr()
    assert shown.out == shown.err == f"{sentence}\n"


def test_what_an_encoding_lacks_has_a_stand_in() -> None:
    streams.prepare()

    assert "a → b …".encode("ascii", "isthmus-stand-ins") == b"a -> b ..."
    assert "Zürich".encode("ascii", "isthmus-stand-ins") == b"Z?rich"
    assert "Zürich →".encode("latin-1", "isthmus-stand-ins") == b"Z\xfcrich ->"
