"""The queries of one goal's run, written down before Salesforce is asked.

They are logged, unlike the stage: after a crash of the database the same jobs give the same pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from isthmus.connections.fences import Fence
from isthmus.importing import stage
from isthmus.importing.plan import ImportPlan, soql_time
from isthmus.importing.queries import FETCHING, QUERIES

IDS_PER_JOB = 3_000
"""Record ids in one SOQL text, which may have 100,000 characters."""

IDS_PER_CALL = 200
"""Record ids in one query by REST, whose address may have 16,384 bytes with the headers."""

FEW_IDS = 400
"""Up to so many records to read again are read by REST."""

MOST_REREAD = 20_000
"""Above that many records to read again by id, reading everything once is cheaper."""


@dataclass(frozen=True, kw_only=True)
class ImportQuery:
    """One query, and how far it is."""

    id: int
    condition: str  # SOQL beside the goal's own condition
    by_id: bool  # reads named records
    low: str | None  # lowest record id
    high: str | None  # the record id behind the highest
    level: int  # how often it was narrowed down
    job_id: str | None
    records: int | None  # all are staged, and so many
    counted: bool  # Salesforce was asked how many there are: not more

    @property
    def conditions(self) -> tuple[str, ...]:
        """All SOQL conditions beside the goal's own."""
        low = f"Id >= '{self.low}'" if self.low else ""
        high = f"Id < '{self.high}'" if self.high else ""
        return tuple(filter(None, (self.condition, low, high)))

    @property
    def few(self) -> bool:
        """Whether it reads so few records by id that REST is quicker than a job."""
        return self.by_id and self.condition.count(",") < IDS_PER_CALL


def add_all(connection: Connection[Any], plan: ImportPlan) -> None:
    """Write down what the plan asks."""
    for condition, by_id in _conditions(connection, plan):
        add(connection, plan, condition, by_id=by_id)


def add(
    connection: Connection[Any],
    plan: ImportPlan,
    condition: str,
    *,
    by_id: bool = False,
    ids: tuple[str | None, str | None] = (None, None),
    level: int = 0,
) -> None:
    """Write down one query, of record ids from the first of `ids` to before the second."""
    connection.execute(
        FETCHING["add_query"],
        {
            "run_goal": plan.run_goal,
            "condition": condition,
            "by_id": by_id,
            "low": ids[0],
            "high": ids[1],
            "level": level,
        },
    )


def all_of(connection: Connection[Any], run_goal: int) -> Sequence[ImportQuery]:
    """The queries of a goal's run, in the order in which they are asked."""
    with connection.cursor(row_factory=class_row(ImportQuery)) as cursor:
        return cursor.execute(FETCHING["read_queries"], {"run_goal": run_goal}).fetchall()


def keep_job(connection: Connection[Any], fence: Fence, query: ImportQuery, job_id: str) -> None:
    """Write down the job that answers a query."""
    with connection.transaction():
        fence.check(connection)
        connection.execute(FETCHING["keep_job"], {"query": query.id, "job_id": job_id})


def keep_staged(
    connection: Connection[Any], query: ImportQuery, records: int, *, counted: bool
) -> None:
    """Write down that all records of a query are staged and were counted."""
    names = {"query": query.id, "records": records, "counted": counted}
    connection.execute(FETCHING["keep_staged"], names)


def start_over(connection: Connection[Any], fence: Fence, plan: ImportPlan) -> None:
    """Forget all jobs and what came of them: every query is asked anew."""
    with connection.transaction():
        fence.check(connection)
        connection.execute(FETCHING["forget_jobs"], {"run_goal": plan.run_goal})
        stage.empty(connection, plan.run_goal)


def replace(
    connection: Connection[Any],
    fence: Fence,
    plan: ImportPlan,
    query: ImportQuery,
    bounds: Sequence[str | None],
) -> None:
    """Ask for ranges of record ids, of which `bounds` are the ends, instead of all at once."""
    with connection.transaction():
        fence.check(connection)
        connection.execute(FETCHING["forget_query"], {"query": query.id})
        for low, high in pairwise(bounds):
            add(
                connection,
                plan,
                query.condition,
                by_id=query.by_id,
                ids=(low, high),
                level=query.level + 1,
            )


def _conditions(connection: Connection[Any], plan: ImportPlan) -> Iterator[tuple[str, bool]]:
    if plan.only:
        yield f"Id IN ('{plan.only}')", True
        return
    until = f"SystemModstamp < {soql_time(plan.window_to)}"
    if plan.window_from is None:
        yield until, False
        return
    waiting = [
        record_id for (record_id,) in connection.execute(QUERIES["waiting"], {"goal": plan.goal})
    ]
    if len(waiting) > MOST_REREAD:
        yield until, False
        return
    since = soql_time(plan.window_from)
    yield f"SystemModstamp >= {since} AND {until}", False
    size = IDS_PER_CALL if len(waiting) <= FEW_IDS else IDS_PER_JOB
    for start in range(0, len(waiting), size):
        ids = ", ".join(f"'{record_id}'" for record_id in waiting[start : start + size])
        yield f"Id IN ({ids}) AND SystemModstamp < {since}", True
