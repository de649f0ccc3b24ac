"""Runs of a few records: the first so many of each goal, or one that is named.

They do what any run does, for real, and leave all else to the next run: how far a goal has read,
and which members it has looked at, stays as it was.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from isthmus.connections.errors import FewRefused, StateRefused
from isthmus.connections.models import EXPORT, IMPORT, Goal, Run, RunGoal
from isthmus.domain.record_ids import full_id

MOST_FIRST: Final = 1_000_000
"""Of the first so many records: with more, a whole run is meant."""

HOW_MANY: Final = f"How many records to take is a whole number from 1 to {MOST_FIRST:,}."

_LONG = 18
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Few:
    """Which records are meant."""

    goals: Sequence[str] = ()  # keys; none: all that are active
    first: int | None = None
    only: str = ""  # id of a record, or of a profile
    full: bool = False  # of all records; of `only`: also the fields that were sent before


def number(text: str) -> int:
    """How many records a text asks for. Raises `FewRefused` for what is no whole number."""
    if not _WHOLE.fullmatch(text.strip()):
        raise FewRefused(HOW_MANY)
    return int(text)


def checked(few: Few, goals: Sequence[Goal]) -> Few:
    """The same with the id in the form that it is kept in. Raises `FewRefused`, in words."""
    if few.first is not None and few.only:
        raise FewRefused("Give a number of records or the id of one, and not both.")
    if few.first is not None:
        if not 1 <= few.first <= MOST_FIRST:
            raise FewRefused(HOW_MANY)
        return few
    if len(few.goals) != 1:
        raise FewRefused("One record is taken or sent by one goal. Name the goal, and only one.")
    return replace(few, only=_id(few.only.strip(), goals[0]))


def _id(text: str, goal: Goal) -> str:
    if len(text) == _LONG and text.isascii() and text.isalnum():
        # It is asked for as it is, also where its last three do not fit the rest.
        return text
    try:
        return full_id(text)
    except ValueError as error:
        if goal.direction == IMPORT:
            raise FewRefused(
                "That is no id of a Salesforce record. It has 15 or 18 letters and digits, and "
                "stands in the address of the record's page in Salesforce."
            ) from error
    try:
        return str(UUID(text))
    except ValueError as error:
        raise FewRefused(
            "That is neither the id of a profile nor of a Salesforce record (15 or 18 letters "
            "and digits)."
        ) from error


def words(run: Run) -> str:
    """Which records a run takes, in words; empty: all."""
    if run.first is not None:
        return f"first {run.first:,} only"
    return "one record only" if run.only else ""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a run of one profile sent of it, by field; texts as Salesforce was given them."""

    operation: str  # insert or update
    fields: Mapping[str, str]


def sent(run: Run) -> Sent | None:
    """What a run of one profile sent; None: nothing, or it is no longer kept."""
    if not run.only:
        return None
    for part in run.goals.all():
        known = (part.begun or {}).get("shown")
        if part.direction == EXPORT and known:
            return Sent(operation=known["operation"], fields=known["fields"])
    return None


def forget_sent(before: datetime) -> None:
    """Forget what runs that ended before then sent of single profiles: it is personal data."""
    parts = RunGoal.objects.filter(
        run__finished_at__lt=before, begun__has_key="shown", direction=EXPORT
    ).exclude(run__only="")
    for part in parts:
        part.begun = {name: value for name, value in (part.begun or {}).items() if name != "shown"}
        part.save(update_fields=["begun"])


def refuse_beside(queued: Run | None) -> None:
    """Raise `StateRefused` where the queued run takes a few records only, and all are asked for."""
    if queued is not None and words(queued):
        raise StateRefused(
            f"Run {queued.number} of {queued.connection.key} is queued, and takes a few records "
            f"only ({words(queued)}). Wait until it has begun, or stop it, and ask again."
        )


def refuse_behind(queued: Run, few: Few) -> None:
    """Raise `StateRefused` where the queued run is another than this one."""
    same = (queued.first, queued.only, queued.full) == (few.first, few.only, few.full)
    if not same or sorted(queued.goal_keys) != sorted(few.goals):
        raise StateRefused(
            f"Run {queued.number} of {queued.connection.key} is queued already and takes other "
            f"records. Wait until it has begun, or stop it, and ask again."
        )


def of_all(parts: QuerySet[RunGoal]) -> QuerySet[RunGoal]:
    """Those of runs that took all records there were to take."""
    return parts.filter(run__first__isnull=True, run__only="")
