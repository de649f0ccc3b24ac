"""When connections run by themselves next, and why they don't.

`Connection.due_at` is the next time of the schedule, or one that has passed and that nobody could
meet: then there was no worker, or the connection could not run. Whoever changes what it depends on
(the schedule, the time zone, the switch) calls `renew` in the same transaction. Where somebody does
not, the database forgets the time, and a worker works it out at its next look.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db import connection as database

from isthmus.connections.models import Connection
from isthmus.domain.schedules import Schedule, ScheduleInvalid, read
from isthmus.profiles import statements

_BLOCKS = statements.load("isthmus.connections", "due.sql")
QUERIES: Final = {
    name: block.format(hindrance=_BLOCKS["hindrance"]) for name, block in _BLOCKS.items()
}


class Hindrance(StrEnum):
    """Why a connection that is on and has a schedule can't run by itself."""

    NO_SIGN_IN = "none"
    SIGN_IN_LOST = "lost"
    OTHER_ORG = "other org"
    NO_GOAL = "no goal"


_PAUSED: Final = {
    Hindrance.NO_SIGN_IN: (
        "Paused: nobody is signed in to Salesforce. It runs by itself as soon as it is connected."
    ),
    Hindrance.SIGN_IN_LOST: (
        "Paused: the sign-in was lost. It continues by itself as soon as it is connected again."
    ),
    Hindrance.OTHER_ORG: (
        "Paused: the sign-in leads to another org. It continues by itself as soon as it is "
        "connected to its org, or the new org is accepted."
    ),
    Hindrance.NO_GOAL: (
        "Paused: no goal is active. It runs by itself as soon as a goal is added or activated."
    ),
}


@dataclass(frozen=True, kw_only=True)
class NextRun:
    """When a connection runs by itself next, or why it doesn't."""

    at: datetime | None  # the time; it has passed where the run is overdue; None: there is none
    is_on: bool = True
    is_by_hand: bool = False
    hindrance: Hindrance | None = None  # why nothing starts; None: nothing is in the way
    is_going: bool = False  # a run is under way
    is_queued: bool = False  # a run waits for its turn: it starts whatever the schedule says
    trouble: str = ""  # why the schedule can't be read; empty: it can

    @property
    def is_paused(self) -> bool:
        """Whether something is in the way that somebody has to repair."""
        return self.is_on and not self.is_by_hand and bool(self.hindrance or self.trouble)

    @property
    def word(self) -> str:
        """What stands where there is no time: in a list, say. Empty where there is one."""
        if not self.is_on:
            return "Off"
        if self.is_queued:
            return "After this run" if self.is_going else "Queued"
        if self.trouble or (self.hindrance and not self.is_by_hand):
            return "Paused"
        if self.is_by_hand:
            return "By hand only"
        return "" if self.at else "Never"

    @property
    def sentence(self) -> str:
        """Why nothing runs by itself, and what to do; empty where it does."""
        if self.is_by_hand and self.is_on:
            return "Nothing starts by itself: it runs when somebody asks for it."
        if not self.is_on:
            return (
                "Off: nothing starts by itself. Switch it on, and the schedule goes on from then."
            )
        if self.trouble:
            return f"Paused: the schedule can\u2019t be read. {self.trouble} Save another one."
        return _PAUSED[self.hindrance] if self.hindrance else ""


NOTHING: Final = NextRun(at=None, is_on=False)
"""What is said of a connection that is gone."""


def next_run(connection: Connection, now: datetime | None = None) -> NextRun:
    """When the connection runs by itself next, or why it doesn't."""
    return next_runs([connection.id], now).get(connection.id, NOTHING)


def next_runs(ids: Iterable[int], now: datetime | None = None) -> dict[int, NextRun]:
    """The same of many connections, by row id, with one statement; `now` is the database's."""
    rows = select("next_runs", {"connections": list(ids)})
    moment = now or clock() if rows else now
    return {row["id"]: _next_run(row, moment) for row in rows}


def _next_run(row: Mapping[str, Any], now: datetime | None) -> NextRun:
    hindrance = Hindrance(row["hindrance"]) if row["hindrance"] else None
    said: dict[str, Any] = {
        "is_on": row["active"],
        "hindrance": hindrance,
        "is_going": row["is_going"],
        "is_queued": row["is_queued"],
    }
    try:
        schedule = read(json.loads(row["schedule"]))
        at = row["due_at"]
        if at is None and row["active"] and now is not None:
            at = schedule.next_time(now, row["timezone"])
    except ScheduleInvalid as error:
        return NextRun(at=None, trouble=str(error), **said)
    return NextRun(at=at, is_by_hand=schedule.is_by_hand, **said)


def schedule_of(connection: Connection) -> Schedule:
    """The connection's schedule. Raises `ScheduleInvalid` where this version can't read it."""
    return read(connection.schedule)


def change(connection: Connection, schedule: Schedule, now: datetime | None = None) -> None:
    """Give a connection another schedule, in the open transaction. Whoever calls holds the row."""
    connection.schedule = schedule.as_plain()
    connection.save(update_fields=["schedule"])
    renew(connection, now)


def renew(connection: Connection, now: datetime | None = None) -> None:
    """Work out anew when it is due, in the open transaction. Whoever calls holds the row.

    A connection that never ran is due at once, and any other at the next time of its schedule: what
    it missed under another schedule, or while it was off, is not made up for.
    """
    ran = connection.runs.exists()
    moment = now or clock()
    connection.due_at = None
    if connection.active:
        connection.due_at = first_time(connection.schedule, connection.timezone, moment, ran=ran)
    connection.save(update_fields=["due_at"])


def meet(connection: Connection) -> None:
    """Say, in the open transaction, that a run of all goals was asked for: one is enough.

    So a time that has come is met by it, the first of all above all. Where the connection can't run
    by itself, what is missed is kept until it can. Whoever calls holds the row.
    """
    now = clock()
    if connection.due_at is None or connection.due_at > now:
        return
    if next_run(connection, now).hindrance is None:
        connection.due_at = first_time(connection.schedule, connection.timezone, now, ran=True)
        connection.save(update_fields=["due_at"])


def first_time(plain: Any, timezone: str, now: datetime, *, ran: bool) -> datetime | None:
    """When a connection with that schedule (its plain form) is due, reckoned from now on.

    None: never, as far as this version can tell.
    """
    try:
        schedule = read(plain)
        if schedule.is_by_hand:
            return None
        return schedule.next_time(now, timezone) if ran else now
    except ScheduleInvalid:
        return None


def clock() -> datetime:
    """What time it is in the database, which is one for all workers."""
    moment: datetime = select("clock", {})[0]["clock_timestamp"]
    return moment


def select(block: str, names: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that a block of `due.sql` gives."""
    with database.cursor() as cursor:
        cursor.execute(QUERIES[block], names)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
