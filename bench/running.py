"""A run as a worker works it off, and where its time goes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isthmus.connections.models import RunGoal
    from isthmus.connections.runs import GoalRun

STEP_WIDTH = 24


def _import(goal_run: "GoalRun") -> None:
    from isthmus.importing.engine import run_import

    run_import(goal_run)


def _export(goal_run: "GoalRun") -> None:
    from isthmus.exporting.engine import run_export

    run_export(goal_run)


def run(
    goal: str,
    *,
    full: bool = False,
    export: Callable[["GoalRun"], None] = _export,
    ends: bool = True,
) -> "RunGoal":
    """The result of one goal of connection `org`, run in this process.

    `export` can be another engine, for a part of the way; with `ends` off it need not end well.
    """
    from isthmus.connections import executing, queueing
    from isthmus.connections.models import Connection

    connection = Connection.objects.get(key="org")
    queueing.ask(connection, goals=[goal], full=full, by="benchmark")
    worker = executing.Worker(engines={"import": _import, "export": export})
    [done] = executing.work_off(connection, worker)
    result = done.goals.get()
    if ends and result.state not in {"finished", "problems"}:
        raise SystemExit(f"Goal {goal!r} ended as {result.state}: {result.message}")
    return result


def seconds_of(result: "RunGoal", *, without: frozenset[str] = frozenset({"ask"})) -> float:
    """All steps together, without those in which only the org works."""
    return float(sum(taken for step, taken in result.seconds.items() if step not in without))


def print_steps(title: str, seconds: dict[str, float]) -> None:
    """A table of where the time goes."""
    total = sum(seconds.values()) or 1.0
    print(f"{title}: where the time goes")
    for step, taken in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"  {step:<{STEP_WIDTH}} {taken:>10.2f} s {taken / total:>6.0%}")
