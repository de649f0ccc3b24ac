"""A run that was asked for, until it ends: watched in its row, or worked off by this process."""

import time
from collections.abc import Callable
from contextlib import suppress

from isthmus.cli.run_words import sentence
from isthmus.cli.stopping import Stop
from isthmus.connections import executing, guards, queueing
from isthmus.connections.errors import RunAlreadyGoing, RunTakenOver, StateRefused
from isthmus.connections.models import OPEN, UNDER_WAY, Goal, Run, RunGoal, RunState
from isthmus.connections.runs import Reporter
from isthmus.worker import ENGINES, any_works, hear

LOOK_SECONDS = 0.3
WORKER_LOOK_SECONDS = 2.0
"""Between two looks whether a worker runs: it may end before it comes to the run."""


class Following:
    """Follows one run."""

    def __init__(
        self, run: Run, reporter: Reporter, stop: Stop, say: Callable[[str], None]
    ) -> None:
        """Report to `reporter`, as for a run of this process; say in words what it waits for."""
        self.run, self.reporter, self.stop, self.say = run, reporter, stop, say
        self._shown = Shown(reporter)
        self._said = ""
        self._asked_to_stop = False
        self._worker_runs, self._looked_at = False, -WORKER_LOOK_SECONDS

    def to_its_end(self) -> None:
        """Return when the run has ended, or waits for somebody; work it off where no worker does.

        It waits for somebody where it needs a yes, or is queued behind a run that does.
        """
        while self._is_open():
            if not self.stop.asked and self._needs_somebody():
                return
            if self.stop.asked:
                self._ask_to_stop()
            elif not self._worker() and self._is_due():
                self._work_off()
                continue
            self._tell()
            self._shown.look(self.run)
            time.sleep(LOOK_SECONDS)
        self._shown.look(self.run)

    def _is_open(self) -> bool:
        self.run.refresh_from_db()
        return self.run.state in OPEN

    def _needs_somebody(self) -> bool:
        guards.expire(self.run.connection_id)
        self.run.refresh_from_db()
        if self.run.state == RunState.CONFIRMING:
            return True
        if self.run.state != RunState.QUEUED:
            return False
        return self.run.connection.runs.filter(state=RunState.CONFIRMING).exists()

    def _ask_to_stop(self) -> None:
        if not self._asked_to_stop:
            self._asked_to_stop = True
            with suppress(StateRefused):
                queueing.stop(self.run, by="The command line")
        if not self._worker():
            # It stays as it is where another process holds it, and is ended where none does.
            self._work_off()

    def _worker(self) -> bool:
        if time.monotonic() - self._looked_at > WORKER_LOOK_SECONDS:
            self._worker_runs, self._looked_at = any_works(), time.monotonic()
        return self._worker_runs

    def _is_due(self) -> bool:
        return executing.next_due(self.run.connection) is not None

    def _work_off(self) -> None:
        """Work off the run, and before it the one that a process left behind."""
        worker = executing.Worker(
            engines=ENGINES,
            hear=hear,
            reporter=self.reporter,
            cancelled=self.stop,
            last=self.run.id,
        )
        try:
            executing.work_off(self.run.connection, worker)
        except (RunAlreadyGoing, RunTakenOver):
            self._tell()
            self._shown.look(self.run)
            time.sleep(LOOK_SECONDS)
        else:
            # The reporter has been told all of it.
            self._shown.forget(self.run)

    def _tell(self) -> None:
        """Say what the run waits for, once."""
        words = self._waits_for()
        if words and words != self._said:
            self.say(words)
        self._said = words

    def _waits_for(self) -> str:
        if self.run.state in (RunState.WAITING, RunState.CONFIRMING):
            return sentence(self.run)
        if self.run.state != RunState.QUEUED:
            return ""
        going = Run.every.filter(connection=self.run.connection, state__in=UNDER_WAY)
        if self.run.preview:
            going = going.exclude(state=RunState.CONFIRMING)
        before = going.first()
        if before is None:
            return ""
        mine = "The preview" if self.run.preview else f"Run {self.run.number}"
        other = "a preview" if before.preview else f"run {before.number}"
        return f"{mine} is queued behind {other}, which is under way."


class Shown:
    """Tells a reporter what stands in the rows of a run's goals, as if it heard it from a run."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._begun: int | None = None  # row id of the goal that was told last
        self._ended: set[int] = set()
        self._step = ""

    def look(self, run: Run) -> None:
        """Tell what is new since the last look."""
        for part in run.goals.select_related("goal"):
            if part.id not in self._ended and part.started_at is not None:
                self._tell(part)

    def forget(self, run: Run) -> None:
        """Leave out what the reporter has heard from the run itself."""
        self._ended |= {part.id for part in run.goals.all() if part.state not in OPEN}

    def _tell(self, part: RunGoal) -> None:
        if self._begun != part.id:
            self._begun, self._step = part.id, ""
            self._reporter.goal_started(part.goal or Goal(key=part.key))
        if part.step and part.step != self._step:
            self._step = part.step
            self._reporter.step_started(part.step)
        if part.step and part.done:
            self._reporter.progress(part.step, part.done, part.total)
        if part.state not in OPEN:
            self._ended.add(part.id)
            self._reporter.goal_finished(part)
