"""Filters as SOQL text: nothing but the condition of a WHERE."""

import re
from typing import Final

from isthmus.domain.filters.errors import FilterError, Path

SOQL: Final = "soql"
LONGEST: Final = 10_000
"""Characters of a filter in SOQL: a query has 100,000, and the engine adds ids to it."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*)
    | (?P<value>[0-9][0-9A-Za-z.:+-]*|[-+.][0-9.]+)
    | (?P<sign><=|>=|!=|<>|[=<>(),:])""",
    re.VERBOSE | re.DOTALL,
)
_CLAUSES: Final = frozenset(
    {"select", "from", "where", "order", "group", "having", "limit", "offset", "for", "with",
     "using", "typeof", "update"}
)  # fmt: skip
_ADVICE: Final = "Write the condition of a WHERE alone, such as Country = 'NL' AND Email != null."


def check_text(text: object, path: Path = ()) -> str:
    """The text, which is the condition of a WHERE and nothing more. Raises `FilterError`."""
    if not isinstance(text, str) or not text.strip():
        raise FilterError(f"A SOQL filter is a text. {_ADVICE}", path=path)
    if len(text) > LONGEST:
        raise FilterError(
            f"This filter has {len(text):,} characters; at most {LONGEST:,} are allowed. "
            f"Shorten it.",
            path=path,
        )
    _check_tokens(text, path)
    return text


def _check_tokens(text: str, path: Path) -> None:
    position = depth = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise FilterError(_strange(text, position), path=path)
        word = found.group()
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth < 0:
            raise FilterError(
                f"A parenthesis closes in character {position + 1} that was not opened. {_ADVICE}",
                path=path,
            )
        if found.lastgroup == "word" and word.lower() in _CLAUSES:
            raise FilterError(
                f"{word} can't stand in a filter: it would make the query another one. {_ADVICE}",
                path=path,
            )
        position = found.end()
    if depth:
        raise FilterError("A parenthesis opens and is not closed. Close it.", path=path)


def _strange(text: str, position: int) -> str:
    if text[position] == "'":
        return f"The text that begins in character {position + 1} has no closing quote. Close it."
    return (
        f"{text[position]!r} in character {position + 1} can't stand in a filter. Texts stand in "
        f"single quotes. {_ADVICE}"
    )
