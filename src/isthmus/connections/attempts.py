"""One goal of a run, tried until it ends well or can't."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import django.db
from django.utils import timezone

from isthmus.connections import guards
from isthmus.connections.errors import BudgetReached, RunStopped, RunTakenOver
from isthmus.connections.fences import Fence
from isthmus.connections.models import Run, RunGoal, RunState
from isthmus.connections.patience import Patience, pause
from isthmus.connections.recording import Recorder
from isthmus.connections.runs import Engine, GoalRun, Reporter, Silent
from isthmus.connections.watch import Watch
from isthmus.domain.counts import GoalCounts
from isthmus.errors import IsthmusError, Retryable
from isthmus.profiles.database import DatabaseGone
from isthmus.salesforce import DailyLimitReached, Salesforce, WaitCancelled

log = logging.getLogger("isthmus.runs")

NOT_OURS = (DatabaseGone, RunTakenOver, django.db.OperationalError, django.db.InterfaceError)
"""What ends this process's work on the run, and leaves the run as it stands."""

UNHEARD = (
    "An earlier run of goal {goal!r} left an upload, and Salesforce does not say what became of "
    "it: {error} Nothing was read, because what the upload wrote would be taken for changes by "
    "users. The next run asks again."
)


class Waits(Exception):
    """There are no API calls left for now: the run goes on later."""

    def __init__(self, reason: str, until: datetime | None = None) -> None:
        """Say why, and when it goes on; None: after a pause."""
        super().__init__(reason)
        self.until = until

    @classmethod
    def because(cls, error: DailyLimitReached) -> Self:
        """Of what kept a call from being made: the org itself, or our share of it."""
        if isinstance(error, BudgetReached):
            return cls(error.reason, error.go_on_at)
        return cls(str(error))


