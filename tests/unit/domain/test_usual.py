"""What is far from usual, as `tests/cases/alerts` says it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from isthmus.domain.usual import Amount, share_of_usual, strange, too_long

CASES = Path(__file__).parents[2] / "cases" / "alerts"
HOUR = 3600.0
NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)


def cases(name: str) -> list[Any]:
    found = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(each, id=each["about"]) for each in found]


def spread(numbers: list[Any]) -> list[float]:
    return [
        number
        for each in numbers
        for number in ([each[1]] * each[0] if isinstance(each, list) else [each])
    ]


@pytest.mark.parametrize("case", cases("lengths"))
def test_a_run_is_unusually_long_by_what_past_ones_took(case: dict[str, Any]) -> None:
    past = [minutes * 60.0 for minutes in spread(case["past"])]
    found = too_long(case["last"] * 60.0, past)
    assert ("long" if found else "usual") == case["is"]


def amounts(numbers: list[float], *, hours: float = 1, days: float = 4) -> list[Amount]:
    """Amounts of so many hours each, so many days apart; the last comes first."""
    return [
        Amount(records=int(each), at=NOW - timedelta(days=days * place), seconds=HOUR * hours)
        for place, each in enumerate(reversed(numbers), 1)
    ]


@pytest.mark.parametrize("case", cases("amounts"))
def test_records_are_far_from_usual_by_what_came_before(case: dict[str, Any]) -> None:
    past = amounts(spread(case["past"]), hours=case.get("each", 1), days=case.get("apart", 4))
    last = Amount(records=case["last"], at=NOW, seconds=HOUR * case.get("hours", 1))
    found = strange(last, past)
    said = "usual" if found is None else "more" if found.is_more else "fewer"
    assert said == case["is"]


def test_what_is_said_is_the_median_and_how_many_were_compared() -> None:
    long = too_long(HOUR, [60.0, 60.0, 120.0, 180.0, 180.0])
    assert long is not None
    assert (long.usual, long.compared) == (120.0, 5)
    few = strange(Amount(records=0, at=NOW, seconds=HOUR), amounts([900, 1000, 800, 1000, 900]))
    assert few is not None
    assert (few.usual, few.compared, few.is_more) == (900, 5, False)


def test_what_is_no_matter_of_time_is_compared_as_it_is() -> None:
    past = [replace(each, seconds=None) for each in amounts([1000] * 9)]
    assert strange(Amount(records=0, at=NOW), past) is not None
    assert strange(Amount(records=9000, at=NOW), past) is not None


def test_a_run_may_take_longer_after_a_long_time_without_one() -> None:
    starts = [NOW - timedelta(days=each) for each in range(30, 40)]
    share = share_of_usual(NOW, starts)
    assert share == 30
    assert too_long(3 * HOUR, [600.0] * 10) is not None
    assert too_long(3 * HOUR, [600.0] * 10, share=share) is None
    assert too_long(20 * HOUR, [600.0] * 10, share=share) is not None
    assert share_of_usual(NOW, starts[:1]) == 1
