"""Randomness that a seed fixes: the same parts give the same draws on every machine."""

from collections.abc import Iterator, Mapping, Sequence
from math import floor
from random import Random
from typing import TypeVar

Value = TypeVar("Value")
# From so many rows on, whatever is meant to be in a batch is in it at least once.
_WHOLE_BATCH = 40


def chance(*parts: object) -> Random:
    """A generator of its own for whatever `parts` name, such as a seed, an object, a batch."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - made-up people need no secrecy


def weighted(weights: Mapping[Value, int]) -> tuple[Value, ...]:
    """A pool in which each value stands as often as its weight says.

    Drawing from it evenly is several times faster than drawing with weights.
    """
    return tuple(value for value, weight in weights.items() for _ in range(weight))


def filled(values: Sequence[Value], share: float) -> tuple[Value | None, ...]:
    """A pool of `values` and as many None that `share` of the draws are values."""
    missing = round(len(values) * (1 - share) / share)
    return (*values, *((None,) * missing))


def part_of(count: int, share: float) -> int:
    """How many rows of `count` a `share` is; at least one where there are rows enough."""
    return max(round(count * share), int(count >= _WHOLE_BATCH and share > 0))


def skewed(rng: Random, values: Sequence[Value]) -> Value:
    """One of `values`, the first ones far more often than the last ones."""
    return values[floor(len(values) * rng.random() ** 2)]


class Positions:
    """The rows of a batch in random order, handed out so that no two uses meet in one row."""

    def __init__(self, rng: Random, count: int) -> None:
        """Shuffle the row numbers below `count`."""
        self._free = list(range(count))
        rng.shuffle(self._free)

    def take(self, count: int) -> list[int]:
        """Up to `count` row numbers that nobody has taken yet."""
        taken, self._free = self._free[:count], self._free[count:]
        return taken

    def pairs(self, count: int) -> Iterator[tuple[int, int]]:
        """Up to `count` pairs of row numbers."""
        taken = self.take(2 * count)
        return zip(taken[::2], taken[1::2], strict=False)
