"""The staged records into profiles, a chunk at a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg import Connection, IsolationLevel, sql
from psycopg.pq import TransactionStatus

from isthmus.connections import exchange
from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.errors import Retryable
from isthmus.importing import finish, match, merge, ordering
from isthmus.importing.match import Position
from isthmus.importing.plan import ImportPlan
from isthmus.importing.queries import QUERIES
from isthmus.importing.sums import refuse_overflow
from isthmus.profiles import merging

FIRST_CHUNK, SMALLEST_CHUNK, LARGEST_CHUNK = 5_000, 500, 40_000
"""Records. A chunk holds locks, so it should take about a second or two."""

CHUNK_SECONDS = 1.5
TRIES = 10

COLLISIONS = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
)
"""Somebody else changed what the chunk works on: it is done again, on what is there now."""


START = Position()

Done = TypeVar("Done")


class ChunkCollision(Retryable):
    """Other work kept changing the same profiles. Nothing is lost: run it again."""


def merge_all(
    goal_run: GoalRun,
    plan: ImportPlan,
    connection: Connection[Any],
    received: int,
    after: Position = START,
) -> None:
    """Apply the staged records behind a position, in the order of (stamp, id).

    Safe to repeat at any point: a chunk is one transaction with the position that it reaches.
    """
    ordering.order(connection, plan)
    apply_ordered(goal_run, plan, connection, received, after)
    ordering.drop(connection, plan)


def apply_ordered(
    goal_run: GoalRun,
    plan: ImportPlan,
    connection: Connection[Any],
    received: int,
    after: Position = START,
) -> None:
    """The same, of records that are in their order already."""
    match.prepare(connection, plan)
    last, size = match.start_after(connection, plan, after), FIRST_CHUNK
    while True:
        started = time.monotonic()
        reached = _merge_chunk(goal_run, plan, connection, last, size)
        if reached is None:
            break
        last = reached
        size = _next_size(size, time.monotonic() - started)
        goal_run.progress("merge", goal_run.counts.accounted, received)
        goal_run.check_stop()


def _next_size(size: int, seconds: float) -> int:
    """Grow or shrink towards the length that a chunk should have, at most by half or double."""
    wanted = size * min(2.0, max(0.5, CHUNK_SECONDS / max(seconds, 0.01)))
    return int(min(LARGEST_CHUNK, max(SMALLEST_CHUNK, wanted)))


def _merge_chunk(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], after: int, size: int
) -> int | None:
    """Apply one chunk; None where nothing is left.

    A profile that would no longer fit a database row fails the whole chunk. Halves of it are tried
    until the record stands alone, and it alone fails.
    """
    try:
        return in_chunk(goal_run, connection, partial(_apply, plan, connection, after, size))
    except psycopg.errors.ProgramLimitExceeded:
        if size > 1:
            return _merge_chunk(goal_run, plan, connection, after, size // 2)
    return in_chunk(goal_run, connection, partial(_fail, plan, connection, after))


def in_chunk(
    goal_run: GoalRun,
    connection: Connection[Any],
    work: Callable[[GoalCounts], Done],
    *,
    merges: bool = False,
) -> Done:
    """Do `work` in the transaction of a chunk, again where it collides; what it returned.

    `work` is given the goal's counts so far and adds to them; they are taken over only once the
    transaction is committed. Raises `ChunkCollision` where it collides every time.

    In a transaction that is open already (a rehearsal) the chunk is a part of that, and a collision
    is met by whoever opened it.

    `merges`: the work makes one profile of several.
    """
    if connection.info.transaction_status == TransactionStatus.INTRANS:
        return _rehearsed(goal_run, connection, work)
    for attempt in range(TRIES):
        counts = GoalCounts.from_plain(goal_run.counts.plain())
        try:
            with _writing(connection, merges=merges):
                goal_run.fence.check(connection)
                done = work(counts)
        except COLLISIONS:
            time.sleep(min(0.05 * 2**attempt, 2.0))
            continue
        goal_run.counts = counts
        return done
    raise ChunkCollision


def _rehearsed(
    goal_run: GoalRun, connection: Connection[Any], work: Callable[[GoalCounts], Done]
) -> Done:
    counts = GoalCounts.from_plain(goal_run.counts.plain())
    with connection.transaction():
        done = work(counts)
        connection.execute(QUERIES["keep_rehearsed"])
        # What a commit would empty.
        for (table,) in connection.execute(QUERIES["emptied_at_commit"]).fetchall():
            connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
    goal_run.counts = counts
    return done


@contextmanager
def _writing(connection: Connection[Any], *, merges: bool) -> Iterator[None]:
    """A transaction of the only chunk writer of the store.

    The locks are taken before the transaction: its snapshot must see what the writer before did,
    and where it merges also what exports gave to the profiles.
    """
    connection.execute(QUERIES["lock_writer"])
    try:
        with merging.changing_owners(connection) if merges else nullcontext():
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            with connection.transaction():
                yield
    finally:
        if connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute(QUERIES["unlock_writer"])


def _apply(
    plan: ImportPlan, connection: Connection[Any], after: int, size: int, counts: GoalCounts
) -> int | None:
    within = match.bounds(connection, plan, after, size)
    if not match.take(connection, plan, within):
        return None
    match.match(connection, plan, within, partial(refuse_overflow, connection, plan))
    day = exchange.today(plan.zone)
    merge.merge(connection, plan, day)
    return finish.finish_chunk(connection, plan, counts, day)


def _fail(plan: ImportPlan, connection: Connection[Any], after: int, counts: GoalCounts) -> int:
    """Leave one record out, which makes its profile too large."""
    match.take(connection, plan, match.bounds(connection, plan, after, 1))
    connection.execute(QUERIES["fail_too_large"])
    connection.execute(QUERIES["note_too_large"], {"run_goal": plan.run_goal})
    return finish.finish_chunk(connection, plan, counts, exchange.today(plan.zone))
