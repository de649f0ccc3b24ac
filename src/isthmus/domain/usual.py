"""What is usual of a thing that comes again and again, and what is far from it.

The median says what is usual, because a few odd ones do not move it. The second of the extremes
says what has been before: a weekend or a day of much work that comes every week is among the past
ones twice, while one that stands alone does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

LEAST_KNOWN: Final = 5
"""With fewer to compare with, nothing is said."""

TIMES_AS_LONG: Final = 3.0
LONGER_THAN_BEFORE: Final = 1.5
LEAST_LONGER_SECONDS: Final = 600.0

TIMES_AS_MANY: Final = 5.0
MORE_THAN_BEFORE: Final = 2.0
LEAST_MORE: Final = 1000.0

SHARE_OF_FEW: Final = 0.1
FEWER_THAN_BEFORE: Final = 0.5
LEAST_USUAL: Final = 100.0
"""Where fewer than these are usual, a lack of them says nothing."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """That something goes on for unusually long, and what is usual."""

    usual: float  # seconds
    compared: int  # so many past ones


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How many records came, and of how long a time."""

    records: int
    seconds: float | None = None  # that they were changed in; None: it is no matter of time


@dataclass(frozen=True, kw_only=True)
class Strange:
    """That far fewer or far more came, and what is usual."""

    is_more: bool
    usual: int
    compared: int


def too_long(seconds: float, past: Sequence[float]) -> Took | None:
    """Whether it goes on for unusually long, given how long past ones took.

    That is: over three times the median, half as long again as the second longest, and ten minutes
    longer than the median.
    """
    if len(past) < LEAST_KNOWN:
        return None
    usual = median(past)
    limit = max(
        usual * TIMES_AS_LONG,
        sorted(past)[-2] * LONGER_THAN_BEFORE,
        usual + LEAST_LONGER_SECONDS,
    )
    return Took(usual=usual, compared=len(past)) if seconds > limit else None


def strange(last: Amount, past: Sequence[Amount]) -> Strange | None:
    """Whether far fewer or far more came than usual.

    Far more: over five times the median, twice the second most, and a thousand more than the
    median. Far fewer: under a tenth of the median and half the second least, where the median is a
    hundred or more. What stands for a longer or shorter time than usual is compared in proportion.
    """
    if len(past) < LEAST_KNOWN:
        return None
    numbers = sorted(each.records for each in past)
    usual = median(numbers)
    share = _share_of_usual_time(last, past)
    longer, shorter = max(share, 1.0), min(share, 1.0)
    most = max(usual * TIMES_AS_MANY, numbers[-2] * MORE_THAN_BEFORE, usual + LEAST_MORE)
    if last.records > most * longer:
        return Strange(is_more=True, usual=round(usual), compared=len(past))
    least = min(usual * SHARE_OF_FEW, numbers[1] * FEWER_THAN_BEFORE)
    if usual * shorter >= LEAST_USUAL and last.records < least * shorter:
        return Strange(is_more=False, usual=round(usual), compared=len(past))
    return None


def _share_of_usual_time(last: Amount, past: Sequence[Amount]) -> float:
    times = [each.seconds for each in past if each.seconds]
    if not times or last.seconds is None:
        return 1.0
    return max(last.seconds, 0.0) / median(times)
