from pathlib import Path

import pytest

from isthmus.embedded.errors import StartTimedOut
from isthmus.embedded.folder import Folder
from isthmus.embedded.patience import Patience
from isthmus.errors import Retryable


class Clock:
    """A clock that moves only by sleeping, ten seconds at a time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, _seconds: float) -> None:
        self.now += 10


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.logs.mkdir(parents=True)
    return folder


def patience(folder: Folder, said: list[str]) -> Patience:
    clock = Clock()
    return Patience(folder, 30, said.append, clock, clock.sleep)


def test_recovery_may_take_as_long_as_the_server_keeps_writing_to_its_log(folder: Folder) -> None:
    said: list[str] = []
    waiting = patience(folder, said)
    with (folder.logs / "postgresql-Mon.log").open("a") as log:
        for step in range(100):
            log.write(f"LOG:  redo in progress, elapsed time: {step}0.00 s\n")
            log.flush()
            waiting.wait("Waiting.")
    assert waiting.waited_seconds == 1000
    assert said[-1] == "Waiting. It says: redo in progress, elapsed time: 990.00 s"


def test_a_silent_server_is_given_up_with_its_last_words(folder: Folder) -> None:
    waiting = patience(folder, [])
    folder.start_log.write_text("FATAL:  out of luck\n")
    with pytest.raises(StartTimedOut, match="out of luck") as caught:
        wait_for_ever(waiting)
    assert waiting.waited_seconds == 40
    assert isinstance(caught.value, Retryable)


def wait_for_ever(waiting: Patience) -> None:
    while True:
        waiting.wait("Waiting.")


def test_the_same_line_is_reported_once(folder: Folder) -> None:
    said: list[str] = []
    waiting = patience(folder, said)
    for _ in range(4):
        waiting.wait("Waiting.")
    assert said == ["Waiting."]
