"""What the first page of a connection shows, gathered with a fixed number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from isthmus.connections import few_records, lacking, masking, overview, reading, standing
from isthmus.connections.goal_setting import in_order
from isthmus.connections.models import (
    EXPORT,
    IMPORT,
    OPEN,
    Connection,
    Goal,
    Run,
    RunGoal,
    RunState,
)
from isthmus.connections.overview import Health, LastParts
from isthmus.connections.reading import counts
from isthmus.domain.counts import GoalCounts
from isthmus.domain.goals import ImportGoal
from isthmus.profiles import properties
from isthmus.profiles.models import Segment
from isthmus.web import connection_words, guard_page, run_words
from isthmus.web.guard_page import Waiting
from isthmus.web.words import State, plural, span

HISTORY = 10
"""Runs shown on the page; all of them have a page of their own."""

INCOMPLETE = State(kind="idle", icon="half", word="Incomplete")
NEVER = State(kind="idle", icon="dash", word="Not run yet")

_TOO_SHORT = 3
"""A step that has gone on for less seconds says nothing about its rate."""


@dataclass(frozen=True, kw_only=True)
class GoalRow:
    """A goal in the table of goals."""

    goal: Goal
    name: str
    active: bool
    is_import: bool
    what: str  # what it reads or writes, in words
    lacks: Sequence[str]
    state: State
    part: RunGoal | None  # what came of it last, once it had ended
    is_going: bool
    received: int | None
    outcomes: Mapping[str, int]
    addresses: Mapping[str, str]  # of the rows behind, by outcome
    earlier: str  # key of the one before it, of those of its direction; empty: it is the first
    later: str


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One of the two directions in the figure: what the last run that had it did."""

    direction: str
    goals: int  # goals of this direction that are active
    is_going: bool  # whether one of them is under way
    received: int
    outcomes: Mapping[str, int]
    parts: Sequence[tuple[str, int, str]]  # outcome, number, where it leads
    addresses: Mapping[str, str]
    run: Run | None
    took: timedelta | None
    address: str
    members_of: str  # of an export of one segment: its name


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a goal of a run is that goes on."""

    key: str
    step: str
    done: int
    total: int | None
    share: float | None
    rate: str  # in words; empty where nothing can be said


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run in the history."""

    run: Run
    state: State
    took: timedelta | None
    counts: GoalCounts
    outcomes: Mapping[str, int]
    address: str
    addresses: Mapping[str, str]
    log_address: str
    message: str
    waiting: Waiting | None  # for a yes
    few: str  # which records it takes, in words; empty: all
    progress: Sequence[Progress]
    goals_done: str  # such as `2 of 3 goals finished`; empty where all did


def gather(connection: Connection, *, hides: bool) -> dict[str, Any]:
    """All that the page shows and that changes while a run goes on.

    `hides` leaves out of messages what may be personal data.
    """
    goals = in_order(connection)
    parts = overview.last_parts(goals)
    runs = list(connection.runs.prefetch_related("goals")[:HISTORY])
    still = [run for run in runs if run.state in OPEN]
    worked_on = reading.worked_on(still)
    rows = goal_rows(connection, goals, parts)
    return {
        "goals": rows,
        "active_goals": sum(row.active for row in rows),
        "flows": [flow(connection, rows, direction) for direction in (IMPORT, EXPORT)],
        "runs": [run_row(connection, run, worked_on, hides=hides) for run in runs],
        "is_open": bool(still),
        "is_going": any(run.state != RunState.QUEUED for run in still),
        "lacks": lacking.of_connection(connection, goals),
        "health": _health(connection, rows, still),
    }


def _health(connection: Connection, rows: Sequence[GoalRow], still: Iterable[Run]) -> State:
    authorization = connection.authorization
    if overview.is_new(login_url=authorization.login_url if authorization else "", goals=len(rows)):
        return connection_words.health_state(
            Health.NEVER_SAVED, active=connection.active, is_going=False
        )
    active = [row for row in rows if row.active]
    failed = [row for row in active if row.part and row.part.state == RunState.FAILED]
    found = overview.health(
        sign_in=standing.sign_in(connection),
        imports=sum(row.is_import for row in active),
        exports=sum(not row.is_import for row in active),
        failed=(sum(row.is_import for row in failed), sum(not row.is_import for row in failed)),
    )
    is_going = any(run.state != RunState.QUEUED for run in still)
    return connection_words.health_state(found, active=connection.active, is_going=is_going)


def goal_rows(
    connection: Connection, goals: Sequence[Goal], parts: Mapping[int, LastParts]
) -> list[GoalRow]:
    """The goals in the order in which they run."""
    known = properties.definitions()
    segments = dict(Segment.objects.values_list("key", "name"))
    of_direction = {
        direction: ["", *(goal.key for goal in goals if goal.direction == direction), ""]
        for direction in (IMPORT, EXPORT)
    }
    rows = []
    for goal in goals:
        definition = goal.definition
        last = parts.get(goal.id)
        part = last.ended if last else None
        lacks = lacking.of_goal(definition, known, segments)
        siblings = of_direction[goal.direction]
        place = siblings.index(goal.key)
        found = counts(part) if part and part.counts else None
        number = part.run.number if part else 0
        rows.append(
            GoalRow(
                goal=goal,
                name=definition.name,
                active=definition.active,
                is_import=goal.direction == IMPORT,
                what=_what(goal, segments),
                lacks=lacks,
                state=_goal_state(last, lacks),
                part=part,
                is_going=last is not None and last.begun.state in OPEN,
                received=found.received if found else None,
                outcomes=connection_words.outcomes(found) if found else {},
                addresses=connection_words.rows_behind(connection.key, number, goal.key)
                if part
                else {},
                earlier=siblings[place - 1],
                later=siblings[place + 1],
            )
        )
    return rows


