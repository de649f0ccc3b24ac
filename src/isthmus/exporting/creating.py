"""One export at a time creates records of an object in an org."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from isthmus.connections.runs import GoalRun
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.salesforce import JobState, NotFound

LOCK = 7301887
NAP_SECONDS = 0.5


@contextmanager
def alone(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> Iterator[None]:
    """Hold off other exports that create records of the object, for goals that create some.

    Two that look for a record at the same time would both miss it, and create it twice. The lock
    ends with the connection; what a process that died has left running in Salesforce is waited
    for, because its records are not there yet.
    """
    if not plan.definition.create_records:
        yield
        return
    names = [LOCK, f"{goal_run.connection.org_id} {plan.object.sobject}"]
    with goal_run.step("queue"):
        while not _try_lock(connection, names):
            goal_run.check_stop()
            time.sleep(NAP_SECONDS)
        _wait_for_jobs(goal_run, connection, plan)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", names)


def _try_lock(connection: Connection[Any], names: list[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", names).fetchone()
    return bool(row and row[0])


def _wait_for_jobs(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> None:
    names = {"goals": list(plan.org_goals), "goal": plan.goal, "object": plan.object.name}
    bulk = goal_run.salesforce.bulk_ingest
    for (job_id,) in connection.execute(QUERIES["jobs_of_others"], names).fetchall():
        try:
            # One that is open still has not begun, and is aborted by the goal that it belongs to.
            if bulk.get(job_id).state is not JobState.OPEN:
                bulk.wait(job_id, cancelled=goal_run.cancelled)
        except NotFound:
            continue
