"""The merge of staged records in a transaction that is rolled back: what a run would do.

It is the run's own work, with the run's own statements: chunks, what is buried, and what settles.
Only the run's own rows are left alone (its position, its counts), which others write to meanwhile.
"""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from psycopg import Connection, IsolationLevel
from psycopg.errors import LockNotAvailable
from psycopg.pq import TransactionStatus

from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.importing import ordering
from isthmus.importing.chunks import COLLISIONS, TRIES, ChunkCollision, apply_ordered
from isthmus.importing.match import Position
from isthmus.importing.plan import ImportPlan
from isthmus.importing.queries import QUERIES
from isthmus.importing.settle import bury_missing, settle

WAIT = "2s"
"""Between two looks whether to stop, while a chunk of somebody else is waited for."""

Seen = TypeVar("Seen")


@dataclass(frozen=True, kw_only=True)
class Staged:
    """Records in the stage, and where their run stands."""

    plan: ImportPlan
    after: Position = field(default_factory=Position)  # up to here they were applied before
    there: Collection[str] | None = None
    """Ids of records that a complete read left out because they are too young; None: the read was
    not complete, so nothing is missed."""


def counts(goal_run: GoalRun, connection: Connection[Any], staged: Staged) -> GoalCounts:
    """The counts with which the goal's run would end. Nothing of it is kept.

    `connection` is in no transaction, and `goal_run.counts` has what was applied before, with what
    is received in all; it stays as it is.
    """
    return rehearse(goal_run, connection, staged, lambda found: found)


def rehearse(
    goal_run: GoalRun,
    connection: Connection[Any],
    staged: Staged,
    look: Callable[[GoalCounts], Seen],
) -> Seen:
    """Do all that `counts` says, and give what `look` sees before it is rolled back.

    For as long as it merges it is the store's only chunk writer, as one long chunk: chunks of other
    imports wait. Profiles that it has changed are held until the end, and so `look` should be
    quick. Where somebody else changes what it works on, it is done again from the beginning.
    """
    plan = replace(staged.plan, rehearsed=True)
    with goal_run.step("merge"):
        ordering.order(connection, plan)
    for attempt in range(TRIES):
        trial = replace(
            goal_run,
            counts=GoalCounts.from_plain(goal_run.counts.plain()),
            fence=goal_run.fence.undone(),
        )
        try:
            return _tried(trial, connection, replace(staged, plan=plan), look)
        except COLLISIONS:
            time.sleep(min(0.05 * 2**attempt, 2.0))
            goal_run.check_stop()
    raise ChunkCollision


def _tried(
    goal_run: GoalRun,
    connection: Connection[Any],
    staged: Staged,
    look: Callable[[GoalCounts], Seen],
) -> Seen:
    with _writer(goal_run, connection) as let_go:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        try:
            with connection.transaction(force_rollback=True):
                _merge(goal_run, connection, staged)
                let_go()
                return look(goal_run.counts)
        finally:
            if connection.info.transaction_status == TransactionStatus.IDLE:
                connection.isolation_level = None


def _merge(goal_run: GoalRun, connection: Connection[Any], staged: Staged) -> None:
    plan = staged.plan
    connection.execute(QUERIES["make_rehearsed"])
    with goal_run.step("merge"):
        apply_ordered(goal_run, plan, connection, goal_run.counts.received, staged.after)
    if staged.there is not None:
        with goal_run.step("compare"):
            bury_missing(goal_run, plan, connection, there=staged.there)
            connection.execute(QUERIES["keep_buried"], {"run_goal": plan.run_goal})
    with goal_run.step("settle"):
        settle(goal_run, plan, connection)


@contextmanager
def _writer(goal_run: GoalRun, connection: Connection[Any]) -> Iterator[Callable[[], None]]:
    """Be the only chunk writer until the end, or until what it gives is called."""
    held = [True]

    def let_go() -> None:
        if held.pop():
            held.append(False)
            connection.execute(QUERIES["unlock_writer"])

    _lock(goal_run, connection)
    try:
        yield let_go
    finally:
        if held[0] and connection.info.transaction_status == TransactionStatus.IDLE:
            let_go()


def _lock(goal_run: GoalRun, connection: Connection[Any]) -> None:
    while True:
        goal_run.check_stop()
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
                connection.execute(QUERIES["lock_writer"])
        except LockNotAvailable:
            continue
        return
