"""What pages show of runs that wait for a yes, and of runs of a few records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from isthmus.connections import few_records, guards, masking, outcomes, previews, reading, rows
from isthmus.connections.models import EXPORT, Connection, Goal, Run, RunGoal, RunState
from isthmus.domain.goals import ExportGoal
from isthmus.web import run_words
from isthmus.web.masking import sees_personal_data
from isthmus.web.words import State

MOST_PROBLEMS: Final = 5
"""Of one record; the problems of a run have a place of their own."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A run that waits for a yes."""

    sentence: str
    until: datetime | None
    goal: str  # its name
    review: str  # addresses
    confirm: str
    refuse: str
    preview: str  # empty: there is none


def waiting(run: Run, connection: Connection) -> Waiting | None:
    """What the run waits for; None where it waits for nobody. One that waited too long ends."""
    if run.state != RunState.CONFIRMING:
        return None
    if run.confirm_until is not None and run.confirm_until <= timezone.now():
        guards.expire(connection.id)
        run.refresh_from_db(fields=["state", "message", "finished_at", "confirm_until"])
        return None
    question = guards.question(run)
    if question is None:
        return None
    goal = question.part.goal
    names = {"connection_key": connection.key, "number": run.number}
    asked = urlencode({"asked": question.token})
    return Waiting(
        sentence=question.sentence,
        until=run.confirm_until,
        goal=goal.definition.name if goal else question.part.key,
        review=reverse("run", kwargs=names),
        confirm=f"{reverse('confirm-run', kwargs=names)}?{asked}",
        refuse=reverse("refuse-run", kwargs=names),
        preview=_preview(connection, goal),
    )


def _preview(connection: Connection, goal: Goal | None) -> str:
    if goal is None:
        return ""
    places = {"connection_key": connection.key, "goal_key": goal.key}
    there = RunGoal.objects.filter(goal=goal, run__preview=True, state=RunState.FINISHED)
    try:
        address = reverse("goal-preview", kwargs=places)
    except NoReverseMatch:
        return ""
    return address if there.exists() else ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A field that was sent."""

    field: str
    value: str
    hidden: bool


@dataclass(frozen=True, kw_only=True)
class One:
    """What a run of one record or profile did."""

    is_export: bool
    state: State | None  # what became of it; None: nothing is known so far
    words: str
    record_id: str
    record_address: str
    in_salesforce: str  # the record's page there; empty: the org's address is not known
    profile_id: UUID | None
    cells: Sequence[Cell]
    problems: Sequence[tuple[str, str]]  # words and code


def one(request: HttpRequest, run: Run, parts: Sequence[RunGoal]) -> One | None:
    """What a run of one record did; None for other runs, and for one that has not begun."""
    if not run.only or not parts:
        return None
    part, hides = parts[0], not sees_personal_data(request)
    is_export = part.direction == EXPORT
    found = rows.outcomes(run, [part], rows.Wanted(), None, 1)
    outcome = found[0] if found else None
    record = (outcome.record_id if outcome else None) or (part_record(run) if not is_export else "")
    return One(
        is_export=is_export,
        state=run_words.OUTCOMES.get(outcome.outcome) if outcome else None,
        words=_outcome_words(part, outcome),
        record_id=record,
        record_address=_record_address(run, record),
        in_salesforce=_in_salesforce(run.connection, record),
        profile_id=outcome.profile_id if outcome else None,
        cells=_cells(run, part, hides=hides),
        problems=[
            (masking.words(each.code, each.message) if hides else each.message, each.code)
            for each in reading.first_problems(run, MOST_PROBLEMS)
        ],
    )


def part_record(run: Run) -> str:
    """The record that was named, where it is one."""
    return run.only if "-" not in run.only else ""


def _outcome_words(part: RunGoal, outcome: rows.OutcomeRow | None) -> str:
    if outcome is None:
        return ""
    if outcome.reason:
        return outcomes.reason_words(part.direction, outcome.reason) or ""
    if outcome.outcome == "unchanged" and part.direction == EXPORT:
        return "Salesforce has all its values already, so nothing was sent."
    return ""


def _record_address(run: Run, record: str) -> str:
    if not record:
        return ""
    names = {"connection_key": run.connection.key, "record_id": record}
    return reverse("record", kwargs=names)


def _in_salesforce(connection: Connection, record: str) -> str:
    signing_in = connection.authorization
    if not record or signing_in is None or not signing_in.instance_url.startswith("https://"):
        return ""
    return f"{signing_in.instance_url.rstrip('/')}/{record}"


def _cells(run: Run, part: RunGoal, *, hides: bool) -> list[Cell]:
    known = few_records.sent(run)
    shown = _public(part) if hides else None
    return [
        Cell(field=name, value=value, hidden=shown is not None and name.lower() not in shown)
        for name, value in (known.fields if known else {}).items()
    ]


def _public(part: RunGoal) -> frozenset[str]:
    """Fields, in lower case, that were sent from what is no personal data; none if that changed."""
    goal = part.goal
    if goal is None or (part.begun or {}).get("version") != goal.version:
        return frozenset()
    definition = goal.definition
    if not isinstance(definition, ExportGoal):
        return frozenset()
    personal = {name.lower() for name in previews.personal_names(goal)}
    return frozenset(row.field.lower() for row in definition.fields) - personal
