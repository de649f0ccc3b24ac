"""API calls of orgs, counted over all processes and machines, and set aside before they are made.

A client takes calls from the database in blocks, so that few of its calls ask it. A block is
counted at once, in the hour in which it is taken, and is good for that hour only. What is left of
it is given back when the client closes or the hour ends. Of a process that was killed the whole
block stays counted: nobody knows how much of it was sent.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from isthmus.connections.errors import BudgetReached
from isthmus.domain.call_shares import (
    FIRST_BLOCK,
    HOUR,
    MOST_AT_ONCE,
    SHARE_PERCENT,
    Figures,
    hour_of,
    oldest,
)
from isthmus.domain.record_ids import full_id
from isthmus.errors import IsthmusError
from isthmus.profiles import database, statements
from isthmus.salesforce import Usage

_SHORT: Final = 15

QUERIES = statements.load("isthmus.connections", "calls.sql")

_APPLICATION: Final = "isthmus calls"

Sessions = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
"""Gives a session of the database, as `database.connected` does."""

MEASURE_SECONDS: Final = 5.0
"""Between two notes of what an org says of its calls, by one client."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Calls that were set aside for somebody, and until when they are good."""

    hour: datetime
    calls: int
    seconds: float  # until its hour ends


def org_key(org_id: str) -> str:
    """The 18 characters that an org is kept by, however its id came."""
    try:
        return full_id(org_id[:_SHORT])
    except ValueError:
        return org_id[:18]


def _one() -> AbstractContextManager[psycopg.Connection[Any]]:
    return database.connected(application=_APPLICATION)


def set_aside(
    org_id: str,
    connection: int,
    wanted: int,
    now: datetime | None = None,
    *,
    sessions: Sessions = _one,
) -> Block:
    """Count up to so many calls as ours, for the connection with that row id.

    The time is the database's, which all machines share, unless `now` is given. Raises
    `BudgetReached` where not a single one is left.
    """
    with sessions() as session, session.transaction():
        found = hold(session, org_id, now)
        figures = found.figures
        calls = figures.block(wanted)
        if calls < 1:
            raise BudgetReached(figures)
        hour = hour_of(figures.now)
        names = {"id": found.id, "connection": connection, "hour": hour, "calls": calls}
        session.execute(QUERIES["set_aside"], names)
        return Block(hour=hour, calls=calls, seconds=(hour + HOUR - figures.now).total_seconds())


@dataclass(frozen=True, kw_only=True)
class Held:
    """An org's row, held until the transaction ends, and what is known of its calls."""

    id: int
    figures: Figures


def hold(session: psycopg.Connection[Any], org_id: str, now: datetime | None = None) -> Held:
    """Hold the org's row, which is made where it is not there yet."""
    names = {"org": org_key(org_id), "share": SHARE_PERCENT}
    row = session.execute(QUERIES["hold"], names).fetchone()
    if row is None:
        session.execute(QUERIES["know"], names)
        row = session.execute(QUERIES["hold"], names).fetchone()
    assert row is not None  # noqa: S101 - it was made in this transaction, or was there before
    org, share, limit, others, measured_at = row
    moment = now or _clock(session)
    # A statement of its own: it sees what was committed while this one waited for the row.
    hours = session.execute(QUERIES["hours"], {"id": org, "after": oldest(moment)}).fetchall()
    figures = Figures(
        now=moment,
        share_percent=share,
        limit=limit,
        others=others,
        measured_at=measured_at,
        hours=dict(hours),
    )
    return Held(id=org, figures=figures)


def _clock(session: psycopg.Connection[Any]) -> datetime:
    row = session.execute(QUERIES["now"]).fetchone()
    assert row is not None  # noqa: S101 - there is always a time
    moment: datetime = row[0]
    return moment


def give_back(
    org_id: str, connection: int, hour: datetime, calls: int, *, sessions: Sessions = _one
) -> None:
    """Count so many calls no longer: they were set aside in that hour, and not made."""
    names = {"org": org_key(org_id), "connection": connection, "hour": hour, "calls": calls}
    with sessions() as session:
        session.execute(QUERIES["give_back"], names)