@dataclass(frozen=True, kw_only=True)
class GoalAttempts:
    """Tries the goals of one run."""

    run: Run
    salesforce: Salesforce
    recorder: Recorder
    watch: Watch
    fence: Fence
    patience: Patience

    def run_goal(self, engine: Engine, part: RunGoal) -> None:
        """Run one goal and write down how it ended; a goal that fails does not raise.

        What may pass is met by trying again, after growing pauses: the engine goes on where it was.
        """
        for seconds in (*self.patience.pauses, None):
            self.watch.check()
            goal_run = self._begin(part)
            if goal_run is None:
                return
            error = self._try(engine, goal_run)
            if error is None:
                return
            if seconds is None:
                self._end(goal_run, RunState.FAILED, str(error))
                return
            self._say("tries again", part, error=type(error).__name__, seconds=seconds)
            pause(seconds, self.watch)

    def hear(self, engine: Engine, left: RunGoal) -> str:
        """Let an export hear of what an earlier run of it left; why that can't be, or nothing.

        What only a person can mend is no reason: the export itself says so when its turn comes.
        """
        for seconds in (*self.patience.pauses, None):
            self.watch.check()
            try:
                engine(self._given(left, Silent()))
            except DailyLimitReached as error:
                raise Waits.because(error) from error
            except WaitCancelled as error:
                raise RunStopped from error
            except (RunStopped, *NOT_OURS):
                raise
            except Retryable as error:
                if seconds is None:
                    return UNHEARD.format(goal=left.key, error=error)
                self._say("is not heard of", left, error=type(error).__name__, seconds=seconds)
                pause(seconds, self.watch)
            except IsthmusError as error:
                self._say("can't be heard of", left, error=type(error).__name__)
                break
            else:
                break
        return ""

    def refuse(self, part: RunGoal, reason: str) -> None:
        """Let a goal fail without trying it."""
        goal_run = self._begin(part)
        if goal_run is not None:
            self._end(goal_run, RunState.FAILED, reason)

    def _begin(self, part: RunGoal) -> GoalRun | None:
        """Count the try; None where the goal can't be tried, which is written down."""
        with self.fence.owned():
            row = RunGoal.objects.select_related("goal").get(id=part.id)
            row.tries += 1
            row.started_at = row.started_at or timezone.now()
            row.state = RunState.RUNNING
            if reason := self._refusal(row):
                row.state, row.message, row.finished_at = RunState.FAILED, reason, timezone.now()
            row.save(update_fields=["tries", "state", "started_at", "message", "finished_at"])
        if row.state == RunState.FAILED or row.goal is None:
            return None
        self.recorder.begin(row)
        self.recorder.goal_started(row.goal)
        self._say("begun" if row.tries == 1 else "goes on", row)
        return self._given(row, self.recorder)

    def _given(self, row: RunGoal, reporter: Reporter) -> GoalRun:
        assert row.goal is not None  # noqa: S101 - the caller has seen to it
        return GoalRun(
            connection=self.run.connection,
            goal=row.goal,
            run_goal=row,
            salesforce=self.salesforce,
            full=self.run.full,
            first=self.run.first,
            only=self.run.only,
            preview=self.run.preview,
            reporter=reporter,
            cancelled=self.watch,
            fence=self.fence,
        )

    def _refusal(self, row: RunGoal) -> str:
        if row.goal is None:
            return "The goal was deleted before the run came to it."
        if row.tries > self.patience.most_tries:
            return (
                f"The goal was begun {row.tries - 1} times in this run and never came to an end, "
                f"nor to an error: each time the process that worked on it was ended. Look into "
                f"the log of the machine (is it short of memory?), and run it again."
            )
        return ""

    def _try(self, engine: Engine, goal_run: GoalRun) -> Retryable | None:
        """Run the engine once; the error, where another try may help."""
        try:
            engine(goal_run)
            goal_run.counts.check(goal_run.goal.key)
        except (RunStopped, WaitCancelled):
            self.watch.leave()
            self._end(goal_run, RunState.STOPPED, str(RunStopped()))
        except NOT_OURS:
            raise
        except guards.NeedsYes as needs:
            self._ask(goal_run, needs.size)
            raise
        except DailyLimitReached as error:
            self._wait(goal_run)
            raise Waits.because(error) from error
        except Retryable as error:
            return error
        except IsthmusError as error:
            self._end(goal_run, RunState.FAILED, str(error))
        except Exception as error:
            log.exception("goal failed in a way that was not foreseen")
            self._end(goal_run, RunState.FAILED, _unforeseen(error))
        else:
            self._end(goal_run, _state_of(goal_run.counts))
        return None

    def _wait(self, goal_run: GoalRun) -> None:
        with self.fence.owned():
            row = goal_run.run_goal
            row.state = RunState.WAITING
            # It may wait any number of times: only what ends without a word is counted for good.
            row.tries = max(row.tries - 1, 1)
            row.save(update_fields=["state", "seconds", "tries"])

    def _ask(self, goal_run: GoalRun, size: guards.Size) -> None:
        """Let the run wait for a yes: of the goal and of the run, or of neither."""
        part = goal_run.run_goal
        with self.fence.owned() as run:
            guards.ask(part, size, goal_run.goal.version)
            guards.wait(run, part)
        self._say("needs a yes", part, changes=size.changes, of=size.of)

    def _end(self, goal_run: GoalRun, state: RunState, message: str = "") -> None:
        row = goal_run.run_goal
        if message:
            goal_run.warn(message)
        row.state, row.counts, row.finished_at = state, goal_run.counts.plain(), timezone.now()
        row.step, row.done, row.total = "", 0, None
        with self.fence.owned():
            row.save(
                update_fields=[
                    *("state", "counts", "message", "seconds", "finished_at"),
                    *("step", "done", "total"),
                ]
            )
        self.recorder.goal_finished(row)
        self._say("ended", row, state=str(state), counts=row.counts, seconds=row.seconds)

    def _say(self, event: str, row: RunGoal, **more: Any) -> None:
        facts = {"connection": self.run.connection.key, "run": self.run.number, "goal": row.key}
        log.info("goal %s", event, extra={"event": f"goal {event}", "facts": {**facts, **more}})


def _state_of(counts: GoalCounts) -> RunState:
    troubled = counts.problems or counts.failed.total() or counts.skipped["ambiguous"]
    return RunState.PROBLEMS if troubled else RunState.FINISHED


def _unforeseen(error: Exception) -> str:
    return (
        f"The goal failed in a way that was not foreseen ({type(error).__name__}). What was "
        f"applied stays. Report it with what the log of the process says at this time."
    )
