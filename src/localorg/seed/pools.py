"""Values to draw from evenly, each pool with as many empty ones as a real org has."""

from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache
from itertools import combinations
from random import Random
from typing import TypeVar

from localorg.schema.people import INTERESTS, TIERS
from localorg.seed.chance import chance, filled, weighted
from localorg.seed.moments import DAY_SECONDS, day_range, day_texts, moment_texts
from localorg.seed.phrases import phrases

Value = TypeVar("Value")
Pool = tuple[Value | None, ...]

_DRAWS = 5000
_OLDEST, _YOUNGEST = date(1922, 1, 1), date(2007, 12, 31)
_MOST_REMARKS = 3
# Purchases and visits: so many days back at most, most of them in the last year.
_DAYS_BACK = 3000


def _drawn(name: str, draw: Callable[[Random], Value], share: float) -> Pool[Value]:
    rng = chance(name)
    return filled([draw(rng) for _ in range(_DRAWS)], share)


@cache
def revenues() -> Pool[int]:
    """Revenues of companies, mostly round."""
    return _drawn("revenues", lambda rng: round(int(10 ** rng.uniform(4, 10)), -3), 0.4)


@cache
def head_counts() -> Pool[int]:
    """How many people companies employ."""
    return _drawn("head counts", lambda rng: int(10 ** rng.uniform(0, 5)), 0.45)


@cache
def points() -> Pool[int]:
    """Points of a loyalty programme."""
    return _drawn("points", lambda rng: int(rng.expovariate(1 / 2000)), 0.5)


@cache
def amounts() -> Pool[float]:
    """Yearly spending with cents; a few paid back more than they spent."""
    return _drawn("amounts", lambda rng: round(rng.lognormvariate(6, 1.5) - 5, 2), 0.5)


@cache
def interests() -> Pool[str]:
    """Choices of a multi-select picklist, in the list's order."""
    sizes = weighted({1: 4, 2: 3, 3: 1})
    choices = [";".join(picked) for size in sizes for picked in combinations(INTERESTS, size)]
    return filled(choices, 0.5)


@cache
def tiers() -> Pool[str]:
    """Tiers of customers, few of them high."""
    return filled(weighted(dict(zip(TIERS, (8, 4, 2, 1), strict=True))), 0.35)


@cache
def birthdays(share: float) -> Pool[str]:
    """Days of birth of the living."""
    return filled(day_range(_OLDEST, _YOUNGEST, _DRAWS), share)


@cache
def remarks(share: float) -> Pool[str]:
    """Notes of one to a few sentences, some on several lines."""
    rng = chance("remarks")
    texts = []
    for _ in range(_DRAWS):
        several = rng.sample(phrases("remarks"), rng.randint(1, _MOST_REMARKS))
        texts.append(rng.choice(("\n", " ", " ")).join(several))
    return filled(texts, share)


@lru_cache(maxsize=4)
def moments_before(latest: int) -> Pool[str]:
    """Stored moments up to `latest` (seconds since 1970)."""
    return _drawn_moments(latest, moment_texts)


@lru_cache(maxsize=4)
def days_before(latest: int) -> Pool[str]:
    """Days up to the one of `latest` (seconds since 1970)."""
    return _drawn_moments(latest, day_texts)


def _drawn_moments(latest: int, texts: Callable[[list[int]], list[str]]) -> Pool[str]:
    rng = chance("moments")
    back = [rng.random() ** 3 * _DAYS_BACK * DAY_SECONDS for _ in range(_DRAWS)]
    return filled(texts([latest - int(seconds) for seconds in back]), 0.4)
