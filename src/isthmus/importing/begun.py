"""What a goal's run has begun, so that another process goes on with it and not anew."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from isthmus.connections.errors import GoalIncomplete
from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.importing import import_queries, stage
from isthmus.importing.match import Position
from isthmus.importing.plan import ImportPlan, Window, plan_import
from isthmus.importing.queries import FETCHING


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Where a goal's run stands."""

    shape: str = ""  # of the plan that it began with; empty: nothing was begun
    window: Window | None = None
    position: Position = field(default_factory=Position)
    counts: GoalCounts = field(default_factory=GoalCounts)
    ended: bool = False  # all is done; only cleaning up may be left


def read(connection: Connection[Any], run_goal: int) -> Begun:
    """Where the goal's run stands by its row."""
    row = connection.execute(FETCHING["read_begun"], {"run_goal": run_goal}).fetchone()
    if row is None or row[0] is None:
        return Begun()
    notes, since, until, position, counts = row
    stamp, record_id = position or ("", "")
    return Begun(
        shape=notes["shape"],
        window=Window(
            since=since, until=until, read_until=datetime.fromisoformat(notes["read_until"])
        ),
        position=Position(stamp=stamp, record_id=record_id),
        counts=GoalCounts.from_plain(counts),
        ended=notes["ended"],
    )


def plan_on(goal_run: GoalRun, connection: Connection[Any], so_far: Begun) -> ImportPlan:
    """The plan that was begun, or a new one where there is none or it would differ now.

    A plan that differs reads or applies something else, so that it starts from nothing: its records
    are applied under another version of the goal.
    """
    kept = {so_far.shape: so_far.window} if so_far.window else {}
    plan = plan_import(goal_run, kept)
    for warning in plan.warnings:
        goal_run.warn(warning)
    if plan.shape != so_far.shape:
        _begin(goal_run, connection, plan)
    row = goal_run.run_goal
    row.window_from, row.window_to = plan.window_from, plan.window_to
    return plan


def _begin(goal_run: GoalRun, connection: Connection[Any], plan: ImportPlan) -> None:
    names = {"run_goal": plan.run_goal, "goal": plan.goal}
    with connection.transaction():
        goal_run.fence.check(connection)
        slots = {**names, "slots": Jsonb(goal_run.goal.slots)}
        # A preview needs places for new rows as well, and leaves the goal as it is.
        keeps = not goal_run.preview
        if keeps and not connection.execute(FETCHING["keep_slots"], slots).rowcount:
            raise GoalIncomplete(
                f"{plan.label}: the goal was deleted while it ran. What was applied stays."
            )
        connection.execute(FETCHING["forget_problems"], names)
        connection.execute(FETCHING["forget_ended"])
        connection.execute(FETCHING["forget_queries"], names)
        stage.drop(connection, plan.run_goal)
        import_queries.add_all(connection, plan)
        window = {"since": plan.window_from, "until": plan.window_to}
        connection.execute(FETCHING["begin"], {**names, **window, "begun": _notes(plan)})


def end(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> list[str]:
    """Advance the goal and write down that its run ended, at once; the jobs that were used.

    After a few records the goal stays where it was, so that the next run takes all. A record that
    was taken before its turn is applied again when its turn comes, after those that changed before
    it; what it added to sums is remembered apart from its hash, and is not added again.
    """
    names = {"run_goal": plan.run_goal, "goal": plan.goal}
    reached = {"read_until": plan.window.read_until, "version": plan.version}
    ended = {"begun": _notes(plan, ended=True), "counts": Jsonb(goal_run.counts.plain())}
    connection.isolation_level = None  # a chunk's is stricter, and would fail where somebody waits
    with connection.transaction():
        goal_run.fence.check(connection)
        if plan.only:
            connection.execute(FETCHING["read_again"], {**names, "record_id": plan.only})
        if not plan.is_partial:
            connection.execute(FETCHING["advance"], {**names, **reached})
        connection.execute(FETCHING["end"], {**names, **ended})
        jobs = connection.execute(FETCHING["forget_queries"], names).fetchall()
    if not plan.is_partial:
        goal_run.goal.read_until = plan.window.read_until
        goal_run.goal.read_version = plan.version
    return [job_id for (job_id,) in jobs if job_id]


def _notes(plan: ImportPlan, *, ended: bool = False) -> Jsonb:
    read_until = plan.window.read_until.isoformat()
    return Jsonb({"shape": plan.shape, "read_until": read_until, "ended": ended})
