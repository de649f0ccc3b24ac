"""What may be set of how much a run changes by itself. Without Django: documents are read so."""

from collections.abc import Iterator
from typing import Final

LONGEST_HOURS: Final = 720
"""A run waits for a yes no longer than thirty days."""


WORDS: Final = {
    "confirm_above": (
        "The share is a whole number of percent from 1 to 100. Leave it out, and no run asks."
    ),
    "confirm_hours": f"A run waits for a whole number of hours from 1 to {LONGEST_HOURS}.",
}
"""What is said of a number that is none of those, or of what is no number, by setting."""


def troubles(above: int | None, hours: int) -> Iterator[tuple[str, str]]:
    """What can't be set like that: the name of each such setting, and why, in a sentence."""
    if above is not None and not 1 <= above <= 100:  # noqa: PLR2004 - percent
        yield "confirm_above", WORDS["confirm_above"]
    if not 1 <= hours <= LONGEST_HOURS:
        yield "confirm_hours", WORDS["confirm_hours"]
