"""Records from Salesforce into the stage, by Bulk queries."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from psycopg import Connection

from isthmus.connections import results
from isthmus.connections.errors import CountMismatch
from isthmus.connections.runs import GoalRun
from isthmus.importing import stage
from isthmus.importing.plan import ImportPlan, soql_time
from isthmus.importing.queries import QUERIES
from isthmus.profiles import database
from isthmus.salesforce import Salesforce

PARALLEL_PAGES = 2
IDS_PER_JOB = 3_000
"""Record ids in one SOQL text, which may have 100,000 characters."""

MOST_REREAD = 20_000
"""Above that many records to read again by id, reading everything once is cheaper."""


def fetch(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> int:
    """Copy all records of the plan's queries into the stage and return how many there are."""
    stage.create(connection, plan.run_goal, plan.columns)
    received = 0
    for soql in _queries(plan, connection):
        received += _fetch_query(goal_run, plan, soql)
    with goal_run.step("order"):
        stage.order(connection, plan.run_goal)
    return received


def _queries(plan: ImportPlan, connection: Connection[Any]) -> Iterator[str]:
    if plan.window_from is None:
        yield plan.query
        return
    waiting = [
        record_id for (record_id,) in connection.execute(QUERIES["waiting"], {"goal": plan.goal})
    ]
    if len(waiting) > MOST_REREAD:
        yield plan.query_where(f"SystemModstamp < {soql_time(plan.window_to)}")
        return
    yield plan.query
    for start in range(0, len(waiting), IDS_PER_JOB):
        ids = ", ".join(f"'{record_id}'" for record_id in waiting[start : start + IDS_PER_JOB])
        before = f"SystemModstamp < {soql_time(plan.window_from)}"
        yield plan.query_where(f"Id IN ({ids})", before)


def _fetch_query(goal_run: GoalRun, plan: ImportPlan, soql: str) -> int:
    bulk = goal_run.salesforce.bulk_query
    with goal_run.step("ask"):
        job = bulk.create(soql, deleted=True)
        goal_run.note_job(job.id)
        job = bulk.wait(job.id, cancelled=goal_run.cancelled)
    with goal_run.step("download"):
        received = _fetch_pages(goal_run, plan, job.id)
    if received != job.records_processed:
        raise CountMismatch(
            f"{plan.label}: Salesforce's job {job.id} has {job.records_processed:,} records and "
            f"{received:,} arrived. Nothing was applied; run it again."
        )
    bulk.delete(job.id)
    return received


def _fetch_pages(goal_run: GoalRun, plan: ImportPlan, job_id: str) -> int:
    received = 0
    with ThreadPoolExecutor(PARALLEL_PAGES, "page") as threads:
        locators = (page.locator for page in goal_run.salesforce.bulk_query.pages(job_id))
        pages = threads.map(partial(_fetch_page, goal_run.salesforce, plan, job_id), locators)
        for rows in pages:
            received += rows
            goal_run.progress("download", received)
            goal_run.check_stop()
    return received


def _fetch_page(salesforce: Salesforce, plan: ImportPlan, job_id: str, locator: str | None) -> int:
    """One page into the stage; a cut one is asked for again by the same locator."""
    return results.again_where_cut(partial(_fetch_page_once, salesforce, plan, job_id, locator))


def _fetch_page_once(
    salesforce: Salesforce, plan: ImportPlan, job_id: str, locator: str | None
) -> int:
    note = f"{job_id} {locator or ''}"
    with database.connected(application="isthmus page") as connection, connection.transaction():
        rows = stage.rows_of_page(connection, plan.run_goal, note)
        if rows is None:
            with salesforce.bulk_query.page(job_id, locator) as page:
                rows = stage.copy_page(connection, plan.run_goal, plan.columns, page)
            stage.note_page(connection, plan.run_goal, note, rows)
        return rows
