"""One run of a connection's goals: what an engine is given, and how it ends."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from isthmus.connections.errors import (
    ConnectionOff,
    NoSuchThing,
    NothingToRun,
    RunAlreadyGoing,
    RunStopped,
)
from isthmus.connections.fences import Fence
from isthmus.connections.models import IMPORT, Connection, Goal, Run, RunGoal, RunState
from isthmus.connections.sign_in import signed_in
from isthmus.domain.counts import GoalCounts
from isthmus.errors import IsthmusError
from isthmus.profiles import database, schema
from isthmus.salesforce import Salesforce, WaitCancelled

RUN_LOCK = 7301882
"""First half of the advisory lock that a run holds; the second is the connection's row id."""


ABANDONED = "The process that ran it ended before the run did. Nothing applied is lost."
"""What is said of a run whose process was killed."""


class Reporter(Protocol):
    """Somebody who watches a run."""

    def goal_started(self, goal: Goal) -> None:
        """A goal begins."""

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
    reporter: Reporter
    cancelled: Callable[[], bool]
    fence: Fence
    counts: GoalCounts = field(default_factory=GoalCounts)

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
        """Keep a sentence with the goal's result."""
        self.run_goal.message = "\n".join(filter(None, [self.run_goal.message, message]))

    def check_stop(self) -> None:
        """Raise `RunStopped` where somebody asked for an end."""
        if self.cancelled():
            raise RunStopped


Engine = Callable[[GoalRun], None]
"""Runs one goal, filling its counts; raises `IsthmusError` where the goal as a whole fails."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """Which part of a connection to run, and how."""

    connection: Connection
    goals: Sequence[str] = ()  # keys; none: all active goals
    full: bool = False


@contextmanager
def running(request: RunRequest) -> Iterator[Run]:
    """A new run, while no other run of the connection goes on.

    The lock belongs to a database session, so it ends with the process, however that ends.
    """
    connection = request.connection
    with database.connected(application="isthmus run") as session:
        row = session.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", [RUN_LOCK, connection.id]
        ).fetchone()
        if not row or not row[0]:
            raise RunAlreadyGoing(
                f"Connection {connection.key!r} has a run going on. Wait for its end, or stop it."
            )
        schema.keep_partitions(session, timezone.now().date())
        _close_abandoned(connection)
        _drop_stages(session)
        yield _new_run(request)


def _new_run(request: RunRequest) -> Run:
    with transaction.atomic():
        last = request.connection.runs.aggregate(last=Max("number"))["last"] or 0
        return Run.objects.create(
            connection=request.connection,
            number=last + 1,
            full=request.full,
            state=RunState.RUNNING,
            started_at=timezone.now(),
        )


def _close_abandoned(connection: Connection) -> None:
    """Mark the runs of this connection that ended with their process."""
    open_runs = Run.objects.filter(connection=connection, state=RunState.RUNNING)
    open_goals = RunGoal.objects.filter(run__in=open_runs, state=RunState.RUNNING)
    open_goals.update(state=RunState.FAILED, message=ABANDONED)
    open_runs.update(state=RunState.FAILED, message=ABANDONED, finished_at=timezone.now())


def _drop_stages(session: psycopg.Connection[Any]) -> None:
    """Remove staged records that no run works on any more: they are read again where needed."""
    staged = schema.stages(session)
    going = RunGoal.objects.filter(id__in=staged, state=RunState.RUNNING)
    schema.drop_stages(session, staged - set(going.values_list("id", flat=True)))


def chosen_goals(request: RunRequest) -> list[Goal]:
    """The goals to run, imports before exports, each in the order that was set up."""
    goals = list(request.connection.goals.all())
    unknown = set(request.goals) - {goal.key for goal in goals}
    if unknown:
        raise NoSuchThing("goal", sorted(unknown), [goal.key for goal in goals])
    wanted = [
        goal
        for goal in goals
        if (goal.key in request.goals if request.goals else goal.definition.active)
    ]
    return sorted(wanted, key=lambda goal: goal.direction != IMPORT)


def run_goal(engine: Engine, goal_run: GoalRun) -> None:
    """Run one goal and write down how it ended; a goal that fails does not raise."""
    row = goal_run.run_goal
    goal_run.reporter.goal_started(goal_run.goal)
    try:
        engine(goal_run)
        goal_run.counts.check(goal_run.goal.key)
    except (RunStopped, WaitCancelled):
        row.state = RunState.STOPPED
        goal_run.warn(str(RunStopped()))
    except IsthmusError as error:
        row.state = RunState.FAILED
        goal_run.warn(str(error))
    else:
        row.state = _state_of(goal_run.counts)
    row.counts = goal_run.counts.plain()
    row.save()
    goal_run.reporter.goal_finished(row)


def _state_of(counts: GoalCounts) -> RunState:
    troubled = counts.problems or counts.failed.total() or counts.skipped["ambiguous"]
    return RunState.PROBLEMS if troubled else RunState.FINISHED


def finish(run: Run, api_calls: int, *, stopped: bool = False) -> None:
    """Write down how the run as a whole ended: failed only where no goal finished.

    `stopped` says that goals were left out because somebody asked for an end.
    """
    states = set(run.goals.values_list("state", flat=True))
    good = states & {RunState.FINISHED, RunState.PROBLEMS}
    if stopped or RunState.STOPPED in states:
        run.state = RunState.STOPPED
    elif not good:
        run.state = RunState.FAILED
    else:
        run.state = RunState.FINISHED if states == {RunState.FINISHED} else RunState.PROBLEMS
    run.finished_at = timezone.now()
    run.api_calls = api_calls
    run.save()


def execute(
    request: RunRequest,
    engines: Mapping[str, Engine],
    *,
    reporter: Reporter | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Run:
    """Run a connection's goals, each with the engine of its direction, and return the run.

    Goals that fail do not stop the others. Raises only where no goal could be started: the
    connection is off or has no goal, a run is going on, or the sign-in was refused.
    """
    if not request.connection.active:
        raise ConnectionOff(
            f"Connection {request.connection.key!r} is switched off, so it does not run. Switch it "
            f"on (`active: true` in the set-up), and run it again."
        )
    goals = chosen_goals(request)
    if not goals:
        raise NothingToRun(
            f"Connection {request.connection.key!r} has no active goal. Add one, or activate one."
        )
    with running(request) as run:
        try:
            with signed_in(request.connection) as salesforce:
                left = list(goals)
                while left and not cancelled():
                    goal = left.pop(0)
                    goal_run = GoalRun(
                        connection=request.connection,
                        goal=goal,
                        run_goal=_new_run_goal(run, goal),
                        salesforce=salesforce,
                        full=request.full,
                        reporter=reporter or Silent(),
                        cancelled=cancelled,
                        fence=Fence(run=run.id, number=run.fence),
                    )
                    run_goal(engines[goal.direction], goal_run)
                finish(run, salesforce.calls, stopped=bool(left))
        except IsthmusError as error:
            run.message = str(error)
            finish(run, 0)
            raise
    return run


def _new_run_goal(run: Run, goal: Goal) -> RunGoal:
    return RunGoal.objects.create(
        run=run,
        goal=goal,
        key=goal.key,
        direction=goal.direction,
        state=RunState.RUNNING,
        tries=1,
        started_at=timezone.now(),
    )
