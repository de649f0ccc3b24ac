"""Queries that take Salesforce too long, as several queries of fewer records."""

from typing import Any

from psycopg import Connection

from isthmus.connections.runs import GoalRun
from isthmus.importing import import_queries
from isthmus.importing.errors import TooSlow
from isthmus.importing.import_queries import ImportQuery
from isthmus.importing.plan import ImportPlan

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Of record ids, in the order in which Salesforce compares them. Source: REST API guide, PK
chunking."""

LENGTH = 15
PARTS = 4
MOST_LEVELS = 6
"""A query is narrowed down so often: to about a four thousandth of the ids."""


def narrow(
    goal_run: GoalRun,
    plan: ImportPlan,
    connection: Connection[Any],
    query: ImportQuery,
    error: Exception,
) -> None:
    """Ask for ranges of record ids instead of the query; raise `TooSlow` where they are small."""
    inner = _inner(goal_run, plan, query) if query.level < MOST_LEVELS else []
    if not inner:
        among = f" among ids {query.low or 'first'} to {query.high or 'last'}"
        raise TooSlow(
            f"{plan.label}: Salesforce takes too long{among if query.level else ''}, which are few "
            f"records already ({error}). What was read stays, and it is tried again. If it keeps "
            f"failing, take formula fields out of the goal, or ask Salesforce's support about the "
            f"query."
        ) from error
    goal_run.warn(f"{plan.label} took Salesforce too long at once, so it was read in parts.")
    bounds = [query.low, *inner, query.high]
    import_queries.replace(connection, goal_run.fence, plan, query, bounds)


def _inner(goal_run: GoalRun, plan: ImportPlan, query: ImportQuery) -> list[str]:
    """Ids that divide the query's ids into parts; none where that makes no sense."""
    low = query.low or _end(goal_run, plan, "")
    high = query.high or _end(goal_run, plan, " DESC")
    return between(low, high, PARTS) if low and high else []


def _end(goal_run: GoalRun, plan: ImportPlan, order: str) -> str | None:
    """The first or last id of all records of the object, which an index tells at once."""
    # SOQL takes no parameters; the object is one of three.
    soql = f"SELECT Id FROM {plan.object.sobject} ORDER BY Id{order} LIMIT 1"  # noqa: S608
    found = next(iter(goal_run.salesforce.query_all(soql)), None)
    return str(found["Id"]) if found else None


def between(low: str, high: str, parts: int) -> list[str]:
    """Ids of 15 characters that divide the ids from `low` to before `high` into equal parts."""
    first, last = _number(low), _number(high)
    steps = {first + (last - first) * step // parts for step in range(1, parts)}
    return [_id(number) for number in sorted(steps - {first})]


def _number(record_id: str) -> int:
    number = 0
    for character in record_id[:LENGTH]:
        number = number * len(DIGITS) + DIGITS.index(character)
    return number


def _id(number: int) -> str:
    characters = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(DIGITS))
        characters.append(DIGITS[digit])
    return "".join(reversed(characters))
