"""Runs that would change more than a set share of records, and wait for a yes.

A goal says how much it would change before it changes anything (`check`). Where that is more than
its connection lets a run do by itself, the run is let go: its process ends its work on it, and what
was prepared stays. After a yes the goal goes on with that, and counts once more. What is agreed to
is a number of one goal: another goal of the same run asks by itself, and so does the same goal
where it would change much more by then.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final, Self

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from isthmus.connections import letters, news
from isthmus.connections.errors import StateRefused
from isthmus.connections.models import EXPORT, OPEN, Run, RunGoal, RunState
from isthmus.connections.runs import GoalRun
from isthmus.people import auditing

FEW: Final = 10
"""Fewer changes than these are never asked about, whatever share they are."""

MORE: Final = 1.1
"""So many times what was agreed to may be changed; for more it is asked again."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a goal would change, and of how many."""

    created: int = 0
    updated: int = 0
    removed: int = 0
    of: int  # members of an export's segment; records that an import knows already

    @property
    def changes(self) -> int:
        """All of them."""
        return self.created + self.updated + self.removed


class NeedsYes(Exception):
    """The goal would change so much that somebody has to agree first."""

    def __init__(self, size: Size) -> None:
        """Keep how much it is."""
        super().__init__(size.changes)
        self.size = size


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody was asked for a goal, and who agreed. Kept in the row of the run's goal."""

    size: Size
    version: int  # of the goal
    at: str
    by: str = ""  # who agreed; empty: nobody so far

    @classmethod
    def of(cls, part: RunGoal) -> Self | None:
        """What stands in the row; None: nobody was asked."""
        if part.asked is None:
            return None
        known: Mapping[str, Any] = part.asked
        return cls(**{**known, "size": Size(**known["size"])})

    def plain(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a run waits to be told."""

    run: Run
    part: RunGoal
    asked: Asked

    @property
    def token(self) -> str:
        """Tells this question from any other: who answers says by it what was seen."""
        return f"{self.part.id} {self.asked.at}"

    @property
    def sentence(self) -> str:
        """What the goal would change, in words."""
        return words(self.part, self.asked.size)


def limit(goal_run: GoalRun) -> int | None:
    """How many percent of its records the goal may change by itself; None: all of them.

    A goal that never finished before has nothing to compare
    with, and a run of a few records was asked for by somebody who knows how few.
    """
    percent = goal_run.connection.confirm_above
    few = goal_run.is_partial or goal_run.preview
    if percent is None or few or goal_run.goal.read_until is None:
        return None
    return percent


def exceeds(percent: int, size: Size) -> bool:
    """Whether it is more than the share that needs no yes."""
    return size.changes >= FEW and size.changes * 100 > percent * size.of


def check(goal_run: GoalRun, size: Size) -> None:
    """Raise `NeedsYes` where the goal would change too much and nobody has agreed to it."""
    percent = limit(goal_run)
    if percent is None or not exceeds(percent, size):
        return
    agreed = agreed_to(goal_run)
    if agreed is None or is_much_more(size.changes, agreed.changes):
        raise NeedsYes(size)


def agreed_to(goal_run: GoalRun) -> Size | None:
    """What somebody has agreed to, of the goal as it is now; None: nobody has."""
    asked = Asked.of(goal_run.run_goal)
    if asked is None or not asked.by or asked.version != goal_run.goal.version:
        return None
    return asked.size


def is_much_more(changes: int, agreed: int) -> bool:
    """Whether somebody who agreed to so many has not agreed to these."""
    return changes > max(agreed * MORE, agreed + FEW)


def words(part: RunGoal, size: Size) -> str:
    """What a goal would change, in a sentence."""
    kinds = (("create", size.created), ("update", size.updated), ("remove", size.removed))
    shown = [f"{verb} {number:,}" for verb, number in kinds if number]
    what = ", ".join(shown[:-1]) + (" and " if shown[:-1] else "") + "".join(shown[-1:])
    whole = f"the {size.of:,} that it knows so far"
    if part.direction == EXPORT:
        whole = f"the {size.of:,} members of its segment"
    share = f"{100 * size.changes / size.of:,.0f} % of {whole}" if size.of else f"more than {whole}"
    return f"Goal {part.key} would {what} records: {share}."


def ask(part: RunGoal, size: Size, version: int) -> None:
    """Write down, in the open transaction, what somebody is to agree to."""
    now = timezone.now().isoformat()
    part.asked = Asked(size=size, version=version, at=now).plain()
    part.state, part.step, part.done, part.total = RunState.CONFIRMING, "", 0, None
    part.save(update_fields=["asked", "state", "seconds", "step", "done", "total"])


def wait(run: Run, part: RunGoal) -> None:
    """Let a run wait, in the open transaction. One that is to stop ends instead."""
    asked = Asked.of(part)
    if run.state != RunState.RUNNING or asked is None:
        return
    run.state, run.message = RunState.CONFIRMING, words(part, asked.size)
    run.confirm_until = timezone.now() + timedelta(hours=run.connection.confirm_hours)
    run.save(update_fields=["state", "message", "confirm_until"])
    letters.post_question(part)


def question(run: Run) -> Question | None:
    """What the run waits to be told; None where it waits for nobody."""
    if run.state != RunState.CONFIRMING:
        return None
    for part in run.goals.all():
        asked = Asked.of(part)
        if part.state == RunState.CONFIRMING and asked is not None:
            return Question(run=run, part=part, asked=asked)
    return None


def confirm(run: Run, *, by: str, token: str = "") -> Run:
    """Let a run go on that waits for a yes. Raises `StateRefused` for any other.

    `by` says who agrees, in words. With the `token` of a question nothing else is agreed to than
    that question.
    """
    expire(run.connection_id)
    with transaction.atomic():
        row = Run.objects.select_for_update(no_key=True).filter(id=run.id).first()
        if row is None or row.state != RunState.CONFIRMING:
            raise StateRefused(_not_waiting(run, row))
        asked = question(row)
        if token and (asked is None or asked.token != token):
            raise StateRefused(
                f"Run {row.number} of {run.connection.key} asks something else by now. Look at "
                f"what it would change, and agree to that."
            )
        if asked is not None:
            part = asked.part
            part.asked = {**asked.asked.plain(), "by": by}
            part.save(update_fields=["asked"])
        row.state, row.confirmed_by, row.confirm_until = RunState.RUNNING, by, None
        row.message = ""
        row.save(update_fields=["state", "confirmed_by", "confirm_until", "message"])
        news.tell(run.connection_id)
    run.refresh_from_db()
    return run


def _not_waiting(run: Run, row: Run | None) -> str:
    name = f"Run {run.number} of {run.connection.key}"
    if row is None:
        return f"{name} is not there any more."
    label = RunState(row.state).label
    return f"{name} does not wait for confirmation: it is {label}. {row.message}".rstrip()


def refuse(run: Run, *, by: str) -> Run:
    """End a run that waits for a yes. Raises `StateRefused` for any other.

    `by` says who refuses, in words.
    """
    said = f"{by} did not agree to it."
    if not _end(Run.objects.filter(id=run.id), lambda message: f"{said} {message}"):
        row = Run.objects.filter(id=run.id).first()
        raise StateRefused(_not_waiting(run, row))
    run.refresh_from_db()
    return run


def expire(connection: int | None = None) -> int:
    """End runs that nobody agreed to in time, of one connection (row id) or of all; how many."""
    late = Run.objects.filter(confirm_until__lte=timezone.now())
    if connection is not None:
        late = late.filter(connection_id=connection)
    with auditing.by_nobody():
        said = "Nobody agreed to it in time. {}".format
        return _end(late, said, unanswered=True)


def _end(runs: QuerySet[Run], said: Callable[[str], str], *, unanswered: bool = False) -> int:
    ended = 0
    with transaction.atomic():
        waiting = runs.filter(state=RunState.CONFIRMING).select_for_update(no_key=True)
        for run in waiting.order_by("id"):
            run.state, run.finished_at = RunState.STOPPED, timezone.now()
            run.message, run.confirm_until = said(run.message), None
            run.save(update_fields=["state", "finished_at", "message", "confirm_until"])
            run.goals.filter(state__in=OPEN).update(state=RunState.STOPPED)
            letters.post_run(run, unanswered=unanswered)
            news.tell(run.connection_id)
            ended += 1
    return ended
