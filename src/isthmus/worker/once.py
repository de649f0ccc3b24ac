"""A worker that ends when nothing is left to be done."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import django.db

from isthmus.connections.models import Run
from isthmus.profiles import database
from isthmus.worker import presence
from isthmus.worker.alerting import Alerting
from isthmus.worker.chores import Chore, do
from isthmus.worker.errands import Errands
from isthmus.worker.rounds import TELLING, schedules, unless_held
from isthmus.worker.settings import WorkerSettings

_ALERTING: Final = Chore(name="alerts", every_seconds=60.0, do=Alerting(settles=False).evaluate)
"""What is late when all is worked off did not start."""


def work_once(errands: Errands, settings: WorkerSettings) -> list[Run]:
    """Work off all runs that are due, several connections at a time; the runs as they stand then.

    What their schedules say is queued first. At the end alerts are worked out, and what is to be
    told is sent, once: what is not taken waits for the next worker.
    What another process works on is left to it, and so is what met an error here.
    """
    do(unless_held(schedules(settings.look_seconds)))
    done: list[Run] = []
    idle: set[int] = set()
    threads = ThreadPoolExecutor(settings.concurrency)
    try:
        while not errands.leaving() and (found := _due(errands, idle)):
            connections = [each.connection for each in found]
            errand = threads.map(lambda connection: _run(errands, connection), connections)
            for connection, runs in zip(connections, errand, strict=True):
                done += runs
                if not runs:
                    idle.add(connection)
    finally:
        # After an interruption nobody waits for what is under way.
        threads.shutdown(wait=False, cancel_futures=True)
    if not errands.leaving():
        for chore in (_ALERTING, *TELLING):
            do(unless_held(chore))
    return done


def _due(errands: Errands, idle: set[int]) -> list[presence.Due]:
    with database.connected(application="isthmus worker") as session:
        return presence.without(presence.due(session), errands.setbacks.refused() | idle)


def _run(errands: Errands, connection: int) -> list[Run]:
    try:
        return errands.run(connection)
    finally:
        django.db.connections.close_all()
