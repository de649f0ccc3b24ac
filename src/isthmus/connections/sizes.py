"""How much a connection and a goal hold, in numbers that may take a moment to count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection as Session
from psycopg import sql

from isthmus.connections import exchange
from isthmus.connections.exchange import Unique
from isthmus.connections.models import Connection, Goal, RunGoal
from isthmus.profiles import database, statements

QUERIES = statements.load("isthmus.connections", "sizes.sql")

PATIENCE_MS = 1500
"""How long one number may take to count; what takes longer is estimated."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many there are."""

    number: int
    is_exact: bool  # else it is the database's estimate


@dataclass(frozen=True, kw_only=True)
class Losses:
    """What goes with a connection or a goal, and what of it stays."""

    goals: int
    runs: int
    links: Size
    exchanged: Unique | None  # profiles that are remembered to have been; None: that stays
    journal: Size  # rows on what happened to profiles; they stay


def losses_of_connection(connection: Connection) -> Losses:
    """What deleting the connection takes away."""
    goals = list(connection.goals.values_list("id", flat=True))
    parts = RunGoal.objects.filter(run__connection=connection).values_list("id", flat=True)
    with _session() as session:
        return Losses(
            goals=len(goals),
            runs=connection.runs.count(),
            links=_size(session, "links", {"goals": goals}),
            exchanged=exchange.unique(connection),
            journal=_size(session, "journal", {"run_goals": list(parts)}),
        )


def losses_of_goal(goal: Goal) -> Losses:
    """What deleting the goal takes away: its runs stay in the history of the connection."""
    parts: Sequence[int] = list(goal.runs.values_list("id", flat=True))
    with _session() as session:
        return Losses(
            goals=1,
            runs=goal.runs.filter(run__preview=False).count(),
            links=_size(session, "links", {"goals": [goal.id]}),
            exchanged=None,
            journal=_size(session, "journal", {"run_goals": parts}),
        )


def _session() -> Any:
    settings = f"-c statement_timeout={PATIENCE_MS}"
    return database.connected(application="isthmus sizes", settings=settings)


def _size(session: Session[Any], block: str, names: Mapping[str, Any]) -> Size:
    try:
        counting = sql.SQL("SELECT count(*) FROM ({}) AS each").format(QUERIES[block])
        row = session.execute(counting, names).fetchone()
        return Size(number=row[0] if row else 0, is_exact=True)
    except psycopg.errors.QueryCanceled:
        explaining = sql.SQL("EXPLAIN (FORMAT JSON) {}").format(QUERIES[block])
        row = session.execute(explaining, names).fetchone()
        return Size(number=int(row[0][0]["Plan"]["Plan Rows"]) if row else 0, is_exact=False)
