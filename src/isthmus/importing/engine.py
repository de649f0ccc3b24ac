"""An import goal from plan to finish."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.pq import TransactionStatus

from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.errors import Retryable
from isthmus.importing import finish, match, merge, stage
from isthmus.importing.fetch import fetch
from isthmus.importing.match import Position
from isthmus.importing.plan import ImportPlan, plan_import
from isthmus.importing.queries import QUERIES
from isthmus.importing.sums import refuse_overflow
from isthmus.profiles import database

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

SETTINGS = "-c work_mem=128MB -c temp_buffers=64MB -c enable_mergejoin=on"


class ChunkCollision(Retryable):
    """Other work kept changing the same profiles. Nothing is lost: run it again."""


def run_import(goal_run: GoalRun) -> None:
    """Read what changed since the last good run and bring it into profiles.

    Safe to repeat at any point: a chunk is one transaction with the position that it reaches,
    and a record that was applied is known by its link and skipped when it is read again.
    """
    with goal_run.step("plan"):
        plan = plan_import(goal_run)
    _note_plan(goal_run, plan)
    with database.connected(application="isthmus import", settings=SETTINGS) as connection:
        try:
            received = goal_run.counts.received = fetch(goal_run, plan, connection)
            with goal_run.step("merge"):
                _merge_all(goal_run, plan, connection, received)
        finally:
            _clean_up(connection, plan)
    goal_run.counts.check(plan.label)
    _advance(goal_run, plan)


def _note_plan(goal_run: GoalRun, plan: ImportPlan) -> None:
    for warning in plan.warnings:
        goal_run.warn(warning)
    goal_run.goal.save(update_fields=["slots"])
    row = goal_run.run_goal
    row.window_from, row.window_to = plan.window_from, plan.window_to
    row.save()


def _clean_up(connection: Connection[Any], plan: ImportPlan) -> None:
    # An interrupt may leave the connection in the middle of something; the next run cleans up.
    if connection.info.transaction_status == TransactionStatus.IDLE:
        stage.drop(connection, plan.run_goal)


def _advance(goal_run: GoalRun, plan: ImportPlan) -> None:
    goal = goal_run.goal
    goal.read_until, goal.read_version = plan.window_to, plan.version
    goal.save(update_fields=["read_until", "read_version"])


def _merge_all(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], received: int
) -> None:
    match.prepare(connection)
    position, size = Position(), FIRST_CHUNK
    while True:
        started = time.monotonic()
        reached = _merge_chunk(goal_run, plan, connection, position, size)
        if reached is None:
            return
        position = reached
        size = _next_size(size, time.monotonic() - started)
        goal_run.progress("merge", goal_run.counts.accounted, received)
        goal_run.check_stop()


def _next_size(size: int, seconds: float) -> int:
    """Grow or shrink towards the length that a chunk should have, at most by half or double."""
    wanted = size * min(2.0, max(0.5, CHUNK_SECONDS / max(seconds, 0.01)))
    return int(min(LARGEST_CHUNK, max(SMALLEST_CHUNK, wanted)))


def _merge_chunk(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], after: Position, size: int
) -> Position | None:
    """Apply one chunk, again where it collides; None where nothing is left."""
    for attempt in range(TRIES):
        # Counts are taken over only once the chunk is committed.
        counts = GoalCounts.from_plain(goal_run.counts.plain())
        try:
            with _writing(connection):
                position = _apply(plan, connection, after, size, counts)
        except COLLISIONS:
            time.sleep(min(0.05 * 2**attempt, 2.0))
            continue
        goal_run.counts = counts
        return position
    raise ChunkCollision


@contextmanager
def _writing(connection: Connection[Any]) -> Iterator[None]:
    """A transaction of the only chunk writer of the store.

    The lock is taken before the transaction: its snapshot must see what the writer before did.
    """
    connection.execute(QUERIES["lock_writer"])
    try:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            yield
    finally:
        if connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute(QUERIES["unlock_writer"])


def _apply(
    plan: ImportPlan, connection: Connection[Any], after: Position, size: int, counts: GoalCounts
) -> Position | None:
    if not match.take(connection, plan, after, size):
        return None
    match.match(connection, plan, partial(refuse_overflow, connection, plan))
    locked = connection.execute(QUERIES["lock_profiles"]).fetchone()
    if locked and locked[0] != locked[1]:
        raise psycopg.errors.SerializationFailure("a profile went away")
    merge.merge(connection, plan)
    return finish.finish_chunk(connection, plan, counts)
