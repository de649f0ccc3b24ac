"""Records from Salesforce into the stage: few by REST, many by Bulk queries."""

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

from psycopg import Connection

from isthmus.connections import results
from isthmus.connections.runs import GoalRun
from isthmus.importing import counting, import_queries, rest_pages, slices, stage
from isthmus.importing.errors import JobLost, RecordsMissing
from isthmus.importing.import_queries import ImportQuery
from isthmus.importing.plan import ImportPlan, soql_time
from isthmus.profiles import database
from isthmus.salesforce import (
    BulkJobAborted,
    BulkJobBroken,
    BulkJobRefused,
    BulkJobTimedOut,
    NotFound,
    QueryJob,
    QueryTimedOut,
    SalesforceError,
    WaitCancelled,
)

log = logging.getLogger("isthmus.importing")

PARALLEL_PAGES = 2
SMALL_INCREMENT = 2_000
"""Up to so many changed records are read by REST: a Bulk job takes more calls, and seconds."""

MOST_YOUNG = 200_000
"""Ids of records that changed during a full read; where there are more, nothing is compared."""

TRIES = 3
"""How often all is asked anew in one go because what came of it was of no use."""


class _OfNoUse(Exception):
    """A job's result can't be used, and another job may give a better one."""


def fetch(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> bool:
    """Bring all records of the plan's queries into the stage.

    Returns whether they are all there are: everything was read, and Salesforce counts no more.
    What is staged already stays. Jobs that nobody knows (the answer was lost, or the process ended
    before it wrote the id down) only read, and Salesforce removes them after seven days.
    """
    stage.create(connection, plan.run_goal, plan.columns)
    for attempt in range(1, TRIES + 1):
        try:
            _fetch_all(goal_run, plan, connection)
            break
        except _OfNoUse as error:
            import_queries.start_over(connection, goal_run.fence, plan)
            cause = error.__cause__
            log.info("%s: asked anew, because of: %s", plan.label, cause)
            if attempt == TRIES or isinstance(cause, BulkJobRefused):
                raise _told(cause, plan) from cause
    _warn_of_spoilt(goal_run, plan, connection)
    if plan.first is not None:
        # Each query gave its oldest records; the oldest of them all are meant.
        stage.keep_oldest(connection, plan.run_goal, plan.first)
    if plan.is_partial:
        return False
    queries = import_queries.all_of(connection, plan.run_goal)
    return plan.window_from is None and all(query.counted for query in queries)


def _warn_of_spoilt(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> None:
    spoilt = stage.spoilt_bytes(connection, plan.run_goal)
    if spoilt:
        goal_run.warn(
            f"{plan.label}: {spoilt:,} bytes are no text (byte 0, or not UTF-8). Byte 0 was left "
            f"out, others are shown as \ufffd; correct the values in Salesforce."
        )


def _told(cause: BaseException | None, plan: ImportPlan) -> BaseException:
    if isinstance(cause, NotFound):
        return JobLost(
            f"{plan.label}: Salesforce forgot its own jobs {TRIES} times before their results were "
            f"fetched ({cause}). Nothing of them was applied; it is tried again."
        )
    assert cause is not None  # noqa: S101 - it is always raised from something
    return cause


@contextmanager
def _useful() -> Iterator[None]:
    try:
        yield
    except BulkJobTimedOut:
        raise
    except (NotFound, BulkJobBroken, BulkJobRefused, BulkJobAborted, RecordsMissing) as error:
        raise _OfNoUse from error


def _fetch_all(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> None:
    while not all(
        _fetch_or_narrow(goal_run, plan, connection, query)
        for query in import_queries.all_of(connection, plan.run_goal)
    ):
        pass  # Some query was replaced by several.
    with _useful(), goal_run.step("check"):
        # One page holds what it says it holds; only of several can one stand for another.
        several = stage.pages(connection, plan.run_goal) > 1
        if several and stage.has_doubles(connection, plan.run_goal):
            raise RecordsMissing(
                f"{plan.label}: Salesforce sent some records twice, so that others may be missing. "
                f"Nothing was applied; it is asked again."
            )


def _fetch_or_narrow(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], query: ImportQuery
) -> bool:
    """Fetch a query's records; where Salesforce takes too long, ask for ranges and say False."""
    try:
        with _useful():
            _fetch_query(goal_run, plan, connection, query)
    except (QueryTimedOut, BulkJobTimedOut) as error:
        slices.narrow(goal_run, plan, connection, query, error)
        return False
    return True


def _fetch_query(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], query: ImportQuery
) -> None:
    staged = stage.staged_of(connection, plan.run_goal, query.id)
    if query.records is not None and staged == query.records:
        return
    if query.job_id is None and staged is not None:
        # Read by REST, and the process ended before it wrote that down.
        import_queries.keep_staged(connection, query, staged, counted=True)
        return
    expected = counting.count_before(goal_run, plan, query)
    if _by_rest(plan, query, expected):
        with goal_run.step("download"):
            records = rest_pages.fetch(goal_run, plan, query, expected)
        counted = True
    else:
        records, counted = _fetch_bulk(goal_run, plan, connection, query, expected)
    import_queries.keep_staged(connection, query, records, counted=counted)
    goal_run.progress("download", stage.staged(connection, plan.run_goal))


def _by_rest(plan: ImportPlan, query: ImportQuery, expected: int | None) -> bool:
    if query.job_id is not None or not SMALL_INCREMENT:
        return False
    if plan.first is not None and plan.first <= SMALL_INCREMENT:
        # However many ids are named: the address would be too long for many.
        return not query.by_id or query.few
    return query.few or (expected is not None and expected <= SMALL_INCREMENT)


def _fetch_bulk(
    goal_run: GoalRun,
    plan: ImportPlan,
    connection: Connection[Any],
    query: ImportQuery,
    expected: int | None,
) -> tuple[int, bool]:
    """The records of a query and whether Salesforce counts no more of them."""
    with goal_run.step("ask"):
        job = _complete_job(goal_run, plan, connection, query)
    with goal_run.step("download"), ThreadPoolExecutor(1, "count") as counts:
        counted = counts.submit(counting.count_after, goal_run, plan, query, expected)
        records = _fetch_pages(goal_run, plan, connection, query, job)
        least = counted.result()
    if records != job.records_processed:
        raise RecordsMissing(
            f"{plan.label}: Salesforce's job {job.id} has {job.records_processed:,} records and "
            f"{records:,} arrived. Nothing was applied; it is asked again."
        )
    return records, counting.check(goal_run, plan, query, records, least)


def _complete_job(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], query: ImportQuery
) -> QueryJob:
    bulk = goal_run.salesforce.bulk_query
    job_id = query.job_id
    if job_id is None:
        job_id = bulk.create(plan.query_where(*query.conditions), deleted=True).id
        import_queries.keep_job(connection, goal_run.fence, query, job_id)
        goal_run.note_job(job_id)
    return bulk.wait(job_id, cancelled=goal_run.cancelled)


