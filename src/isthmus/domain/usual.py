"""What is usual of a thing that comes again and again, and what is far from it.

The median says what is usual, because a few odd ones do not move it. The second of the extremes
says what has been before: a weekend or a day of much work that comes every week is among the past
ones twice, while one that stands alone does not count.

Ordinary life is to raise no alarm: nothing is said before two weeks are known, a run for a long
time is no plenty and one for a short time no lack, and where nothing comes at nights or weekends
it is a lack only once it has gone on for twice as long as ever before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import median
from typing import Final

LEAST_KNOWN: Final = 5
"""With fewer to compare with, nothing is said."""

LEARNS: Final = timedelta(days=14)
"""So long has to be known of amounts: each day of the week has come twice then."""

ALIKE: Final = 2.0
"""A time that is up to so many times as long is like another."""

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

TIMES_AS_QUIET: Final = 2.0
LEAST_QUIET_SECONDS: Final = 24 * 3600.0
NIGHT_SECONDS: Final = 18 * 3600.0
LONG_WEEKEND_SECONDS: Final = 5 * 24 * 3600.0
"""Where weekends are quiet, so are the holidays beside them."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """That something goes on for unusually long, and what is usual."""

    usual: float  # seconds
    compared: int  # so many past ones


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How many records came, when, and of how long a time."""

    records: int
    at: datetime
    seconds: float | None = None  # that they were changed in; None: it is no matter of time


@dataclass(frozen=True, kw_only=True)
class Strange:
    """That far fewer or far more came, and what is usual."""

    is_more: bool
    usual: int
    compared: int


def too_long(seconds: float, past: Sequence[float], *, share: float = 1.0) -> Took | None:
    """Whether it goes on for unusually long, given how long past ones took.

    That is: over three times the median, half as long again as the second longest, and ten minutes
    longer than the median. It may take more where it has more to do: `share` times what is usual.
    """
    if len(past) < LEAST_KNOWN:
        return None
    usual = median(past)
    limit = max(
        usual * TIMES_AS_LONG,
        sorted(past)[-2] * LONGER_THAN_BEFORE,
        usual + LEAST_LONGER_SECONDS,
    )
    is_long = seconds > limit * max(share, 1.0)
    return Took(usual=usual, compared=len(past)) if is_long else None


def share_of_usual(last: datetime, past: Sequence[datetime]) -> float:
    """How many times as long as usual ago the one before was; `past` comes newest first."""
    spans = [(later - sooner).total_seconds() for later, sooner in pairwise(past)]
    usual = median(spans) if spans else 0.0
    return (last - past[0]).total_seconds() / usual if usual > 0 else 1.0


def strange(last: Amount, past: Sequence[Amount], *, learns: timedelta = LEARNS) -> Strange | None:
    """Whether far fewer or far more came than usual; `past` comes newest first.

    Far more: over five times the median, twice the second most, and a thousand more than the
    median. Far fewer: under a tenth of the median and half the second least, where the median is a
    hundred or more; or next to nothing for twice as long as ever before.

    A plenty is one beside those that stand for as long a time or a longer one, and a lack beside
    those for as long a time or a shorter one.
    """
    longer = [each for each in past if _lasts(last) <= _lasts(each) * ALIKE or not _lasts(each)]
    if _is_known(last, longer, learns):
        numbers = sorted(each.records for each in longer)
        usual = median(numbers)
        most = max(usual * TIMES_AS_MANY, numbers[-2] * MORE_THAN_BEFORE, usual + LEAST_MORE)
        if last.records > most:
            return Strange(is_more=True, usual=round(usual), compared=len(longer))
    shorter = [each for each in past if _lasts(each) <= _lasts(last) * ALIKE]
    if _is_known(last, shorter, learns):
        return _fewer(last, shorter)
    return None


def _lasts(amount: Amount) -> float:
    return amount.seconds or 0.0


def _is_known(last: Amount, past: Sequence[Amount], learns: timedelta) -> bool:
    return len(past) >= LEAST_KNOWN and last.at - past[-1].at >= learns


def _fewer(last: Amount, past: Sequence[Amount]) -> Strange | None:
    numbers = sorted(each.records for each in past)
    usual = median(numbers)
    least = min(usual * SHARE_OF_FEW, numbers[1] * FEWER_THAN_BEFORE)
    if usual >= LEAST_USUAL and last.records < least:
        return Strange(is_more=False, usual=round(usual), compared=len(past))
    # Nights and weekends are among the past ones: usual is what comes between them.
    busy = [each for each in numbers if each]
    usual = median(busy) if len(busy) >= LEAST_KNOWN else 0
    few = usual * SHARE_OF_FEW
    if usual < LEAST_USUAL or last.records >= few:
        return None
    *before, now = _quiet([*reversed(past), last], few)
    if not before:
        return None  # it was never quiet, and the median and the extremes say all
    longest = max(before)
    least = LEAST_QUIET_SECONDS if longest < NIGHT_SECONDS else LONG_WEEKEND_SECONDS
    is_lack = now > max(longest * TIMES_AS_QUIET, least)
    return Strange(is_more=False, usual=round(usual), compared=len(past)) if is_lack else None


def _quiet(amounts: Sequence[Amount], few: float) -> Iterator[float]:
    """How many seconds each row of those with less stands for, oldest first."""
    for is_quiet, some in groupby(amounts, lambda each: each.records < few):
        if is_quiet:
            yield sum(_lasts(each) for each in some)
