"""How long things are kept can be set, and what can't be meant is refused."""

import pytest

from isthmus.profiles.errors import KeepingRefused
from isthmus.profiles.keeping import LOG_SETTING, OUTCOMES_SETTING, Keeping


def test_outcomes_are_kept_30_days_and_the_log_90_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(OUTCOMES_SETTING, raising=False)
    monkeypatch.delenv(LOG_SETTING, raising=False)
    assert Keeping().days == {"change": 30, "run_record": 30, "run_problem": 90}

    monkeypatch.setenv(OUTCOMES_SETTING, "7")
    monkeypatch.setenv(LOG_SETTING, "3650")
    assert Keeping().days == {"change": 7, "run_record": 7, "run_problem": 3650}


@pytest.mark.parametrize("name", [OUTCOMES_SETTING, LOG_SETTING])
@pytest.mark.parametrize("given", ["", "long", "0", "-1", "1.5", "3651", "30 days", "٣"])
def test_a_number_of_days_that_is_none_is_refused_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str
) -> None:
    monkeypatch.setenv(name, given)

    with pytest.raises(KeepingRefused, match=f"{name} is .*whole number of days from 1 to 3650"):
        Keeping()
