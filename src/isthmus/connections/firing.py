"""Queueing the runs whose time has come. Any number of workers may do it at once.

A transaction holds some connections that are due, queues a run of each, and moves each on to the
next time after now. So a time is met once or, where the process ends before the commit, not yet.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection as database
from django.db import transaction

from isthmus.connections import due, news
from isthmus.connections.due import first_time, select
from isthmus.connections.models import Run
from isthmus.domain.schedules import ScheduleInvalid, read

log = logging.getLogger("isthmus.worker")

SCHEDULE: Final = "Schedule"
"""Who asks for a run that starts by itself."""

MOST: Final = 100
"""Connections of one transaction."""

Row = Mapping[str, Any]


def fire(now: datetime | None = None, *, before_commit: Callable[[], None] = lambda: None) -> int:
    """Queue a run of each connection that is due; how many connections were.

    `now` is the database's clock unless it is given. A test may come `before_commit`.
    """
    moment = now or due.clock()
    mend(moment)
    fired = 0
    while found := _fire_some(moment, before_commit):
        fired += found
    return fired


def mend(now: datetime) -> int:
    """Work out when connections are due of which nobody has done so; how many have a time now."""
    with transaction.atomic():
        rows = select("missing", {})
        times = {
            row["id"]: first_time(json.loads(row["schedule"]), row["timezone"], now, ran=row["ran"])
            for row in rows
        }
        known = {connection: time for connection, time in times.items() if time is not None}
        _move(known)
    return len(known)


def bring_nearer(now: datetime | None = None) -> int:
    """Mend times that lie behind the next one of their schedule; how many connections had one.

    They were worked out while the clock was ahead. When it is set back, nothing would run until it
    is there again.
    """
    moment = now or due.clock()
    with transaction.atomic():
        nearer = {}
        for row in select("ahead", {"now": moment}):
            schedule = json.loads(row["schedule"])
            time = first_time(schedule, row["timezone"], moment, ran=row["ran"])
            if time is not None and time < row["due_at"]:
                nearer[row["id"]] = time
        _move(nearer)
    return len(nearer)


def _fire_some(now: datetime, before_commit: Callable[[], None]) -> int:
    with transaction.atomic():
        claimed = select("claim", {"now": now, "most": MOST})
        times = _next_times(claimed, now)
        ids = list(times)
        widened = _widened(ids)
        standing = {row["id"]: row for row in select("runs", {"connections": ids})}
        # Behind a run of a few records, asked for since we looked, nothing can be queued.
        rows = [row for row in claimed if row["id"] in times and not standing[row["id"]]["few"]]
        _queue([row for row in rows if row["id"] not in widened], standing, now)
        _move({row["id"]: times[row["id"]] for row in rows})
        before_commit()
    return len(rows)


def _widened(connections: Sequence[int]) -> set[int]:
    return {row["connection_id"] for row in select("widen", {"connections": connections})}


def _queue(rows: Sequence[Row], standing: Mapping[int, Row], now: datetime) -> None:
    runs = [
        Run(
            connection_id=row["id"],
            number=standing[row["id"]]["last"] + 1,
            asked_by=SCHEDULE,
            due_at=row["due_at"],
            queued_at=now,
        )
        for row in rows
    ]
    Run.objects.bulk_create(runs)
    for run in runs:
        news.tell(run.connection_id)


def _next_times(rows: Sequence[Row], now: datetime) -> dict[int, datetime | None]:
    """By connection; those whose schedule this version can't read are due no more."""
    times: dict[int, datetime | None] = {}
    unreadable: dict[int, None] = {}
    for row in rows:
        try:
            schedule = read(json.loads(row["schedule"]))
            times[row["id"]] = schedule.next_time(now, row["timezone"])
        except ScheduleInvalid as error:
            unreadable[row["id"]] = None
            facts = {"connection": row["key"], "reason": str(error)}
            extra = {"event": "schedule unreadable", "facts": facts}
            log.warning("schedule unreadable", extra=extra)
    _move(unreadable)
    return times


def _move(times: Mapping[int, datetime | None]) -> None:
    if not times:
        return
    with database.cursor() as cursor:
        names: dict[str, Any] = {"connections": list(times), "times": list(times.values())}
        cursor.execute(due.QUERIES["move"], names)
