"""What a reporter is told of a run that another process works off, by looks at its rows."""

from datetime import UTC, datetime
from typing import Any

from isthmus.cli.following import Shown
from isthmus.connections.models import Goal, Run, RunGoal, RunState

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Heard:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def goal_started(self, goal: Goal) -> None:
        self.words.append(f"start {goal.key}")

    def step_started(self, step: str) -> None:
        self.words.append(f"step {step}")

    def progress(self, step: str, done: int, total: int | None) -> None:
        self.words.append(f"{step} {done}/{total}")

    def goal_finished(self, run_goal: RunGoal) -> None:
        self.words.append(f"end {run_goal.key} {run_goal.state}")

    def since(self) -> list[str]:
        words, self.words = self.words, []
        return words


class Watched(Run):
    """A run whose parts were never stored."""

    class Meta:
        app_label = "connections"
        proxy = True

    parts: list[RunGoal]

    @property
    def goals(self) -> Any:  # type: ignore[override]
        return self

    def select_related(self, *_: str) -> list[RunGoal]:
        return self.parts

    def all(self) -> list[RunGoal]:
        return self.parts


def run() -> Watched:
    made = Watched(number=1)
    made.parts = [
        RunGoal(id=number, key=key, state=RunState.QUEUED) for number, key in enumerate(("a", "b"))
    ]
    return made


def test_each_thing_is_told_once_in_the_order_of_the_work() -> None:
    heard, going = Heard(), run()
    shown = Shown(heard)
    first, second = going.parts

    shown.look(going)
    assert heard.since() == []

    first.started_at, first.state, first.step = AT, RunState.RUNNING, "ask"
    shown.look(going)
    shown.look(going)
    assert heard.since() == ["start a", "step ask"]

    first.step, first.done, first.total = "merge", 5, 10
    shown.look(going)
    assert heard.since() == ["step merge", "merge 5/10"]

    first.step, first.done, first.state = "", 0, RunState.FINISHED
    second.started_at, second.state = AT, RunState.FAILED
    shown.look(going)
    shown.look(going)
    assert heard.since() == ["end a finished", "start b", "end b failed"]


def test_what_was_heard_from_the_run_itself_is_not_told_again() -> None:
    heard, going = Heard(), run()
    shown = Shown(heard)
    for part in going.parts:
        part.started_at = AT
    going.parts[0].state, going.parts[1].state = RunState.FINISHED, RunState.WAITING

    shown.forget(going)
    shown.look(going)

    assert heard.since() == ["start b"]


def test_a_goal_that_never_began_is_left_out() -> None:
    heard, going = Heard(), run()
    for part in going.parts:
        part.state = RunState.STOPPED

    Shown(heard).look(going)

    assert heard.since() == []
