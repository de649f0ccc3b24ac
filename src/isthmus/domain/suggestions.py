"""What is allowed, and what may have been meant, as the end of a message."""

import difflib
from collections.abc import Iterable, Sequence

_MOST_LISTED = 14
_LIKE_ENOUGH = 0.6


def suggestion(came: str, allowed: Iterable[str]) -> str:
    """What is allowed, and which of it is nearest to `came`, as the end of a message."""
    names = list(allowed)
    if not names:
        return "There are none yet."
    return f"Allowed: {_listed(names)}.{did_you_mean(came, names)}"


def did_you_mean(came: str, allowed: Iterable[str]) -> str:
    """A question with the allowed names nearest to `came`, starting with a space; or nothing."""
    by_folded = {name.casefold(): name for name in allowed}
    found = difflib.get_close_matches(came.casefold(), by_folded, n=2, cutoff=_LIKE_ENOUGH)
    nearest = " or ".join(repr(by_folded[name]) for name in found)
    return f" Did you mean {nearest}?" if nearest else ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_LISTED])
    left = len(names) - _MOST_LISTED
    return f"{shown} and {left} more" if left > 0 else shown
