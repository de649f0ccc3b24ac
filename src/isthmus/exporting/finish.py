"""Counts of an export, and what is remembered for the next run."""

from dataclasses import replace
from typing import Any

from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.exporting.begun import Begun
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES

NOT_SENT = "The run ended before the row was sent. The next run sends it."


def finish(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, begun: Begun, failure: str
) -> Begun:
    """Close the account of the rows: each has an outcome, and is forgotten.

    `failure` says why the goal ends without having sent all; empty where it has.
    """
    names = {"run_goal": plan.run_goal, "goal": plan.goal, "operation": None, "part": None}
    with connection.transaction():
        goal_run.fence.check(connection)
        connection.execute(
            QUERIES["give_up"],
            {**names, "outcome": None, "reason": "not_sent", "message": NOT_SENT},
        )
        counts = _counts(connection, plan, begun)
        begun = replace(begun, decided=counts.plain(), finished=not failure, failure=failure)
        connection.execute(
            QUERIES["finish_goal"],
            {"begun": Jsonb(begun.plain()), "counts": Jsonb(counts.plain()), **names},
        )
        connection.execute(QUERIES["keep_open"], names)
        connection.execute(QUERIES["forget_rows"], names)
    goal_run.run_goal.begun = begun.plain()
    goal_run.counts = counts
    return begun


def tally(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, begun: Begun) -> None:
    """Give the run the counts as they stand: of members without rows, and of rows by outcome.

    Where the connection was interrupted in the middle of something, it is left to the next call.
    """
    if connection.info.transaction_status == TransactionStatus.IDLE:
        goal_run.counts = _counts(connection, plan, begun)


def _counts(connection: Connection[Any], plan: ExportPlan, begun: Begun) -> GoalCounts:
    counts = begun.counts()
    names = {"run_goal": plan.run_goal}
    for outcome, reason, members in connection.execute(QUERIES["count_rows"], names):
        counts.note(outcome, reason, members)
    row = connection.execute(QUERIES["count_problems"], names).fetchone()
    counts.problems = row[0] if row else 0
    return counts


def advance(goal_run: GoalRun, begun: Begun) -> None:
    """The next run need not look at profiles that have not changed since this one began."""
    goal = goal_run.goal
    goal.read_until, goal.read_version = begun.covered, begun.version
    goal.save(update_fields=["read_until", "read_version"])
