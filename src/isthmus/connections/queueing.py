"""Asking for runs, and for their end."""

from collections.abc import Sequence
from contextlib import suppress

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from isthmus.connections import (
    due,
    few_records,
    foreseen,
    guards,
    holding,
    letters,
    news,
    states,
)
from isthmus.connections.errors import (
    ConnectionOff,
    NoSignIn,
    NoSuchThing,
    NothingToRun,
    StateRefused,
)
from isthmus.connections.models import (
    IMPORT,
    OPEN,
    UNDER_WAY,
    Connection,
    Goal,
    Run,
    RunGoal,
    RunState,
)

NOBODY_WORKS = (RunState.QUEUED, RunState.CONFIRMING, RunState.WAITING)


def ask(
    connection: Connection, *, goals: Sequence[str] = (), full: bool = False, by: str = ""
) -> Run:
    """Queue a run of the connection's active goals, or of those with these keys; the queued run.

    While one is queued another is not: the queued one is widened to what both ask for. `full`
    takes everything again, not only what changed; `by` says who asks, in words. Raises
    `ConnectionOff`, `NoSignIn`, `NoSuchThing` for a goal, `NothingToRun`, and `StateRefused`
    where the queued one takes a few records only.
    """
    with transaction.atomic():
        # Whoever asks holds the connection's row, so numbers follow each other, and what is true of
        # it and its goals stays true.
        held = Connection.objects.select_for_update(no_key=True).filter(id=connection.id).first()
        if held is None:
            raise NoSuchThing("connection", [connection.key], None)
        check(held, goals)
        guards.expire(held.id)
        queued = connection.runs.filter(state=RunState.QUEUED).first()
        few_records.refuse_beside(queued)
        news.tell(connection.id)
        if not goals:
            due.meet(held)
        if queued is not None and _widened(queued, goals, full=full):
            return queued
        last = connection.runs.aggregate(last=Max("number"))["last"] or 0
        return Run.objects.create(
            connection=connection, number=last + 1, full=full, goal_keys=list(goals), asked_by=by
        )


def ask_preview(
    connection: Connection, *, goals: Sequence[str] = (), full: bool = False, by: str = ""
) -> Run:
    """Queue a preview of these goals, active or not, or of all active ones; the queued preview.

    What a run would do is found out and kept, and nothing is written anywhere else. A connection
    that is switched off has previews as well. Earlier previews of the goals are forgotten, and one
    that is under way for the same goals is stopped. Raises `NoSignIn`, `NoSuchThing`, and
    `NothingToRun`.
    """
    with transaction.atomic():
        held = Connection.objects.select_for_update(no_key=True).filter(id=connection.id).first()
        if held is None:
            raise NoSuchThing("connection", [connection.key], None)
        check_preview(held, goals)
        wanted = chosen_goals(held, goals)
        news.tell(connection.id)
        last = Run.every.filter(connection=held, preview=True).aggregate(last=Max("number"))["last"]
        _give_way(held, wanted)
        # A process that takes it over waits, or has done so: then another is queued.
        rows = Run.every.select_for_update(of=("self",), no_key=True)
        queued = rows.filter(connection=held, preview=True, state=RunState.QUEUED).first()
        if queued is None:
            queued = Run.every.create(
                connection=held, preview=True, number=(last or 0) + 1, asked_by=by
            )
        queued.full = queued.full or full
        queued.goal_keys = sorted({*queued.goal_keys, *(goal.key for goal in wanted)})
        queued.save(update_fields=["full", "goal_keys"])
        known = set(queued.goals.values_list("goal_id", flat=True))
        for goal in wanted:
            if goal.id not in known:
                RunGoal.objects.create(
                    run=queued, goal=goal, key=goal.key, direction=goal.direction
                )
    return queued


def check_preview(connection: Connection, goals: Sequence[str] = ()) -> None:
    """Raise where such a preview could not begin."""
    holding.check()
    if connection.authorization_id is None:
        raise NoSignIn(connection.key)
    if not chosen_goals(connection, goals):
        raise NothingToRun(
            f"Connection {connection.key!r} has no active goal. Add one, activate one, or name "
            f"the goal to preview."
        )


