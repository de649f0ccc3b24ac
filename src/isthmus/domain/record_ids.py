"""Salesforce record ids: 15 characters, case-sensitive, or 18 with a check suffix."""

import re

_SHORT = 15
_LONG = 18
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")

EMPTY_ID = "000000000000000AAA"


def suffix(short: str) -> str:
    """The three characters that make `short` (15 characters) safe to compare without case.

    Each stands for five characters of the id, a bit for each upper-case letter.
    """
    blocks = (short[start : start + 5] for start in range(0, _SHORT, 5))
    return "".join(
        _ALPHABET[sum(1 << place for place, char in enumerate(block) if "A" <= char <= "Z")]
        for block in blocks
    )


def full_id(record_id: str) -> str:
    """The 18-character form of a 15- or 18-character id; ValueError where it is neither."""
    if not _SHAPE.fullmatch(record_id):
        raise ValueError(f"{record_id!r} is not a Salesforce id (15 or 18 letters and digits).")
    short = record_id[:_SHORT]
    full = short + suffix(short)
    if len(record_id) == _LONG and record_id != full:
        raise ValueError(
            f"{record_id!r} is not a Salesforce id: its last three don't fit the rest."
        )
    return full
