"""What an engine is given to run one goal, and what it can say meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from isthmus.connections.errors import RunStopped
from isthmus.connections.fences import Fence
from isthmus.connections.models import Connection, Goal, RunGoal
from isthmus.domain.counts import GoalCounts
from isthmus.salesforce import Salesforce

RUN_LOCK = 7301882
"""First half of the advisory lock of whoever works on a connection; the second is its row id."""


class Reporter(Protocol):
    """Somebody who watches a run."""

    def goal_started(self, goal: Goal) -> None:
        """A goal begins, or goes on where another process ended."""

    def step_started(self, step: str) -> None:
        """The goal goes on to its next step."""

    def progress(self, step: str, done: int, total: int | None) -> None:
        """So many records are through a step."""

    def goal_finished(self, run_goal: RunGoal) -> None:
        """A goal has ended, well or not."""


class Silent:
    """Nobody watches."""

    def goal_started(self, goal: Goal) -> None:
        """Say nothing."""

    def step_started(self, step: str) -> None:
        """Say nothing."""

    def progress(self, step: str, done: int, total: int | None) -> None:
        """Say nothing."""

    def goal_finished(self, run_goal: RunGoal) -> None:
        """Say nothing."""


@dataclass(kw_only=True)
class GoalRun:
    """What an engine is given to run one goal."""

    connection: Connection
    goal: Goal
    run_goal: RunGoal
    salesforce: Salesforce
    full: bool  # everything again, not only what changed
    preview: bool = False  # nothing is written but what it would do
    reporter: Reporter
    cancelled: Callable[[], bool]
    fence: Fence
    first: int | None = None  # only so many records; see `few_records`
    only: str = ""  # only this record or profile, by its id
    counts: GoalCounts = field(default_factory=GoalCounts)

    @property
    def is_partial(self) -> bool:
        """Whether it takes a few records only, and leaves all others to the next run."""
        return self.first is not None or bool(self.only)

    @property
    def resumed(self) -> bool:
        """Whether an engine has begun this goal in this run before, and did not end it."""
        return self.run_goal.tries > 1

    @property
    def other_goals(self) -> tuple[int, ...]:
        """The other goals of the same org: a record linked by one is linked for all."""
        if not self.connection.org_id:
            return ()
        goals = Goal.objects.filter(connection__org_id=self.connection.org_id)
        return tuple(goals.exclude(id=self.goal.id).values_list("id", flat=True))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step; steps that come again add up."""
        self.check_stop()
        self.reporter.step_started(name)
        started = time.monotonic()
        try:
            yield
        finally:
            taken = time.monotonic() - started
            seconds = self.run_goal.seconds
            seconds[name] = round(seconds.get(name, 0.0) + taken, 3)

    def progress(self, step: str, done: int, total: int | None = None) -> None:
        """Tell whoever watches how far a step is."""
        self.reporter.progress(step, done, total)

    def note_job(self, job_id: str) -> None:
        """Remember a Salesforce job before it is used."""
        self.run_goal.jobs.append(job_id)
        self.run_goal.save(update_fields=["jobs"])

    def warn(self, message: str) -> None:
        """Keep a sentence with the goal's result, once."""
        said = self.run_goal.message.splitlines()
        if message not in said:
            self.run_goal.message = "\n".join([*said, message])

    def check_stop(self) -> None:
        """Raise `RunStopped` where somebody asked for an end."""
        if self.cancelled():
            raise RunStopped


Engine = Callable[[GoalRun], None]
"""Runs one goal, filling its counts; raises `IsthmusError` where the goal as a whole fails.

It can be called again for the same goal of the same run, by the same process or by another, and
goes on where the last call ended, wherever that was.
"""
