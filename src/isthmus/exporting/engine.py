"""An export goal from plan to finish."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from isthmus.connections import guards
from isthmus.connections.errors import RunStopped, RunTakenOver
from isthmus.connections.guards import Size
from isthmus.connections.runs import GoalRun
from isthmus.errors import Final
from isthmus.exporting.begun import Begun
from isthmus.exporting.creating import alone
from isthmus.exporting.finish import advance, finish, tally
from isthmus.exporting.plan import ExportPlan, plan_export
from isthmus.exporting.prepare import prepare
from isthmus.exporting.preview import begin, preview_export
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.reconcile import Owner
from isthmus.exporting.send import send
from isthmus.exporting.settle import settle_interrupted
from isthmus.profiles import database
from isthmus.salesforce import WaitCancelled


class EndedBefore(Final):
    """The goal ended in this run before, and its process before it could say so."""


SETTINGS = "-c work_mem=128MB -c temp_buffers=128MB"


def run_export(goal_run: GoalRun) -> None:
    """Send what changed of the segment's profiles since it was last accepted.

    Can be called again for the same goal of the same run, wherever the last call ended: what
    Salesforce has said is kept with each row, what it was not heard of is asked first, and only
    rows that it has never begun are built and sent again.
    """
    with database.connected(application="isthmus export", settings=SETTINGS) as connection:
        if goal_run.preview:
            preview_export(goal_run, connection)
            return
        begun = Begun.of(goal_run, begin(connection), _covered(connection))
        with goal_run.step("plan"):
            plan = plan_export(goal_run, begun.started_at)
        goal_run.goal.save(update_fields=["slots"])
        if begun.failure:
            goal_run.counts = begun.counts()
            raise EndedBefore(begun.failure)
        if not begun.finished:
            with alone(goal_run, connection, plan):
                begun = _run(goal_run, connection, plan, begun)
    goal_run.counts = begun.counts()
    goal_run.counts.check(plan.label)
    if not goal_run.is_partial:
        advance(goal_run, begun)


def hear(goal_run: GoalRun) -> None:
    """Find out what became of the uploads that earlier runs of the goal left behind.

    Nothing is sent. Until it is known, an import would take what they wrote for changes by users.
    `goal_run` is the goal in one of those runs. Can be repeated.
    """
    with database.connected(application="isthmus export", settings=SETTINGS) as connection:
        begun = Begun.of(goal_run, begin(connection))
        plan = plan_export(goal_run, begun.started_at)
        goal_run.goal.save(update_fields=["slots"])
        with alone(goal_run, connection, plan):
            settle_interrupted(goal_run, connection, plan, Owner.of(plan, begun.version))


def _covered(connection: Connection[Any]) -> datetime:
    """Up to when no change can appear any more: it is stamped when its transaction begins."""
    row = connection.execute(QUERIES["covered"]).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    moment: datetime = row[0]
    return moment


def _check_size(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, begun: Begun
) -> None:
    """Raise `NeedsYes` where the rows are too many to be sent without one."""
    if guards.limit(goal_run) is None:
        return
    row = connection.execute(QUERIES["count_rows_of_run"], {"run_goal": plan.run_goal}).fetchone()
    created, updated = row or (0, 0)
    members = begun.counts().received
    guards.check(goal_run, Size(created=created, updated=updated, of=members))


def _run(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, begun: Begun) -> Begun:
    with goal_run.step("settle"):
        settle_interrupted(goal_run, connection, plan, Owner.of(plan, begun.version))
    begun = prepare(goal_run, connection, plan, begun)
    _check_size(goal_run, connection, plan, begun)
    failure: Final | None = None
    try:
        with goal_run.step("send"):
            send(goal_run, connection, plan, begun)
    except (RunStopped, RunTakenOver, WaitCancelled):
        raise
    except Final as error:
        failure = error
    finally:
        tally(goal_run, connection, plan, begun)
    with goal_run.step("finish"):
        begun = finish(goal_run, connection, plan, begun, str(failure or ""))
    if failure:
        raise failure
    return begun
