"""Connections with goals and runs that have ended, without an engine."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils import timezone

from isthmus.connections.models import OPEN, Connection, Goal, Run, RunGoal, RunState
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.objects import OBJECTS

SIGNED_OUT: Final[dict[str, Any]] = {"authorization": None, "org_id": ""}

IMPORT: Final = ImportGoal(
    key="leads_in",
    name="Import leads",
    object=OBJECTS["Lead"],
    match=(MatchRow(field="Email", identifier="email"),),
    fields=(ImportField(field="Title", property="title"),),
)
EXPORT: Final = ExportGoal(
    key="contacts_out",
    name="Export contacts",
    object=OBJECTS["Contact"],
    segment="dutch",
    match=MatchRow(field="Email", identifier="email"),
    fields=(ExportField(field="Title", kind=ExportKind.PROPERTY, value="title"),),
)


def new_run(
    connection: Connection, state: RunState, parts: Mapping[Goal, RunState], received: int = 7
) -> Run:
    """A run after those that there are, with its goals in these states."""
    now = timezone.now()
    run = Run.objects.create(
        connection=connection,
        number=connection.runs.count() + 1,
        state=state,
        started_at=None if state == RunState.QUEUED else now,
        finished_at=None if state in OPEN else now,
        asked_by="Alice",
    )
    for goal, part_state in parts.items():
        has_ended = part_state not in OPEN
        RunGoal.objects.create(
            run=run,
            goal=goal,
            key=goal.key,
            direction=goal.direction,
            state=part_state,
            counts={"received": received, "unchanged": received} if has_ended else {},
            started_at=now,
            finished_at=now if has_ended else None,
        )
    return run


def ended(connection: Connection, parts: Mapping[Goal, RunState], received: int = 7) -> Run:
    """A run whose goals ended so."""
    return new_run(connection, RunState.FINISHED, parts, received)
