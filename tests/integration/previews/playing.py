"""Random set-ups, of which each is previewed and then run.

They are split over two modules, whose tests two processes can share, and there over several tests.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, event, settings

from isthmus.domain.counts import GoalCounts

SET_UPS = int(os.environ.get("ISTHMUS_TEST_SET_UPS", "200"))
"""Of both directions together."""

_TESTS = 5
"""Of a direction: so that none takes longer than a test may."""

in_parts = pytest.mark.parametrize("part", range(1, _TESTS + 1))
PHASES = (
    set(Phase)
    if "ISTHMUS_TEST_SHRINK" in os.environ
    else {Phase.explicit, Phase.reuse, Phase.generate}
)
RANDOM = settings(
    max_examples=max(1, SET_UPS // 2 // _TESTS),
    phases=PHASES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
Turn = TypeVar("Turn")


def last(turns: Sequence[Turn]) -> Iterator[tuple[Turn, bool]]:
    """The turns to play, and whether each is previewed: the last is, alone or after another."""
    *before, final = turns
    if len(before) % 2:
        yield before[-1], False
    yield final, True


def tell(counts: GoalCounts, **more: Any) -> None:
    """Let the statistics (`--hypothesis-show-statistics`) say what the set-ups come to."""
    for name, found in {**counts.plain(), **more}.items():
        for reason in found if isinstance(found, dict) else [""] if found else []:
            event(f"{name} {reason}".rstrip())
