from collections.abc import Iterable
from difflib import get_close_matches


class SetupFileError(Exception):
    """A set-up file can't be used: one line for each problem, with the place it is at."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems in the order of the file."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def unknown(kind: str, found: object, allowed: Iterable[str], shown: str = "") -> str:
    """The sentence about a word that is none of those that are allowed here.

    `shown` is what the sentence calls it; it is put in quotes otherwise.
    """
    names = tuple(allowed)
    close = get_close_matches(str(found), names, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"{shown or repr(found)} is no {kind}. Allowed: {', '.join(names) or 'none'}.{hint}"