def _give_way(connection: Connection, goals: Sequence[Goal]) -> None:
    """Forget earlier previews of these goals, and stop one under way that is of no other goal."""
    foreseen.forget_goals(goal.id for goal in goals)
    keys = {goal.key for goal in goals}
    for going in Run.every.filter(connection=connection, preview=True, state__in=UNDER_WAY):
        if set(going.goal_keys) <= keys:
            states.change(going.id, RunState.STOPPING)


def _widened(queued: Run, goals: Sequence[str], *, full: bool) -> bool:
    """Make the queued run one that does both; False where it began meanwhile."""
    everything = not goals or not queued.goal_keys
    queued.goal_keys = [] if everything else sorted({*queued.goal_keys, *goals})
    queued.full = queued.full or full
    waiting = Run.objects.filter(id=queued.id, state=RunState.QUEUED)
    return bool(waiting.update(goal_keys=queued.goal_keys, full=queued.full))


def check(connection: Connection, goals: Sequence[str] = ()) -> None:
    """Raise where such a run could not begin."""
    holding.check()
    if not connection.active:
        raise ConnectionOff(
            f"Connection {connection.key!r} is switched off, so it does not run. Switch it "
            f"on, on its page or by `active: true` in a document, and run it again."
        )
    if connection.authorization_id is None:
        raise NoSignIn(connection.key)
    if not chosen_goals(connection, goals):
        raise NothingToRun(
            f"Connection {connection.key!r} has no active goal. Add one, or activate one."
        )


def chosen_goals(connection: Connection, keys: Sequence[str] = ()) -> list[Goal]:
    """The goals to run, imports before exports, each in the order that was set up."""
    goals = list(connection.goals.all())
    unknown = set(keys) - {goal.key for goal in goals}
    if unknown:
        raise NoSuchThing("goal", sorted(unknown), [goal.key for goal in goals])
    wanted = [goal for goal in goals if (goal.key in keys if keys else goal.definition.active)]
    return sorted(wanted, key=lambda goal: goal.direction != IMPORT)


def stop(run: Run, *, by: str = "Somebody") -> Run:
    """Ask for the run's end, and return it as it stands then.

    One that works ends after what is under way, which the process that works on it sees within a
    second or two; any other is stopped at once. What was applied stays. `by` says who asks, which
    is kept of a run that waits for a yes. Raises `StateRefused` for a run that has ended.
    """
    with suppress(StateRefused):
        return guards.refuse(run, by=by)
    # A run that begins or is put off between two looks is met by the next one.
    while not states.change(run.id, RunState.STOPPING):
        if _stopped_at_once(run):
            break
        run.refresh_from_db()
        if run.state == RunState.STOPPING:
            break
        if run.state not in OPEN:
            raise StateRefused(
                f"{'Preview' if run.preview else 'Run'} {run.number} of {run.connection.key} "
                f"can't be stopped: it is {RunState(run.state).label}."
            )
    run.refresh_from_db()
    return run


def _stopped_at_once(run: Run) -> bool:
    """Stop a run that no process works on; whether that was so."""
    with transaction.atomic():
        waiting = Run.every.filter(id=run.id, state__in=NOBODY_WORKS)
        if not waiting.update(state=RunState.STOPPED, finished_at=timezone.now()):
            return False
        run.goals.filter(state__in=OPEN).update(state=RunState.STOPPED)
        letters.post_run(Run.every.select_related("connection").get(id=run.id))
    return True


def ask_few(connection: Connection, few: few_records.Few, *, by: str = "") -> Run:
    """Queue a run of a few records; the same one where it is queued already.

    Raises as `ask` does, `FewRefused` where such a run makes no sense, and `StateRefused` where
    another run is queued: it would have to become one that takes more, or less.
    """
    with transaction.atomic():
        held = Connection.objects.select_for_update(no_key=True).filter(id=connection.id).first()
        if held is None:
            raise NoSuchThing("connection", [connection.key], None)
        check(held, few.goals)
        few = few_records.checked(few, chosen_goals(held, few.goals))
        guards.expire(held.id)
        queued = connection.runs.filter(state=RunState.QUEUED).first()
        news.tell(connection.id)
        if queued is not None:
            few_records.refuse_behind(queued, few)
            return queued
        last = connection.runs.aggregate(last=Max("number"))["last"] or 0
        return Run.objects.create(
            connection=connection,
            number=last + 1,
            asked_by=by,
            full=few.full,
            goal_keys=list(few.goals),
            first=few.first,
            only=few.only,
        )
