"""An import goal from plan to finish."""

from typing import Any

from psycopg import Connection
from psycopg.pq import TransactionStatus

from isthmus.connections.runs import GoalRun
from isthmus.importing import stage
from isthmus.importing.chunks import merge_all
from isthmus.importing.fetch import fetch
from isthmus.importing.plan import ImportPlan, plan_import
from isthmus.profiles import database

SETTINGS = "-c work_mem=128MB -c temp_buffers=64MB -c enable_mergejoin=on"


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
                merge_all(goal_run, plan, connection, received)
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
