"""From tokens to nodes, by the ranks of Salesforce's operators."""

from collections.abc import Callable

from localorg.formulas import nodes
from localorg.formulas.errors import FormulaError
from localorg.formulas.lexer import Kind, Token, tokens

# From the one that binds least; `&&` and `||` are AND() and OR() written between.
_RANKS: tuple[frozenset[str], ...] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"=", "==", "<>", "!="}),
    frozenset({"<", ">", "<=", ">="}),
    frozenset({"&"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
    frozenset({"^"}),
)
_CONSTANTS = frozenset({"TRUE", "FALSE", "NULL"})
_DEEPEST = 40


def parse(formula: str) -> nodes.Node:
    """The node that a formula is; raises FormulaError."""
    return _Parser(formula).whole()


class _Parser:
    def __init__(self, formula: str) -> None:
        self._formula = formula
        self._tokens = tokens(formula)
        self._place = 0
        self._depth = 0

    def whole(self) -> nodes.Node:
        if self._peek().kind is Kind.END:
            raise self._error("Syntax error. The formula is empty.")
        node = self._ranked(0)
        if self._peek().kind is not Kind.END:
            raise self._error(f"Syntax error. Extra {self._peek().text!r}.")
        return node

    def _peek(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._peek()
        self._place += 1
        return token

    def _is(self, *symbols: str) -> bool:
        return self._peek().kind is Kind.SYMBOL and self._peek().text in symbols

    def _error(self, message: str) -> FormulaError:
        return FormulaError(message, self._formula, self._peek().position)

    def _ranked(self, rank: int) -> nodes.Node:
        if rank == len(_RANKS):
            return self._signed()
        first = self._ranked(rank + 1)
        rest = []
        while self._is(*_RANKS[rank]):
            operator = self._next()
            rest.append((operator.text, self._ranked(rank + 1), operator.position))
        return nodes.Chain(first, tuple(rest), first.position) if rest else first

    def _signed(self) -> nodes.Node:
        if self._is("-", "+", "!"):
            sign = self._next()
            return nodes.Opposite(sign.text, self._deeper(self._signed), sign.position)
        return self._single()

    def _deeper(self, read: Callable[[], nodes.Node]) -> nodes.Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"Formula is nested too deep. Allowed: {_DEEPEST} levels.")
        node = read()
        self._depth -= 1
        return node

    def _single(self) -> nodes.Node:
        token = self._next()
        if token.kind is Kind.NUMBER:
            return nodes.Number(token.text, token.position)
        if token.kind is Kind.TEXT:
            return nodes.Text(token.text, token.position)
        if token.kind is Kind.NAME:
            return self._named(token)
        if token.text == "(":
            node = self._deeper(lambda: self._ranked(0))
            self._close()
            return node
        self._place -= 1
        found = repr(token.text) if token.text else "the end of the formula"
        raise self._error(f"Syntax error. Found {found} where a value has to stand.")

    def _named(self, token: Token) -> nodes.Node:
        if self._is("("):
            return self._call(token)
        if token.text.upper() in _CONSTANTS:
            return nodes.Constant(token.text.upper(), token.position)
        return nodes.Reference(tuple(token.text.split(".")), token.position)

    def _call(self, name: Token) -> nodes.Node:
        self._next()
        arguments: list[nodes.Node] = []
        while not self._is(")"):
            arguments.append(self._deeper(lambda: self._ranked(0)))
            if not self._is(","):
                break
            self._next()
            if self._is(")"):
                raise self._error("Syntax error. Extra ','.")
        self._close()
        return nodes.Call(name.text.upper(), tuple(arguments), name.position)

    def _close(self) -> None:
        if not self._is(")"):
            raise self._error("Syntax error. Missing ')'.")
        self._next()