def _fetch_pages(
    goal_run: GoalRun,
    plan: ImportPlan,
    connection: Connection[Any],
    query: ImportQuery,
    job: QueryJob,
) -> int:
    """All pages into the stage, several at a time; how many records of the query are in."""
    before = stage.staged(connection, plan.run_goal)
    listed = goal_run.salesforce.bulk_query.pages(job.id)
    fetch_page = partial(_fetch_page, goal_run, plan, query, job.id)
    received = 0
    with ThreadPoolExecutor(PARALLEL_PAGES, "page") as threads:
        pages = (threads.submit(fetch_page, page.locator) for page in listed)
        for rows in _in_turn(pages, 2 * PARALLEL_PAGES):
            received += rows
            goal_run.progress("download", before + received)
            goal_run.check_stop()
    return stage.staged_of(connection, plan.run_goal, query.id) or 0


def _in_turn(pages: Iterator["Future[int]"], ahead: int) -> Iterator[int]:
    """What each page gives, with so many of them begun ahead.

    Where one fails or nobody asks for the next, those not begun are left.
    """
    waiting = list(islice(pages, ahead))
    try:
        while waiting:
            yield waiting.pop(0).result()
            waiting += islice(pages, 1)
    finally:
        for page in waiting:
            page.cancel()


def _fetch_page(
    goal_run: GoalRun, plan: ImportPlan, query: ImportQuery, job_id: str, locator: str | None
) -> int:
    """One page into the stage; a cut one is asked for again by the same locator."""
    return results.again_where_cut(
        partial(_fetch_page_once, goal_run, plan, query, job_id, locator)
    )


def _fetch_page_once(
    goal_run: GoalRun, plan: ImportPlan, query: ImportQuery, job_id: str, locator: str | None
) -> int:
    """The rows of a page that is in, now or before; its note is written with them."""
    name = f"{job_id} {locator or ''}"
    with database.connected(application="isthmus page") as connection, connection.transaction():
        rows = stage.rows_of_page(connection, plan.run_goal, query.id, name)
        if rows is not None:
            return rows
        with goal_run.salesforce.bulk_query.page(job_id, locator) as page:
            spoilt = results.Spoilt()
            rows = stage.copy_page(connection, plan.run_goal, plan.columns, page, spoilt)
        # Last, so that the run's row is not held while a page is coming.
        goal_run.fence.check(connection)
        stage.note_page(connection, plan.run_goal, query.id, name, rows, spoilt.bytes)
        return rows


def ids_too_young(goal_run: GoalRun, plan: ImportPlan) -> set[str] | None:
    """Records that a full read left to the next run; None where they are too many to compare."""
    soql = plan.ids_where(f"SystemModstamp >= {soql_time(plan.window_to)}")
    try:
        found = goal_run.salesforce.query_all(soql)
        ids = {str(record["Id"]) for record in islice(found, MOST_YOUNG + 1)}
    except WaitCancelled:
        raise
    except QueryTimedOut:
        return None
    return ids if len(ids) <= MOST_YOUNG else None


def delete_jobs(goal_run: GoalRun, jobs: list[str]) -> None:
    """Spare Salesforce the results: it keeps them for seven days otherwise, which does no harm."""
    for job_id in jobs:
        try:
            goal_run.salesforce.bulk_query.delete(job_id)
        except SalesforceError as error:
            log.info("job %s was not deleted: %s", job_id, error)
            return
