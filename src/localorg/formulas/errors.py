from collections.abc import Iterable
from difflib import get_close_matches


class FormulaError(Exception):
    """A formula can't be used; the message is Salesforce's, with the place and what is allowed."""

    def __init__(self, message: str, text: str, position: int) -> None:
        """Say what is wrong at `position`, the number of the character from 0."""
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        super().__init__(f"{message} (line {line}, column {column} of the formula)")
        self.message = message
        self.line = line
        self.column = column


def suggestion(name: str, known: Iterable[str]) -> str:
    """` Did you mean X?`, or what there is where nothing is close."""
    names = list(known)
    folded = {entry.lower(): entry for entry in names}
    close = get_close_matches(name.lower(), folded, n=1)
    if close:
        return f" Did you mean {folded[close[0]]}?"
    return f" Allowed: {', '.join(names)}." if names else ""
