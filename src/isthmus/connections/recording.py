"""What is shown of a run while it goes on: written to its row, at most once a second."""

import time
from collections.abc import Callable

from django.db.models import F

from isthmus.connections.models import Goal, Run, RunGoal
from isthmus.connections.runs import Reporter

SECONDS = 1.0
"""Between two notes of progress."""


class Recorder:
    """Writes progress and API calls to the rows of a run, and tells somebody else as well."""

    def __init__(
        self, run: Run, other: Reporter, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._run, self._other, self._clock = run, other, clock
        self._part: RunGoal | None = None
        self._calls: Callable[[], int] = lambda: 0
        self._noted_calls = 0
        self._noted_at = -SECONDS

    def count(self, calls: Callable[[], int]) -> None:
        """Note the calls of another client from now on; those of the one before are noted."""
        self._note_calls()
        self._calls, self._noted_calls = calls, 0

    def begin(self, part: RunGoal) -> None:
        """What follows is about this goal."""
        self._part = part

    def goal_started(self, goal: Goal) -> None:
        """Tell it."""
        self._other.goal_started(goal)

    def step_started(self, step: str) -> None:
        """Note the step; what is noted too often is left out, and steps are few."""
        self._note(step, 0, None)
        self._other.step_started(step)

    def progress(self, step: str, done: int, total: int | None) -> None:
        """Note how far it is, where the last note is old enough."""
        if self._clock() - self._noted_at >= SECONDS:
            self._note(step, done, total)
        self._other.progress(step, done, total)

    def goal_finished(self, run_goal: RunGoal) -> None:
        """Note the calls so far."""
        self._note_calls()
        self._other.goal_finished(run_goal)

    def _note(self, step: str, done: int, total: int | None) -> None:
        self._noted_at = self._clock()
        if self._part is not None:
            self._part.step, self._part.done, self._part.total = step, done, total
            self._part.save(update_fields=["step", "done", "total", "seconds"])
        self._note_calls()

    def _note_calls(self) -> None:
        calls = self._calls()
        if calls > self._noted_calls:
            Run.every.filter(id=self._run.id).update(
                api_calls=F("api_calls") + calls - self._noted_calls
            )
            self._noted_calls = calls
