"""What the text inside quotes means, for comparing and for LIKE."""

import itertools
import math
import re

from localorg.soql import errors
from localorg.soql.nodes import Literal

FOLD = "localorg_fold"
MAX_SPELLINGS = 64
ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "N": "\n",
    "R": "\r",
    "T": "\t",
    "B": "\b",
    "F": "\f",
}
PIECE = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)|([^\\]+)", re.DOTALL)
SURROGATES = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def fold(text: str | None) -> str | None:
    """Return text with letters of all alphabets in lower case, as strings are compared.

    SQLite's own NOCASE knows the letters A to Z alone. A query uses this function, which no index
    helps, only where the text that it looks for has other letters and `spellings` cannot help.
    """
    return None if text is None else text.lower()


def spellings(text: str) -> list[str] | None:
    """Return the text in all cases of its letters beyond A to Z; None where they are too many.

    Together with NOCASE they find what `fold` would, by an index.
    """
    options = [_cases(letter) for letter in text]
    if math.prod(map(len, options)) > MAX_SPELLINGS:
        return None
    return ["".join(letters) for letters in itertools.product(*options)]


def _cases(letter: str) -> list[str]:
    if letter.isascii():
        return [letter]
    return sorted({letter, *(case for case in (letter.lower(), letter.upper()) if len(case) == 1)})


def string_value(statement: str, literal: Literal) -> str:
    """Return the text of a string literal without quotes and escapes."""
    return "".join(
        code or sign or plain for code, sign, plain in _pieces(statement, literal, ESCAPES)
    )


def like_pattern(statement: str, literal: Literal) -> str:
    r"""Return a LIKE pattern for SQLite with `\` as its escape sign."""
    known = {**ESCAPES, "_": r"\_", "%": r"\%", "\\": r"\\"}
    parts = []
    for code, sign, plain in _pieces(statement, literal, known):
        escaped = f"\\{code}" if code in {"%", "_", "\\"} else code
        parts.append(escaped or sign or plain)
    return "".join(parts)


def _pieces(statement: str, literal: Literal, known: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return the literal cut into (decoded code point, decoded escape, plain text)."""
    pieces = []
    for match in PIECE.finditer(literal.text[1:-1]):
        code, sign, plain = match.groups(default="")
        if sign and sign not in known:
            raise errors.malformed(
                statement,
                literal.position,
                f"Invalid string literal {literal.text}. Illegal character sequence "
                f"'\\{sign}' in string literal",
            )
        pieces.append((_character(code), known.get(sign, ""), SURROGATES.sub(REPLACEMENT, plain)))
    return pieces


def _character(code: str) -> str:
    """Return the character of four hexadecimal digits; halves of a pair have no meaning alone."""
    return SURROGATES.sub(REPLACEMENT, chr(int(code, 16))) if code else ""
