"""How many API calls of an org may be made now: rules without a database or a clock of their own.

Calls are counted by the hour in which they are made. An hour counts for 24 hours after its end, and
a little longer, so that no window of 24 hours, wherever it begins, has more than the share.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

SHARE_PERCENT: Final = 50
"""Of an org's limit that we may use, where nobody has said something else."""

MARGIN_PERCENT: Final = 2
"""Of an org's limit that is left to others, however much of it is our share."""

ASSUMED_LIMIT: Final = 15_000
"""Calls in 24 hours of an org that has not said its limit yet: the least that any edition has."""

HOUR: Final = timedelta(hours=1)
COUNTED: Final = timedelta(hours=24, minutes=5)
"""For so long after its end an hour counts: the minutes are for calls that are long on the way."""

FRESH: Final = timedelta(minutes=10)
"""What an org said longer ago says nothing of what others have used: then one call asks it."""

FIRST_BLOCK: Final = 4
MOST_AT_ONCE: Final = 64
_NEAR: Final = 8
"""No block is more than the eighth part of what is left, so that several can go on to the end."""

_ENOUGH: Final = 100
"""What waits goes on when so many are free: with a few it would not get further than to where it
was. Of a small share, the half is enough."""

_DIGITS: Final = 10

WORDS: Final = "The share is a whole number of percent from 1 to 100, such as 75."
"""What is said of a share that is none."""


def troubles(percent: int | None) -> Iterator[str]:
    """Why a share can't be set, in a sentence."""
    if percent is None or not 1 <= percent <= 100:  # noqa: PLR2004 - percent
        yield WORDS


def number(text: str) -> int | None:
    """The number that was typed; None where it is none."""
    typed = text.strip().removesuffix("%").strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < _DIGITS else None


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def oldest(now: datetime) -> datetime:
    """Hours that begin at this moment, or before it, count no longer."""
    return now - COUNTED - HOUR


def falls_out(hour: datetime) -> datetime:
    """When calls of that hour count no longer."""
    return hour + HOUR + COUNTED


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What is known of an org's API calls at a moment."""

    now: datetime
    share_percent: int = SHARE_PERCENT
    limit: int | None = None  # None: the org has not said it yet
    others: int = 0  # made by others, when the org said last how many there were
    measured_at: datetime | None = None  # when that was
    hours: Mapping[datetime, int] = field(default_factory=dict)  # ours, by hour; those that count

    @property
    def ours(self) -> int:
        """Made by us, or set aside for us."""
        return sum(self.hours.values())

    @property
    def share(self) -> int:
        """So many may be made by us in 24 hours."""
        return (self.limit or ASSUMED_LIMIT) * self.share_percent // 100

    @property
    def left_of_share(self) -> int:
        """So many more may be made by us; never less than none."""
        return max(self.share - self.ours, 0)

    @property
    def left_by_others(self) -> int | None:
        """So many can be made before the org comes near its limit; None: nobody knows just now."""
        if self.limit is None or self.measured_at is None or self.now - self.measured_at > FRESH:
            return None
        margin = self.limit * MARGIN_PERCENT // 100
        return max(self.limit - margin - self.others - self.ours, 0)

    @property
    def room(self) -> int:
        """So many may be set aside at once: one where the org has to be asked first."""
        left = self.left_by_others
        return min(self.left_of_share, 1 if left is None else left)

    @property
    def enough(self) -> int:
        """So many that going on is worth it."""
        return max(1, min(self.share // 2, _ENOUGH))

    def block(self, wanted: int) -> int:
        """How many to set aside of so many: less, the nearer the end is."""
        return min(wanted, self.room, max(1, self.room // _NEAR))

    def free_at(self, calls: int) -> datetime | None:
        """When so many more may be made by us, if we make none before; None: never at once."""
        if calls > self.share:
            return None
        left = self.share - self.ours
        if left >= calls:
            return self.now
        for hour in sorted(self.hours):
            left += self.hours[hour]
            if left >= calls:
                return max(falls_out(hour), self.now)
        return None
