"""What is far from usual, as `tests/cases/alerts` says it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from isthmus.domain.usual import Amount, strange, too_long

CASES = Path(__file__).parents[2] / "cases" / "alerts"
HOUR = 3600.0


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


@pytest.mark.parametrize("case", cases("amounts"))
def test_records_are_far_from_usual_by_what_came_before(case: dict[str, Any]) -> None:
    past = [Amount(records=int(each), seconds=HOUR) for each in spread(case["past"])]
    found = strange(Amount(records=case["last"], seconds=HOUR * case.get("hours", 1)), past)
    said = "usual" if found is None else "more" if found.is_more else "fewer"
    assert said == case["is"]


def test_what_is_said_is_the_median_and_how_many_were_compared() -> None:
    long = too_long(HOUR, [60.0, 60.0, 120.0, 180.0, 180.0])
    assert long is not None
    assert (long.usual, long.compared) == (120.0, 5)
    few = strange(Amount(records=0), [Amount(records=each) for each in (900, 1000, 800, 1000, 900)])
    assert few is not None
    assert (few.usual, few.compared, few.is_more) == (900, 5, False)


def test_what_is_no_matter_of_time_is_compared_as_it_is() -> None:
    past = [Amount(records=1000)] * 9
    assert strange(Amount(records=0), past) is not None
    assert strange(Amount(records=0, seconds=1.0), past) is not None
