"""Cuts the text of a formula into tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from localorg.formulas.errors import FormulaError
from localorg.schema import ALIAS

LONGEST = 3900
_TOKENS = re.compile(
    r"""
    (?P<space>\s+|/\*.*?\*/)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<name>\$?[A-Za-z]\w*(?::[A-Za-z]\w*)?(?:\.[A-Za-z]\w*(?::[A-Za-z]\w*)?)*)
    |(?P<symbol><>|!=|<=|>=|==|&&|\|\||/(?!\*)|[-+*^&=<>(),!])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a formula; `text` is the value of a text, without its quotes."""

    kind: Kind
    text: str
    position: int


def tokens(formula: str) -> list[Token]:
    """The tokens of a formula, the end among them; raises FormulaError."""
    if len(formula) > LONGEST:
        message = f"Formula is too long ({len(formula)} characters). Allowed: {LONGEST} characters."
        raise FormulaError(message, formula, LONGEST)
    if ALIAS in formula or "\0" in formula:
        position = max(formula.find(ALIAS), formula.find("\0"))
        raise FormulaError("Syntax error. A character is not allowed here.", formula, position)
    return [*_cut(formula), Token(Kind.END, "", len(formula))]


def _cut(formula: str) -> Iterator[Token]:
    position = 0
    while position < len(formula):
        found = _TOKENS.match(formula, position)
        if found is None:
            raise FormulaError(_unreadable(formula[position:]), formula, position)
        kind = str(found.lastgroup)
        if kind != "space":
            text = found.group()
            value = _unescaped(text[1:-1]) if kind == "text" else text
            yield Token(Kind(kind), value, position)
        position = found.end()


def _unreadable(rest: str) -> str:
    if rest[0] in "\"'":
        return f"Syntax error. Missing {rest[0]} at the end of the text."
    if rest.startswith("/*"):
        return "Syntax error. Missing */ at the end of the comment."
    return f"Syntax error. Extra {rest[0]!r}."


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)
