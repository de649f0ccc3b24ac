import pytest

from isthmus.connections.patience import WAIT_SETTING, Patience, SettingRefused
from isthmus.worker import WorkerSettings
from isthmus.worker.settings import LOOK_SETTING


def test_a_worker_looks_every_5_seconds_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(LOOK_SETTING, raising=False)
    assert WorkerSettings().look_seconds == 5

    monkeypatch.setenv(LOOK_SETTING, "0.25")
    assert WorkerSettings().look_seconds == 0.25


@pytest.mark.parametrize("given", ["", "often", "0", "-1", "nan", "inf", "3601"])
def test_a_pause_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(LOOK_SETTING, given)

    with pytest.raises(SettingRefused, match="Give a number of seconds"):
        WorkerSettings()


@pytest.mark.parametrize("given", ["", "15m", "0", "-1", "nan", "inf", "86401"])
def test_a_wait_for_calls_that_is_none_is_refused_when_a_worker_begins(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(WAIT_SETTING, "60")
    assert WorkerSettings() is not None
    assert Patience().wait_seconds == 60

    monkeypatch.setenv(WAIT_SETTING, given)
    with pytest.raises(SettingRefused, match="Give a number of seconds"):
        WorkerSettings()