def _what(goal: Goal, segments: Mapping[str, str]) -> str:
    definition = goal.definition
    fields = plural(len(definition.fields), "field")
    if isinstance(definition, ImportGoal):
        return f"{definition.object.name} \u2192 profiles \u00b7 {fields}"
    segment = segments.get(definition.segment, definition.segment)
    return f"\u201c{segment}\u201d \u2192 {definition.object.name} \u00b7 {fields}"


def _goal_state(last: LastParts | None, lacks: Sequence[str]) -> State:
    if last is not None and last.begun.state in OPEN:
        return run_words.state(last.begun.state)
    if lacks:
        return INCOMPLETE
    return run_words.state(last.begun.state) if last else NEVER


def flow(connection: Connection, rows: Sequence[GoalRow], direction: str) -> Flow:
    """What the last run did that had a goal of the direction, by the goals that there are."""
    mine = [row for row in rows if row.goal.direction == direction]
    ended = [row for row in mine if row.part and row.received is not None]
    last = max((row.part.run.number for row in ended if row.part), default=0)
    those = [row for row in ended if row.part and row.part.run.number == last]
    run = those[0].part.run if those and those[0].part else None
    goal = those[0].goal.key if len(those) == 1 else ""
    outcomes = {
        name: sum(row.outcomes.get(name, 0) for row in those)
        for name in ("created", "updated", "unchanged", "removed", "skipped", "failed")
    }
    addresses = connection_words.rows_behind(connection.key, last, goal) if goal else {}
    address = connection_words.address("run", connection.key, last) if run else ""
    return Flow(
        direction=direction,
        goals=sum(row.active for row in mine),
        is_going=any(row.is_going for row in mine),
        received=sum(row.received or 0 for row in those),
        outcomes=outcomes,
        parts=[
            (name, outcomes[name], addresses.get(name, address))
            for name in ("created", "updated", "removed", "skipped", "failed")
            if outcomes[name]
        ],
        addresses=addresses,
        run=run,
        took=_sum_of_times(those),
        address=address,
        members_of=those[0].what.split(" \u2192 ")[0] if goal and direction == EXPORT else "",
    )


def _sum_of_times(rows: Iterable[GoalRow]) -> timedelta | None:
    times = [
        row.part.finished_at - row.part.started_at
        for row in rows
        if row.part and row.part.finished_at and row.part.started_at
    ]
    return sum(times, timedelta()) if times else None


def run_row(connection: Connection, run: Run, worked_on: set[int], *, hides: bool) -> RunRow:
    """A run as the history shows it."""
    parts = list(run.goals.all())
    total = GoalCounts()
    for part in parts:
        _add(total, counts(part))
    goal = parts[0].key if len(parts) == 1 else ""
    finished = sum(part.state in (RunState.FINISHED, RunState.PROBLEMS) for part in parts)
    waits = guard_page.waiting(run, connection)
    is_open = run.state in OPEN
    return RunRow(
        run=run,
        state=run_words.run_state(run, worked_on),
        took=(run.finished_at or timezone.now()) - run.started_at if run.started_at else None,
        counts=total,
        outcomes=connection_words.outcomes(total),
        address=connection_words.address("run", connection.key, run.number),
        addresses=connection_words.rows_behind(connection.key, run.number, goal),
        log_address=""
        if run.started_at is None
        else connection_words.address("run-log", connection.key, run.number),
        message=masking.masked_message(run.message) if hides else run.message,
        waiting=waits,
        few=few_records.words(run),
        progress=[_progress(part) for part in parts if part.state in OPEN and part.step],
        goals_done=""
        if is_open or finished == len(parts)
        else f"{finished} of {plural(len(parts), 'goal')} finished",
    )


def _add(total: GoalCounts, more: GoalCounts) -> None:
    for name in ("received", "created", "updated", "unchanged", "removed", "problems"):
        setattr(total, name, getattr(total, name) + getattr(more, name))
    total.skipped.update(more.skipped)
    total.failed.update(more.failed)


def _progress(part: RunGoal) -> Progress:
    return Progress(
        key=part.key,
        step=part.step,
        done=part.done,
        total=part.total,
        share=part.done / part.total if part.total else None,
        rate=_rate(part, timezone.now()),
    )


def _rate(part: RunGoal, now: datetime) -> str:
    """Records a second in the step that goes on, and how long the rest takes at that rate."""
    if part.started_at is None or not part.done or part.tries > 1:
        return ""
    before = sum(float(seconds) for seconds in part.seconds.values())
    seconds = (now - part.started_at).total_seconds() - before
    if seconds < _TOO_SHORT:
        return ""
    rate = part.done / seconds
    said = f"{rate:,.0f} a second"
    if part.total and rate and part.total > part.done:
        return f"{said}, {span((part.total - part.done) / rate)} left"
    return said
