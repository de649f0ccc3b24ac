"""A place in a list of tokens, with the few moves that a parser makes."""

from localorg.soql import errors
from localorg.soql.lexer import Token, TokenKind, tokenize

MAX_NESTING = 100
# Words that cannot name a field or an alias, so that a forgotten name is noticed where it lacks.
RESERVED = frozenset(
    (
        "AND",
        "ASC",
        "DESC",
        "EXCLUDES",
        "FIRST",
        "FROM",
        "GROUP",
        "HAVING",
        "IN",
        "INCLUDES",
        "LAST",
        "LIKE",
        "LIMIT",
        "NOT",
        "NULL",
        "NULLS",
        "OFFSET",
        "OR",
        "ORDER",
        "SELECT",
        "USING",
        "WHERE",
        "WITH",
    )
)
# Objects that are called like reserved words.
OBJECTS = frozenset({"GROUP", "ORDER"})


class Cursor:
    """Walks over the tokens of one statement."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.index]

    def following(self, *words: str) -> bool:
        """Say whether exactly these words or signs come next."""
        upcoming = self.tokens[self.index : self.index + len(words)]
        return [self._word(token) for token in upcoming] == list(words)

    def accept(self, *words: str) -> bool:
        """Pass these words or signs if they come next, and say whether they did."""
        if not self.following(*words):
            return False
        self.index += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Pass these words or signs one by one, or refuse the first other token."""
        for word in words:
            if not self.accept(word):
                self.refuse()

    def advance(self) -> Token:
        """Return the next token and pass it."""
        token = self.token
        self.index += 1
        return token

    def name(self) -> Token:
        """Pass a name that is no reserved word."""
        token = self.token
        is_parent = token.word in OBJECTS and self.tokens[self.index + 1].text == "."
        if token.kind is not TokenKind.NAME or (token.word in RESERVED and not is_parent):
            self.refuse()
        return self.advance()

    def object_name(self) -> Token:
        """Pass an object's name."""
        return self.advance() if self.token.word in OBJECTS else self.name()

    def whole_number(self) -> int:
        """Pass a number without sign, fraction or exponent."""
        if self.token.kind is not TokenKind.NUMBER or not self.token.text.isdigit():
            self.refuse()
        return int(self.advance().text[:18])  # no org has 10**17 rows or days

    def refuse(self) -> None:
        """Raise MALFORMED_QUERY at the next token."""
        raise errors.unexpected_token(self.text, self.token.position, self.token.text)

    def enter(self) -> None:
        """Count one more level of nesting, up to the most that is understood."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise errors.too_complicated()

    def leave(self) -> None:
        """Count one level of nesting less."""
        self.depth -= 1

    @staticmethod
    def _word(token: Token) -> str:
        return "" if token.kind is TokenKind.STRING else token.word
