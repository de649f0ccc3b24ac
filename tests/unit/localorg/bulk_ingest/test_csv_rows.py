import io

import pytest

from localorg.bulk_ingest.csv_rows import CsvRows, Rows

UNESCAPED = "Found unescaped quote. A value with quote should be within a quote"
AFTER_END = "Not expecting more text after end quote"
OPEN_END = "EOF reached before closing an opened quote"


def taken(text: str, delimiter: str = ",", count: int = 200) -> tuple[Rows, str]:
    """All rows, taken `count` at a time, and what stands in the way of more."""
    rows = CsvRows(io.StringIO(text, newline=""), delimiter)
    found: Rows = []
    while some := rows.take(count):
        found += some
    return found, str(rows.problem or "")


@pytest.mark.parametrize("count", [1, 2, 200])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,"b ""c"""\n"d\n""e""",f\n', [["a", 'b "c"'], ['d\n"e"', "f"]]),
        ('"""",""\n\n"a",""""""\n', [['"', ""], ["a", '""']]),
        ('"a ""b"""\r\n"c,\r\n""d"\r\n', [['a "b"'], ['c,\r\n"d']]),
        ('a,"""b"""', [["a", '"b"']]),
        ("a, b\n,\n", [["a", " b"], ["", ""]]),
    ],
)
def test_quotes_inside_quotes_are_values(text: str, rows: Rows, count: int) -> None:
    assert taken(text, count=count) == (rows, "")


@pytest.mark.parametrize("count", [1, 2, 200])
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('a,b"c"d', UNESCAPED),
        ('a, "b"', UNESCAPED),
        ('a,b"', UNESCAPED),
        ('a""b,c', UNESCAPED),
        ('"a" ,b', AFTER_END),
        ('"a"b,c', AFTER_END),
        ('a,"b', OPEN_END),
    ],
)
def test_rows_end_before_a_quote_that_is_out_of_place(bad: str, reason: str, count: int) -> None:
    before = 'x,"y ""z"""\n\nv,"w\nw"\n'
    found = taken(f"{before}{bad}\nl,m\n", count=count)
    expected = [["x", 'y "z"'], ["v", "w\nw"]]
    assert found == (expected, f"InvalidBatch : Failed to parse CSV. {reason}")


@pytest.mark.parametrize("delimiter", list("`^,|;\t"))
def test_quotes_stand_beside_any_delimiter(delimiter: str) -> None:
    rows = [["a", 'b "c"', ",;|"], ["d", "", 'e"']]
    text = "\n".join(
        delimiter.join('"' + value.replace('"', '""') + '"' for value in row) for row in rows
    )
    assert taken(text, delimiter) == (rows, "")
    assert taken(f'a{delimiter}b"c"{delimiter}d\n', delimiter)[1].endswith(UNESCAPED)


def test_what_follows_a_problem_is_never_read() -> None:
    rows = CsvRows(io.StringIO('a,b\na,b"c\n'), ",")
    assert rows.take(5) == [["a", "b"]]
    assert rows.problem is not None
    assert rows.take(5) == []
