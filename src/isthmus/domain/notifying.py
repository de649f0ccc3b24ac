"""Who hears of runs: which addresses can be kept, and how it is said what they hear of."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

ADDRESS_LENGTH: Final = 254
MOST_ADDRESSES: Final = 50

EVERY: Final = "every"
PROBLEMS: Final = "problems"
FAILURES: Final = "failures"

WHEN: Final = (EVERY, PROBLEMS, FAILURES)

_ENDS: Final[Mapping[frozenset[str], str]] = {
    frozenset({"failed"}): FAILURES,
    frozenset({"failed", "problems"}): PROBLEMS,
    frozenset({"failed", "problems", "finished"}): EVERY,
}
"""What is told, by the ends of runs that are listed."""

WHEN_WORDS: Final = (
    "Write when: every, when: problems or when: failures; or list the ends of runs: [failed], "
    "[failed, problems] or [failed, problems, finished]."
)

_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LOCAL_LENGTH: Final = 64
_SHOWN: Final = 60


def address_trouble(address: str) -> str:
    """Why nothing can be sent to the address, with what to do; empty where it can."""
    if len(address) > ADDRESS_LENGTH:
        return (
            f"An e-mail address has at most {ADDRESS_LENGTH} characters, and "
            f"{address[:_SHOWN]!r}\u2026 has {len(address):,}. Write one address in each place."
        )
    local, at, domain = address.rpartition("@")
    if not at or len(local) > _LOCAL_LENGTH or not _LOCAL.fullmatch(local):
        return _no_address(address)
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        return _no_address(address)
    return ""


def _no_address(address: str) -> str:
    shown = address if len(address) <= _SHOWN else f"{address[:_SHOWN]}\u2026"
    return (
        f"{shown!r} is not an e-mail address that can be written to. Write one such as "
        f"ops@example.com, in letters without accents."
    )


def troubles(addresses: Sequence[str]) -> list[tuple[int, str]]:
    """What is wrong with a list of addresses: the place (from 0) and why."""
    found = [(at, why) for at, each in enumerate(addresses) if (why := address_trouble(each))]
    folded = [each.lower() for each in addresses]
    for place, each in enumerate(folded):
        if each in folded[:place]:
            found.append((place, f"{addresses[place]!r} stands twice. Keep one of the two."))
    if len(addresses) > MOST_ADDRESSES:
        why = (
            f"At most {MOST_ADDRESSES} addresses hear of a connection. Leave some out, or write "
            f"the address of a list that your mail server keeps."
        )
        found.append((MOST_ADDRESSES, why))
    return found


def when_of(ends: Sequence[str]) -> str | None:
    """What is told where these ends of runs are listed; None: no such list is known."""
    return _ENDS.get(frozenset(ends))
