"""What is left of a problem's words for those who may not see personal data.

Our own words hold values in few places, which are known. Salesforce's may hold values anywhere, so
only what their code means is told.
"""

import re
from typing import Final

from isthmus.connections.explanations import explain, is_of_salesforce, meanings

__all__ = ["DOTS", "HIDDEN", "PERSONAL", "explain", "masked_message", "meanings", "words"]

DOTS: Final = "\u2022" * 6
HIDDEN: Final = "What Salesforce said is hidden: it may hold personal data."

PERSONAL: Final = r"""(?<!\w)'.*'(?!\w)|".*"|\u2018.*\u2019|\u201c.*\u201d|[^\s@]+@[^\s@]+"""
"""Where values stand in our words: between quotes, from the first to the last, and as e-mail
addresses. For Python and PostgreSQL."""

_PERSONAL = re.compile(PERSONAL, re.DOTALL)
_REFUSED = re.compile(
    r"(, all with [A-Za-z0-9_]+: ).*?(?= The other rows were not sent\.|$)", re.DOTALL
)


def words(code: str, message: str) -> str:
    """What a problem says, without values.

    The value that it is about is not looked for in the words: it may be one of them, and dots in
    the place of a word that everybody knows would tell it.
    """
    if is_of_salesforce(code):
        return HIDDEN
    return _PERSONAL.sub(DOTS, message)


def masked_message(message: str) -> str:
    """What is said of a goal or a run as a whole, without what Salesforce said of single rows."""
    return _PERSONAL.sub(DOTS, _REFUSED.sub(rf"\1{HIDDEN}", message))
