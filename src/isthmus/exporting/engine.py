"""An export goal from plan to finish."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from isthmus.connections.runs import GoalRun
from isthmus.exporting.diff import diff
from isthmus.exporting.finish import advance, finish
from isthmus.exporting.match import match
from isthmus.exporting.plan import ExportPlan, plan_export
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.reconcile import Owner, settle_interrupted
from isthmus.exporting.select import select
from isthmus.exporting.send import send
from isthmus.profiles import database
from isthmus.salesforce import BulkJobAborted, BulkJobFailed

SETTINGS = "-c work_mem=128MB -c temp_buffers=128MB"


def run_export(goal_run: GoalRun) -> None:
    """Send what changed of the segment's profiles since it was last accepted.

    Safe to repeat at any point: what was accepted is known by the hashes in the links, and what
    an interrupted run left open is asked of Salesforce first.
    """
    with database.connected(application="isthmus export", settings=SETTINGS) as connection:
        with goal_run.step("plan"):
            plan = plan_export(goal_run, _now(connection))
        goal_run.goal.save(update_fields=["slots"])
        settle_interrupted(goal_run, connection, Owner.of(plan))
        _run(goal_run, connection, plan)


def _now(connection: Connection[Any]) -> datetime:
    row = connection.execute("SELECT now()").fetchone()
    assert row is not None  # noqa: S101 - SELECT now() has a row
    moment: datetime = row[0]
    return moment


def _run(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> None:
    if plan.definition.create_records:
        # Two exports that look for a record at the same time would both miss it, and create it
        # twice. The lock ends with the connection.
        name = f"{goal_run.connection.org_id} {plan.object.sobject}"
        connection.execute("SELECT pg_advisory_lock(7301884, hashtext(%s))", [name])
    with goal_run.step("select"):
        goal_run.counts.received = select(connection, plan)
    with goal_run.step("match"):
        match(goal_run, connection, plan)
    with goal_run.step("compare"):
        diff(connection, plan)
    failure: BulkJobFailed | BulkJobAborted | None = None
    try:
        with goal_run.step("send"):
            send(goal_run, connection, plan)
    except (BulkJobFailed, BulkJobAborted) as error:
        failure = error
    with goal_run.step("finish"):
        finish(goal_run, connection, plan)
        connection.execute(QUERIES["drop_tables"])
    if failure:
        raise failure
    goal_run.counts.check(plan.label)
    advance(goal_run, plan)
