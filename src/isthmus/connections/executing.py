"""Working off a connection's runs: one process at a time, each run as often as it takes.

Whoever works holds the connection's advisory lock, which belongs to a database session and so ends
with the process, however that ends. The number in the run's row, its fence, tells a process that
lost its session without noticing that another works on the run now.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from django.db import transaction
from django.utils import timezone

from isthmus.connections import budget, foreseen, guards, holding, letters, reading
from isthmus.connections.attempts import GoalAttempts, Waits
from isthmus.connections.errors import (
    ConnectionOff,
    RunAlreadyGoing,
    RunStopped,
    RunTakenOver,
)
from isthmus.connections.fences import Fence
from isthmus.connections.models import IMPORT, UNDER_WAY, Connection, Run, RunGoal, RunState
from isthmus.connections.patience import Patience, pause
from isthmus.connections.queueing import check, check_preview, chosen_goals
from isthmus.connections.recording import Recorder
from isthmus.connections.run_sign_in import permission_warning, signed_in
from isthmus.connections.runs import RUN_LOCK, Engine, Reporter, Silent
from isthmus.connections.watch import Left, Watch
from isthmus.errors import IsthmusError, Retryable
from isthmus.profiles import database, schema
from isthmus.salesforce import DailyLimitReached, Salesforce, WaitCancelled

log = logging.getLogger("isthmus.runs")


UNHEARD_BEFORE_PREVIEW = (
    "An earlier run left an upload, and Salesforce has not said yet what became of it. The next "
    "run asks that first, and what it does then depends on it. Run the connection, and try again."
)


def _never() -> bool:
    return False


@dataclass(kw_only=True)
class Worker:
    """Who works off runs, and how."""

    engines: Mapping[str, Engine]  # by direction
    hear: Engine | None = None
    """Finds out what became of the uploads that earlier runs of an export left behind."""
    reporter: Reporter = field(default_factory=Silent)
    cancelled: Callable[[], bool] = _never
    """Whether a person asked here for the end of the run that is under way."""
    leaving: Callable[[], bool] = _never
    """Whether this process is to end: the run stays open, and another goes on with it."""
    patience: Patience = field(default_factory=Patience)
    last: int | None = None
    """Row id of the run to end with. Defaults to whichever is the last that is due."""


def work_off(connection: Connection, worker: Worker) -> list[Run]:
    """Work off the connection's open runs that are due, and return them, oldest first.

    A run that another process left behind comes first. Raises `RunAlreadyGoing` where another
    process works on the connection, `RunTakenOver` where one has taken this one's run, and
    `DatabaseGone`; after each of them the run is as open as it was.
    """
    done: list[Run] = []
    with database.reached(), _holding(connection) as session:
        while (run := _next(connection)) is not None:
            done.append(_Execution(run, worker, session).perform())
            if worker.cancelled() or worker.leaving() or run.id == worker.last:
                break
    return done


def _next(connection: Connection) -> Run | None:
    """The run to go on with, once those that nobody agreed to in time have ended."""
    guards.expire(connection.id)
    return next_due(connection)


def next_due(connection: Connection) -> Run | None:
    """The run to go on with: the one that is under way, else the one that is queued.

    Runs and previews take turns, in the order of asking. A run that waits for a yes keeps only runs
    back. In a store that was restored and is held there is none.
    """
    if holding.held():
        return None
    runs = Run.every.filter(connection=connection)
    under_way = list(runs.filter(state__in=UNDER_WAY).order_by("preview"))
    for each in under_way:
        is_due = each.wait_until is None or each.wait_until <= timezone.now()
        if each.state != RunState.CONFIRMING and is_due:
            return each
    if any(each.state != RunState.CONFIRMING for each in under_way):
        return None
    queued = runs.filter(state=RunState.QUEUED).order_by("queued_at", "id")
    return (queued.filter(preview=True) if under_way else queued).first()


@contextmanager
def _holding(connection: Connection) -> Iterator[psycopg.Connection[Any]]:
    with database.connected(application="isthmus run") as session:
        row = session.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", [RUN_LOCK, connection.id]
        ).fetchone()
        if not row or not row[0]:
            raise RunAlreadyGoing(
                f"Connection {connection.key!r} has a run going on. Wait for its end, or stop it."
            )
        schema.keep_partitions(session, timezone.now().date())
        _drop_stages(session)
        foreseen.keep_house(session)
        yield session


def _drop_stages(session: psycopg.Connection[Any]) -> None:
    """Remove staged records of runs that have ended: they are read again where needed."""
    staged = schema.stages(session)
    open_runs = RunGoal.objects.filter(id__in=staged, run__state__in=UNDER_WAY)
    schema.drop_stages(session, staged - set(open_runs.values_list("id", flat=True)))


class _Execution:
    """One run, from wherever it stands to an end, or to where another process goes on."""

    def __init__(self, run: Run, worker: Worker, session: psycopg.Connection[Any]) -> None:
        self.worker, self.session = worker, session
        self.run, self.fence = _take_over(run)
        self.watch = Watch(session, self.fence, worker.cancelled, worker.leaving)
        self.recorder = Recorder(self.run, worker.reporter)

    def perform(self) -> Run:
        """Work on the run; it is returned as it stands then."""
        _say("begun" if self.run.fence == 1 else "resumed", self.run)
        try:
            self._perform()
        except Left:
            _say("left", self.run)
        except Waits as waits:
            self._wait(waits)
        except guards.NeedsYes:
            # The goal that asks has written it down.
            _say("waits for confirmation", self.run)
        except RunTakenOver:
            _say("taken over", self.run)
            raise
        self.run.refresh_from_db()
        return self.run

    def _perform(self) -> None:
        message, is_unwanted = "", False
        try:
            parts = self._parts()
            if later := budget.later(self.run):
                raise Waits(later.reason, later.until)
            self._try_goals(parts)
        except RunStopped:
            self.watch.leave()
        except ConnectionOff as error:
            # It waited while somebody switched the connection off: nothing has failed.
            message, is_unwanted = str(error), True
        except IsthmusError as error:
            # Only what concerns the run as a whole comes here: a sign-in that is refused.
            _pass_on(error)
            message = str(error)
            self._close_parts(RunState.FAILED, "")
        self._finish(message, is_unwanted=is_unwanted)

    def _parts(self) -> list[RunGoal]:
        """The run's goals; the first process to work on it makes their rows."""
        with self.fence.owned() as run:
            if not run.goals.exists():
                (check_preview if run.preview else check)(run.connection, run.goal_keys)
                for goal in chosen_goals(run.connection, run.goal_keys):
                    RunGoal.objects.create(
                        run=run, goal=goal, key=goal.key, direction=goal.direction
                    )
            return list(run.goals.select_related("goal"))

    def _try_goals(self, parts: list[RunGoal]) -> None:
        """Run all goals that have not ended, again where signing in met something that may pass."""
        for seconds in (*self.worker.patience.pauses, None):
            try:
                self.watch.check()
                # A silent Salesforce must not keep a run that is to end.
                ends = self.watch.from_elsewhere
                with signed_in(self.run.connection, cancelled=ends) as salesforce:
                    self.recorder.count(lambda client=salesforce: client.calls)  # type: ignore[misc]
                    self._run_goals(parts, salesforce)
                    return
            except WaitCancelled as error:
                raise RunStopped from error
            except DailyLimitReached as error:
                raise Waits.because(error) from error
            except Retryable as error:
                _pass_on(error)
                if seconds is None:
                    raise
                _say("tries to sign in again", self.run, error=type(error).__name__)
                pause(seconds, self.watch)
            finally:
                self.recorder.count(lambda: 0)

    def _run_goals(self, parts: list[RunGoal], salesforce: Salesforce) -> None:
        attempts = GoalAttempts(
            run=self.run,
            salesforce=salesforce,
            recorder=self.recorder,
            watch=self.watch,
            fence=self.fence,
            patience=self.worker.patience,
        )
        still = [part for part in parts if part.state in (RunState.QUEUED, *UNDER_WAY)]
        imports = [part for part in still if part.direction == IMPORT]
        if self.run.preview:
            unheard = self._unheard(still)
        else:
            unheard = dict.fromkeys(
                (part.id for part in imports), self._hear(attempts) if imports else ""
            )
        for part in still:
            if reason := unheard.get(part.id):
                attempts.refuse(part, reason)
            else:
                attempts.run_goal(self.worker.engines[part.direction], part)

    def _unheard(self, parts: list[RunGoal]) -> dict[int, str]:
        """Why goals can't be previewed now, by their part in the preview.

        A run hears first of uploads that earlier ones left, and writes down what became of them:
        what it does then depends on that, and a preview writes nothing.
        """
        left = {part.goal_id for part in reading.unheard_uploads(self.session, self.run.connection)}
        return {
            part.id: UNHEARD_BEFORE_PREVIEW
            for part in parts
            if left and (part.direction == IMPORT or part.goal_id in left)
        }

    def _hear(self, attempts: GoalAttempts) -> str:
        """Hear of uploads that earlier runs left; why that can't be now, or nothing.

        An import would take what they wrote for changes by users, and undo what was set here since.
        """
        for part in reading.unheard_uploads(self.session, self.run.connection):
            if self.worker.hear and (reason := attempts.hear(self.worker.hear, part)):
                return reason
        return ""

    def _wait(self, waits: Waits) -> None:
        pause = timedelta(seconds=self.worker.patience.wait_seconds)
        until = waits.until or timezone.now() + pause
        with self.fence.owned() as run:
            if run.state == RunState.RUNNING:
                run.state, run.wait_until, run.message = RunState.WAITING, until, str(waits)
                run.waits_since = run.waits_since or timezone.now()
                run.save(update_fields=["state", "wait_until", "waits_since", "message"])
        _say("waits for API calls", self.run)

    def _close_parts(self, state: RunState, message: str) -> None:
        with self.fence.owned() as run:
            still = run.goals.filter(state__in=(RunState.QUEUED, *UNDER_WAY))
            still.update(state=state, message=message, finished_at=timezone.now())

    def _finish(self, message: str, *, is_unwanted: bool) -> None:
        """Write down how the run as a whole ended: failed only where no goal finished."""
        with self.fence.owned() as run:
            left = run.goals.filter(state__in=(RunState.QUEUED, *UNDER_WAY))
            left.update(state=RunState.STOPPED)
            run.state = RunState.STOPPED if is_unwanted else _state_of(run)
            run.finished_at, run.wait_until = timezone.now(), None
            run.message = message or permission_warning(run.connection)
            run.save(update_fields=["state", "finished_at", "message", "wait_until"])
            letters.post_run(run)
        _say("ended", run, state=str(run.state))


