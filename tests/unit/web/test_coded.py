import pytest

from isthmus.web.templatetags.kit import coded


@pytest.mark.parametrize(
    ("sentence", "drawn"),
    [
        ("Nothing to mark.", "Nothing to mark."),
        ("Start `isthmus up`.", "Start <code>isthmus up</code>."),
        ("`one` or `two`", "<code>one</code> or <code>two</code>"),
        ("One ` alone", "One ` alone"),
        ("`<b>` & {0} {x}", "<code>&lt;b&gt;</code> &amp; {0} {x}"),
        ("", ""),
    ],
)
def test_what_stands_between_backticks_is_code_and_all_is_escaped(
    sentence: str, drawn: str
) -> None:
    assert coded(sentence) == drawn
