"""A run's steps as lines of the log."""

import logging
from typing import Any

from isthmus.connections.models import UNDER_WAY, Goal, Run, RunGoal, RunState

log = logging.getLogger("isthmus.runs")


class Logged:
    """Writes a line as each step begins, once. A reporter of runs.

    Begins and ends of runs and goals are logged by whoever works them off.
    """

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}
        self._step = ""

    def goal_started(self, goal: Goal) -> None:
        """Remember whose steps follow."""
        going = Run.every.filter(connection=goal.connection_id, state__in=UNDER_WAY)
        going = going.exclude(state=RunState.CONFIRMING)
        number = going.values_list("number", flat=True).first()
        key = goal.connection.key
        self._facts, self._step = {"connection": key, "run": number, "goal": goal.key}, ""

    def step_started(self, step: str) -> None:
        """Log the step, unless it only comes again."""
        if step != self._step:
            self._step = step
            log.info("step", extra={"event": "step", "facts": {**self._facts, "step": step}})

    def progress(self, step: str, done: int, total: int | None) -> None:
        """Stay silent: how far a step is stands in the run's row."""

    def goal_finished(self, run_goal: RunGoal) -> None:
        """Stay silent."""