def _take_over(run: Run) -> tuple[Run, Fence]:
    """Make this process the run's owner: from now on no other writes anything for it."""
    with transaction.atomic():
        # FOR UPDATE waits for a chunk of the owner before, which holds the row; see `Fence.check`.
        row = Run.every.select_for_update(of=("self",)).select_related("connection").get(id=run.id)
        row.fence += 1
        if row.state in (RunState.QUEUED, RunState.WAITING):
            row.state, row.wait_until, row.message = RunState.RUNNING, None, ""
            row.started_at = row.started_at or timezone.now()
        row.save(update_fields=["fence", "state", "wait_until", "started_at", "message"])
    return row, Fence(run=row.id, number=row.fence)


def _state_of(run: Run) -> RunState:
    states = set(run.goals.values_list("state", flat=True))
    if RunState.STOPPED in states or (run.state == RunState.STOPPING and not states):
        return RunState.STOPPED
    if not states & {RunState.FINISHED, RunState.PROBLEMS}:
        return RunState.FAILED
    return RunState.FINISHED if states == {RunState.FINISHED} else RunState.PROBLEMS


def _pass_on(error: IsthmusError) -> None:
    """Raise what is not the run's own trouble."""
    if isinstance(error, RunTakenOver | Waits | Left | database.DatabaseGone):
        raise error


def _say(event: str, run: Run, **more: Any) -> None:
    kind = "preview" if run.preview else "run"
    facts = {"connection": run.connection.key, kind: run.number, **more}
    log.info("run %s", event, extra={"event": f"run {event}", "facts": facts})
