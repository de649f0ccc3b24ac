"""Connections, goals and runs for the tests of the engines, without a blueprint or a sign-in."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils import timezone

from isthmus.connections.fences import Fence
from isthmus.connections.models import (
    EXPORT,
    IMPORT,
    Authorization,
    Connection,
    Goal,
    Run,
    RunGoal,
    RunState,
)
from isthmus.connections.runs import Engine, GoalRun, Silent
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.domain.properties import PropertyDefinition
from isthmus.profiles import properties

ORG_ID = "00D000000000001AAA"


def new_connection(key: str = "acme", **given: Any) -> Connection:
    """A connection to the org, without overlap or margin unless they are given."""
    if "authorization" not in given:
        given["authorization"] = Authorization.objects.create(
            flow="client_credentials", login_url="https://x", client_id="x", sealed_secret=b""
        )
    defaults = {"name": key, "org_id": ORG_ID, "overlap_seconds": 0, "settle_seconds": 0}
    defaults["schedule"] = {"by_hand": True}  # Nothing runs here that a test did not ask for.
    return Connection.objects.create(key=key, **{**defaults, **given})


def new_goal(connection: Connection, definition: ImportGoal | ExportGoal) -> Goal:
    """A goal after those that are there."""
    return Goal.objects.create(
        connection=connection,
        key=definition.key,
        direction=IMPORT if isinstance(definition, ImportGoal) else EXPORT,
        position=connection.goals.count() + 1,
        document=definition.plain(),
    )


def change_goal(goal: Goal, definition: ImportGoal | ExportGoal) -> None:
    """Another definition, which counts as a new version."""
    goal.document, goal.version = definition.plain(), goal.version + 1
    goal.save()


def new_properties(definitions: Iterable[PropertyDefinition]) -> None:
    """Properties with their columns."""
    for definition in definitions:
        properties.save_property(definition)


def start(
    goal: Goal,
    salesforce: Any,
    *,
    full: bool = False,
    preview: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
    **few: Any,
) -> GoalRun:
    """What an engine is given, with a run of its own; `few`: `first` or `only`."""
    goal.refresh_from_db()
    # The run before it was never ended: it only stands for what the engine is given.
    Run.every.filter(connection=goal.connection).update(state=RunState.FINISHED)
    run = Run.every.create(
        connection=goal.connection,
        number=Run.every.count() + 1,
        full=full,
        preview=preview,
        state=RunState.RUNNING,
        **few,
    )
    return GoalRun(
        connection=goal.connection,
        goal=goal,
        run_goal=RunGoal.objects.create(
            run=run,
            goal=goal,
            started_at=timezone.now(),
            key=goal.key,
            direction=goal.direction,
            state=RunState.RUNNING,
            tries=1,
        ),
        salesforce=salesforce,
        full=full,
        preview=preview,
        reporter=Silent(),
        cancelled=cancelled,
        fence=Fence(run=run.id, number=run.fence),
        **few,
    )


def again(goal_run: GoalRun) -> GoalRun:
    """What an engine is given to go on with the same run where another process ended."""
    row = RunGoal.objects.get(id=goal_run.run_goal.id)
    row.tries += 1
    row.save(update_fields=["tries"])
    run = Run.every.get(id=row.run_id)
    run.fence += 1
    run.save(update_fields=["fence"])
    goal = Goal.objects.get(id=goal_run.goal.id)
    return GoalRun(
        connection=goal.connection,
        goal=goal,
        run_goal=row,
        salesforce=goal_run.salesforce,
        full=goal_run.full,
        first=goal_run.first,
        only=goal_run.only,
        preview=goal_run.preview,
        reporter=Silent(),
        cancelled=goal_run.cancelled,
        fence=Fence(run=run.id, number=run.fence),
    )


def run(engine: Engine, goal: Goal, salesforce: Any, *, full: bool = False, **few: Any) -> GoalRun:
    """Run the engine; errors are raised, not written down. `few`: `first` or `only`."""
    goal_run = start(goal, salesforce, full=full, **few)
    engine(goal_run)
    return goal_run
