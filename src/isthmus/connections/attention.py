"""What needs attention first: what failed, what waits for somebody, what met problems."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import connection as database
from django.utils import timezone

from isthmus.connections import guards
from isthmus.connections.guards import Question
from isthmus.connections.models import OPEN, Goal, Run, RunGoal, RunState
from isthmus.connections.reading import counts
from isthmus.domain.counts import GoalCounts
from isthmus.profiles import statements

QUERIES = statements.load("isthmus.connections", "attention.sql")

_ENDED: Final = [str(state) for state in RunState if state not in OPEN]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What failed of a connection last."""

    goal: str  # its name
    goals: int  # so many of its goals failed last
    runs: int  # in a row, of this goal; no more than a hundred are counted
    number: int
    at: datetime | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A sign-in that Salesforce has refused for good."""

    user_name: str  # in Salesforce
    at: datetime
    timezone: str  # the connection's
    runs: int  # that failed since


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a connection's last run met."""

    run: Run
    part: RunGoal  # the goal that met most
    goal: str  # its name
    counts: GoalCounts  # of that goal
    code: str  # what most failed records met; empty: none failed
    example: str  # what was said of one of them; it may hold personal data


@dataclass(frozen=True, kw_only=True)
class Problems:
    """Connections whose last run met problems."""

    shown: Sequence[Problem]
    whole: int  # so many there are


@dataclass(frozen=True, kw_only=True)
class Day:
    """The runs of a connection that began on one day."""

    runs: int
    failed: int
    problems: int
    finished: int
    is_open: bool  # one of them goes on
    received: int  # records
    number: int  # of the run that says most of the day: the last that failed, had problems, or any


def troubled() -> tuple[int, int]:
    """How many connections should run and can't, or didn't; and how many there are."""
    with database.cursor() as cursor:
        cursor.execute(QUERIES["troubled"])
        number, whole = cursor.fetchone()
        return number, whole


def failures(connections: Sequence[int]) -> dict[int, Failure]:
    """What failed last of each of these, by the connection's row id."""
    rows = _rows("failed", connections=list(connections), ended=_ENDED) if connections else []
    goals = Goal.objects.in_bulk([row["goal"] for row in rows])
    return {
        row["connection"]: Failure(
            goal=_name(goals.get(row["goal"])),
            goals=row["goals"],
            runs=row["runs"],
            number=row["number"],
            at=row["finished_at"],
            message=row["goal_message"] or row["run_message"],
        )
        for row in rows
    }


def losses(connections: Sequence[int]) -> dict[int, Loss]:
    """How the sign-in of each of these was lost, by the connection's row id."""
    rows = _rows("lost", connections=list(connections)) if connections else []
    return {
        row["connection"]: Loss(
            user_name=row["user_name"],
            at=row["lost_at"],
            timezone=row["timezone"],
            runs=row["runs"],
        )
        for row in rows
    }


def questions(most: int) -> list[Question]:
    """What runs wait to be told, the oldest first; those that nobody answered in time are over."""
    rows = Run.objects.filter(state=RunState.CONFIRMING).exclude(confirm_until__lt=timezone.now())
    rows = rows.select_related("connection").prefetch_related("goals__goal").order_by("id")
    return [asked for run in rows[:most] if (asked := guards.question(run)) is not None]


def how_many_wait() -> int:
    """How many runs wait for a yes."""
    rows = Run.objects.filter(state=RunState.CONFIRMING)
    return rows.exclude(confirm_until__lt=timezone.now()).count()


def how_many_go_on() -> int:
    """How many runs are open that wait for no person."""
    return Run.objects.filter(state__in=OPEN).exclude(state=RunState.CONFIRMING).count()


def problems(most: int) -> Problems:
    """Connections whose last run met problems, the newest first."""
    rows = _rows("problems", most=most)
    runs = Run.objects.select_related("connection").prefetch_related("goals__goal")
    found = runs.in_bulk([row["run"] for row in rows])
    chosen = [
        (run, max(parts, key=_how_many))
        for row in rows
        if (run := found.get(row["run"])) and (parts := list(run.goals.all()))
    ]
    codes = {part.id: _code(counts(part)) for _, part in chosen}
    examples = _examples(codes)
    return Problems(
        shown=[
            Problem(
                run=run,
                part=part,
                goal=_name(part.goal) or part.key,
                counts=counts(part),
                code=codes[part.id],
                example=examples.get(part.id, ""),
            )
            for run, part in chosen
        ],
        whole=rows[0]["whole"] if rows else 0,
    )


def _how_many(part: RunGoal) -> tuple[int, int]:
    found = counts(part)
    return found.failed.total(), found.problems + found.skipped["ambiguous"]


def _code(found: GoalCounts) -> str:
    return found.failed.most_common(1)[0][0] if found.failed.total() else ""


def _examples(codes: Mapping[int, str]) -> dict[int, str]:
    wanted = {part: code for part, code in codes.items() if code}
    if not wanted:
        return {}
    rows = _rows("example", parts=list(wanted), codes=list(wanted.values()))
    return {row["run_goal"]: row["message"] for row in rows}


def days(connections: Sequence[int], since: datetime, zone: str) -> dict[int, dict[date, Day]]:
    """Days with runs of each of these since a moment, by the connection's row id and the day."""
    names = {"connections": list(connections), "since": since, "zone": zone, "open": list(OPEN)}
    found: dict[int, dict[date, Day]] = defaultdict(dict)
    for row in _rows("days", **names) if connections else ():
        found[row["connection"]][row["day"]] = Day(
            **{name: row[name] for name in ("runs", "failed", "problems", "finished", "received")},
            is_open=row["is_open"],
            number=row["last_failed"] or row["last_problems"] or row["last"],
        )
    return found


def _name(goal: Goal | None) -> str:
    return (goal.definition.name or goal.key) if goal else ""


def _rows(block: str, **names: Any) -> list[dict[str, Any]]:
    with database.cursor() as cursor:
        cursor.execute(QUERIES[block], names)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
