"""Turns the text of a SOQL statement into tokens."""

import re
from dataclasses import dataclass
from enum import StrEnum

from localorg.soql import errors


class TokenKind(StrEnum):
    """What a token is."""

    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, value or sign of the statement."""

    kind: TokenKind
    text: str
    position: int

    @property
    def word(self) -> str:
        """The token in upper case, for comparing with keywords and signs."""
        return self.text.upper()


END_TEXT = "<EOF>"
PATTERN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<datetime>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<time>\d\d:\d\d:\d\d(?:\.\d+)?[Zz])
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z][A-Za-z0-9_]*)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<symbol><=|>=|!=|<>|[=<>(),.:])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a statement, ended by one of kind END.

    Raises:
        SalesforceError: MALFORMED_QUERY at a character that begins no token.

    """
    tokens = []
    position = 0
    while position < len(text):
        match = PATTERN.match(text, position)
        if match is None:
            raise errors.unknown_character(text, position, _refused(text, position))
        if match.lastgroup is not None and match.lastgroup != "space":
            tokens.append(Token(TokenKind(match.lastgroup), match.group(), position))
        position = match.end()
    tokens.append(Token(TokenKind.END, END_TEXT, len(text)))
    return tokens


def _refused(text: str, position: int) -> str:
    """Return what to show of the place: a character, or a string that never ends."""
    return text[position : position + 40] if text[position] == "'" else text[position]
