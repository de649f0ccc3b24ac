"""Counts and outcomes of an export, and what is remembered for the next run."""

from typing import Any

from psycopg import Connection

from isthmus.connections.runs import GoalRun
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES


def finish(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> None:
    """Count each member's outcome; keep outcomes that are more than unchanged; drop the rows."""
    names = {"run_goal": plan.run_goal, "goal": plan.goal}
    with connection.transaction():
        connection.execute(QUERIES["take_outcomes"], names)
        for outcome, reason, members in connection.execute(QUERIES["count_outcomes"]):
            goal_run.counts.note(outcome, reason, members)
        row = connection.execute(QUERIES["count_problems"], names).fetchone()
        goal_run.counts.problems = row[0] if row else 0
        connection.execute(QUERIES["note_records"], names)
        connection.execute(QUERIES["keep_open"], names)
        connection.execute(QUERIES["forget_rows"], names)


def advance(goal_run: GoalRun, plan: ExportPlan) -> None:
    """The next run need not look at profiles that have not changed since this one began."""
    goal = goal_run.goal
    goal.read_until, goal.read_version = plan.started_at, plan.version
    goal.save(update_fields=["read_until", "read_version"])
