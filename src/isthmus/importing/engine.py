"""An import goal from plan to finish."""

from typing import Any

from psycopg import Connection

from isthmus.connections.runs import GoalRun
from isthmus.importing import begun, measuring, stage
from isthmus.importing.chunks import merge_all
from isthmus.importing.fetch import delete_jobs, fetch, ids_too_young
from isthmus.importing.plan import ImportPlan
from isthmus.importing.preview import preview_import
from isthmus.importing.settle import bury_missing, settle
from isthmus.profiles import database

SETTINGS = "-c work_mem=128MB -c temp_buffers=64MB -c enable_memoize=off"


def run_import(goal_run: GoalRun) -> None:
    """Read what changed since the last good run and bring it into profiles.

    Safe to call again for the same run, after any error and by any process: what was planned,
    asked, staged and applied is written down, and it goes on from there. A chunk is one transaction
    with the position that it reaches and the counts up to it. The stage stays until the end.
    """
    with database.connected(application="isthmus import", settings=SETTINGS) as connection:
        if goal_run.preview:
            preview_import(goal_run, connection)
            return
        so_far = begun.read(connection, goal_run.run_goal.id)
        goal_run.counts = so_far.counts
        if not so_far.ended:
            _import(goal_run, connection, so_far)
        stage.drop(connection, goal_run.run_goal.id)


def _import(goal_run: GoalRun, connection: Connection[Any], so_far: begun.Begun) -> None:
    with goal_run.step("plan"):
        plan = begun.plan_on(goal_run, connection, so_far)
    if plan.shape != so_far.shape:
        so_far = begun.Begun()
        goal_run.counts = so_far.counts
    complete = fetch(goal_run, plan, connection)
    position, counts = so_far.position, goal_run.counts
    behind = stage.rows_behind(connection, plan.run_goal, position.stamp, position.record_id)
    counts.received = counts.accounted + behind
    if not counts.accounted:
        measuring.check(goal_run, plan, connection, whole=complete)
    with goal_run.step("merge"):
        merge_all(goal_run, plan, connection, counts.received, after=position)
    if complete:
        with goal_run.step("compare"):
            _bury(goal_run, plan, connection)
    if plan.is_partial:
        _say_where_none(goal_run, plan)
    else:
        with goal_run.step("settle"):
            settle(goal_run, plan, connection)
    goal_run.counts.check(plan.label)
    delete_jobs(goal_run, begun.end(goal_run, plan, connection))


def _say_where_none(goal_run: GoalRun, plan: ImportPlan) -> None:
    """A person who named one record is told where it is not among those that the goal reads."""
    if plan.only and not goal_run.counts.received:
        goal_run.warn(
            f"Salesforce has no record {plan.only} among those that this goal reads "
            f"({plan.object.name}). It may have been deleted for good, or this user can't see it."
        )


def _bury(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> None:
    young = ids_too_young(goal_run, plan)
    if young is not None:
        bury_missing(goal_run, plan, connection, there=young)
