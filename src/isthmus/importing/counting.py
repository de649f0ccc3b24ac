"""How many records Salesforce counts, beside those that it sent."""

from isthmus.connections.runs import GoalRun
from isthmus.importing.errors import RecordsMissing
from isthmus.importing.import_queries import ImportQuery
from isthmus.importing.plan import ImportPlan
from isthmus.salesforce import (
    NotPermitted,
    QueryRefused,
    QueryTimedOut,
    RequestRefused,
)

NOT_COUNTABLE = (QueryTimedOut, QueryRefused, RequestRefused, NotPermitted)
"""Where Salesforce does not count, the job's own figure has to do."""


def count_before(goal_run: GoalRun, plan: ImportPlan, query: ImportQuery) -> int | None:
    """How many records an increment has; None where it is not asked: all are read, or by id."""
    if plan.is_partial:
        return None
    if plan.window_from is None or query.by_id or query.job_id is not None or query.level:
        return None
    return _count(goal_run, plan, query)


def count_after(
    goal_run: GoalRun, plan: ImportPlan, query: ImportQuery, expected: int | None
) -> int | None:
    """How many records there are, asked while the pages of a complete job are coming."""
    if plan.is_partial:
        return None
    if expected is not None or query.by_id:
        return expected
    return _count(goal_run, plan, query)


def check(
    goal_run: GoalRun, plan: ImportPlan, query: ImportQuery, records: int, least: int | None
) -> bool:
    """Whether the records that were read are all that Salesforce counts; None: it did not count.

    Records leave a window when they change, so fewer may be right: then it is counted again. Raises
    `RecordsMissing` where both counts say more than what was read.
    """
    if least is None:
        return False
    if records < least:
        least = _count(goal_run, plan, query)
        if least is not None and records < least:
            raise RecordsMissing(
                f"{plan.label}: {records:,} records arrived, and Salesforce counts {least:,} of "
                f"them. Nothing was applied; it is asked again."
            )
    return least is not None


def _count(goal_run: GoalRun, plan: ImportPlan, query: ImportQuery) -> int | None:
    soql = plan.count_where(*query.conditions)
    try:
        return goal_run.salesforce.count(soql, deleted=True)
    except NOT_COUNTABLE:
        return None