def measure(
    org_id: str,
    usage: Usage,
    *,
    unsent: int = 0,
    now: datetime | None = None,
    sessions: Sessions = _one,
) -> None:
    """Keep what the org says of all its calls; so many of those counted here were not made yet."""
    with sessions() as session, session.transaction():
        found = hold(session, org_id, now)
        names = {
            "org": org_key(org_id),
            "limit": usage.maximum,
            "used": usage.used,
            "unsent": unsent,
            "now": found.figures.now,
            "after": oldest(found.figures.now),
        }
        session.execute(QUERIES["measure"], names)


def forget() -> None:
    """Forget hours that count no longer for anybody."""
    with _one() as session:
        session.execute(QUERIES["forget"])


class OrgAllowance:
    """Covers the calls of one client; an `isthmus.salesforce.Allowance`. Threads share it."""

    def __init__(
        self,
        connection: int = 0,
        *,
        clocks: tuple[Callable[[], float], ...] = (time.monotonic, time.time),
    ) -> None:
        """Take the row id of the connection that calls are counted for; 0 for none.

        A block ends by whichever clock is first: one stands still while a machine sleeps, the
        other can be set.
        """
        self._connection, self._clocks = connection, clocks
        self._lock = threading.Lock()
        # Opening a session takes ten times longer than all that is asked in it.
        self._session = database.Session(_APPLICATION)
        self._org_id = ""
        self._hour: datetime | None = None  # in which what is left was set aside
        self._left = 0
        self._ends: tuple[float, ...] = ()
        self._block = FIRST_BLOCK
        self._taken = 0  # counts blocks
        self._heard: Usage | None = None
        self._noted_at: float | None = None

    def take(self, org_id: str) -> int:
        """See `Allowance`. Raises `BudgetReached`."""
        with self._lock:
            if self._left and (org_id != self._org_id or self._is_over()):
                self._return()
            if not self._left:
                self._fill(org_id)
            self._left -= 1
            return self._taken

    def put_back(self, taken: int) -> None:
        """See `Allowance`."""
        with self._lock:
            if taken == self._taken and self._hour is not None:
                self._left += 1

    def told(self, org_id: str, usage: Usage) -> None:
        """See `Allowance`."""
        self._heard = usage
        now = self._clocks[0]()
        if self._noted_at is None or now - self._noted_at >= MEASURE_SECONDS:
            self._noted_at = now
            self._note(org_id)

    def close(self) -> None:
        """See `Allowance`."""
        with self._lock:
            with suppress(IsthmusError, psycopg.Error):
                self._return()
            self._left, self._hour = 0, None
        if self._heard is not None:
            self._note(self._org_id)
            self._heard = None
        self._session.close()

    def _is_over(self) -> bool:
        return any(clock() >= end for clock, end in zip(self._clocks, self._ends, strict=True))

    def _fill(self, org_id: str) -> None:
        # The clocks are read before, so that the block never lasts longer than its hour.
        now = [clock() for clock in self._clocks]
        sessions = self._session.connected
        block = set_aside(org_id, self._connection, self._block, sessions=sessions)
        self._org_id, self._hour, self._left = org_id, block.hour, block.calls
        self._ends = tuple(each + block.seconds for each in now)
        self._block = min(2 * self._block, MOST_AT_ONCE)
        self._taken += 1

    def _return(self) -> None:
        left, hour = self._left, self._hour
        self._left, self._hour = 0, None
        if left and hour is not None:
            sessions = self._session.connected
            give_back(self._org_id, self._connection, hour, left, sessions=sessions)

    def _note(self, org_id: str) -> None:
        """Keep what was heard. It is no reason to lose an answer: it will be heard again."""
        heard = self._heard
        if heard is not None and org_id:
            with suppress(IsthmusError, psycopg.Error):
                measure(org_id, heard, unsent=self._left, sessions=self._session.connected)
