"""The list of connections: how each stands, found by a fixed number of statements."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection as database

from isthmus.connections.models import OPEN, Goal, RunGoal, RunState
from isthmus.profiles import statements

QUERIES = statements.load("isthmus.connections", "overview.sql")

STRIP = 14
"""Runs that are drawn of each connection."""

_MOST_LABELS = 200
_AS_THEY_ARE = (
    *("id", "key", "name", "active", "sandbox", "goals"),
    *("org_id", "last_at", "due_at"),
)
_ENDED = [str(state) for state in RunState if state not in OPEN]


class Health(StrEnum):
    """What a connection does, or why it doesn't."""

    NEVER_SAVED = "never saved"  # made, and nothing was set up of it so far
    IN = "in"
    OUT = "out"
    BOTH = "both"
    INCOMPLETE = "incomplete"
    SIGN_IN_LOST = "sign-in lost"
    ERROR_IN = "error in"
    ERROR_OUT = "error out"
    ERROR_BOTH = "error in and out"
    OTHER_ORG = "other org"  # it leads to another org than the connection's


TROUBLED = tuple(each for each in Health if each not in (Health.IN, Health.OUT, Health.BOTH))


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A run as a list of connections shows it."""

    number: int
    state: RunState
    at: datetime  # when it started; when it was asked for, where it did not start yet
    finished_at: datetime | None
    received: int  # records of the goals that have ended
    done: int  # records that are through the step that is under way


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A connection as a list shows it."""

    id: int
    key: str
    name: str
    active: bool
    sandbox: bool
    labels: tuple[str, ...]
    login_url: str  # empty: no sign-in
    is_favourite: bool
    goals: int
    health: Health
    open_state: RunState | None  # of its run that has not ended
    matched: bool  # whether it is what was searched for
    org_id: str  # empty: not known so far
    last_at: datetime | None  # of its last run: when it started or was asked for
    due_at: datetime | None  # of its next run by its schedule

    @property
    def is_troubled(self) -> bool:
        """Whether somebody has to look at it: it should run, and can't or didn't."""
        return self.active and self.health in TROUBLED


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for."""

    words: str = ""  # in title, key, description, labels and login host
    label: str = ""
    user: int = 0  # row id of whose favourites are marked


class SignIn(StrEnum):
    """How a connection's sign-in stands."""

    NONE = "none"  # there is none, or nobody has signed in yet
    GOOD = "good"
    LOST = "lost"
    OTHER_ORG = "other org"


_BY_SIGN_IN = {
    SignIn.NONE: Health.INCOMPLETE,
    SignIn.LOST: Health.SIGN_IN_LOST,
    SignIn.OTHER_ORG: Health.OTHER_ORG,
}


def is_new(*, login_url: str, goals: int) -> bool:
    """Whether nothing was set up of a connection so far: neither a sign-in nor a goal."""
    return not login_url and not goals


def health(*, sign_in: SignIn, imports: int, exports: int, failed: tuple[int, int]) -> Health:
    """How a connection stands that has so many active goals, of which these failed last."""
    if sign_in in _BY_SIGN_IN:
        return _BY_SIGN_IN[sign_in]
    if not imports + exports:
        return Health.INCOMPLETE
    failed_imports, failed_exports = failed
    if failed_imports:
        return Health.ERROR_BOTH if failed_exports else Health.ERROR_IN
    if failed_exports:
        return Health.ERROR_OUT
    if imports and exports:
        return Health.BOTH
    return Health.IN if imports else Health.OUT


def connections(wanted: Wanted) -> list[Overview]:
    """All connections in the order in which they were made; `matched` says which are wanted."""
    names = {
        "words": wanted.words or None,
        "label": wanted.label or None,
        "user": wanted.user,
        "ended": _ENDED,
        "open": [str(state) for state in OPEN],
    }
    found: dict[int, Overview] = {}
    for row in _rows("overview", names):
        known = found.get(row["id"])
        # One that runs and has another run queued comes twice: what is under way counts.
        if known is None or known.open_state == RunState.QUEUED:
            found[row["id"]] = _overview(row)
    return list(found.values())


def _overview(row: Mapping[str, Any]) -> Overview:
    values = {name: row[name] for name in _AS_THEY_ARE}
    state = row["open_state"]
    return Overview(
        **values,
        is_favourite=bool(row["is_favourite"]),
        matched=bool(row["matched"]),
        labels=tuple(json.loads(row["labels"])),
        login_url=str(row["login_url"] or ""),
        open_state=RunState(state) if state else None,
        health=Health.NEVER_SAVED
        if is_new(login_url=row["login_url"] or "", goals=row["goals"])
        else health(
            sign_in=_sign_in(row),
            imports=row["imports"],
            exports=row["exports"],
            failed=(row["failed_imports"], row["failed_exports"]),
        ),
    )


def _sign_in(row: Mapping[str, Any]) -> SignIn:
    if row["lost"]:
        return SignIn.LOST
    if row["login_url"] is None or row["ungranted"]:
        return SignIn.NONE
    return SignIn.OTHER_ORG if row["elsewhere"] else SignIn.GOOD


def last_runs(ids: Iterable[int], most: int = STRIP) -> dict[int, list[PastRun]]:
    """The latest runs of these connections, oldest first, by the connection's row id."""
    found: dict[int, list[PastRun]] = defaultdict(list)
    for row in _rows("last_runs", {"connections": list(ids), "most": most}):
        run = PastRun(
            number=row["number"],
            state=RunState(row["state"]),
            at=row["started_at"] or row["queued_at"],
            finished_at=row["finished_at"],
            received=row["received"],
            done=row["done"],
        )
        found[row["connection_id"]].insert(0, run)
    return found


@dataclass(frozen=True, kw_only=True)
class LastParts:
    """What came of a goal, with its runs."""

    begun: RunGoal  # in the last run that began it; it may be under way
    ended: RunGoal | None  # in the last run in which it has ended


def last_parts(goals: Sequence[Goal]) -> dict[int, LastParts]:
    """What came of each goal that ever ran, by the goal's row id."""
    names = {"goals": [goal.id for goal in goals], "ended": _ENDED}
    rows = _rows("last_parts", names)
    ids = {row[name] for row in rows for name in ("begun", "ended")}
    parts = RunGoal.objects.filter(id__in=ids - {None}).select_related("run").in_bulk()
    return {
        row["goal"]: LastParts(begun=parts[row["begun"]], ended=parts.get(row["ended"]))
        for row in rows
        if row["begun"] in parts
    }


def labels() -> list[str]:
    """Labels in use, the most frequent first."""
    return [row["label"] for row in _rows("labels", {"most": _MOST_LABELS})]


def _rows(block: str, names: Mapping[str, Any]) -> list[dict[str, Any]]:
    with database.cursor() as cursor:
        cursor.execute(QUERIES[block], names)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
