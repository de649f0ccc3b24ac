"""One run that is disturbed, to be compared with one that was left alone."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import psutil
import psycopg

from isthmus.embedded import postmaster
from isthmus.embedded.folder import locate
from journeys.kills.looking import Dump, contact_ids, created_names, org_dump, store_dump
from journeys.kills.scene import Opened, Scene
from journeys.kills.worker import Worker, standing_by, wait_for_begin, wait_for_end

RECOVERY_SECONDS = 60

ROUNDS = int(os.environ.get("ISTHMUS_KILL_ROUNDS", "1"))
"""How often each process is killed in each direction."""

SEED = os.environ.get("ISTHMUS_KILL_SEED", "0")

_SESSIONS = """SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity
    WHERE application_name LIKE 'isthmus%' OR application_name = 'procrastinate'"""

_SECONDS = """SELECT extract(epoch FROM finished_at - started_at)::float FROM connections_run
    ORDER BY id DESC LIMIT 1"""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a run left, and how long it took from when somebody began to work on it."""

    dump: Dump
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Round:
    """A run that somebody works on now."""

    opened: Opened
    worker: Worker
    chance: Random


Disturb = Callable[[Round], None]


def leave_alone(_: Round) -> None:
    """Let the run go on."""


def play(scene: Scene, disturb: Disturb = leave_alone, *, seed: str = "") -> Played:
    """Let the scene's run go on to its end, disturbed once, and look what there is then."""

    def begun(now: Round) -> None:
        now.worker.start()
        wait_for_begin(now.opened.watched)
        disturb(now)

    return play_from_start(scene, begun, seed=seed)


def play_from_start(scene: Scene, disturb: Disturb, *, seed: str = "") -> Played:
    """The same, where whoever disturbs also starts the worker."""
    with scene.opened() as opened, standing_by(opened.command) as worker:
        before = contact_ids(opened.org)
        disturb(Round(opened=opened, worker=worker, chance=Random(seed)))
        wait_for_end(opened.watched, worker)
        worker.kill()
        return Played(dump=_dump(opened, before), seconds=opened.watched.ask(_SECONDS))


def _dump(opened: Opened, before: set[str]) -> Dump:
    names = created_names(opened.org, before)
    with _connected(opened.watched.conninfo) as session:
        return store_dump(session, names) | org_dump(opened.org)


def _connected(conninfo: str) -> "psycopg.Connection[Any]":
    """A session, once the database is up again after the last kill."""
    until = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return psycopg.connect(conninfo)
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def kill_worker(now: Round) -> None:
    """Kill -9 of the worker."""
    now.worker.kill()


def kill_backend(now: Round) -> None:
    """Kill -9 of one database process that works for the run; PostgreSQL restarts all others."""
    sessions = now.opened.watched.ask(_SESSIONS)
    if sessions:
        os.kill(int(now.chance.choice(sessions.split())), signal.SIGKILL)


def kill_database(now: Round) -> None:
    """Kill -9 of all processes of the database at once."""
    folder = locate(now.opened.command.home)
    postmaster.kill_all(folder)
    psutil.wait_procs(postmaster.processes(folder), timeout=10)


def kill_org(now: Round) -> None:
    """Kill -9 of Salesforce, which is back a little later."""
    now.opened.org.kill()
    time.sleep(now.chance.uniform(0, 0.5))
    now.opened.org.start()


VICTIMS: dict[str, Disturb] = {
    "worker": kill_worker,
    "backend": kill_backend,
    "database": kill_database,
    "org": kill_org,
}


def at_moment(victim: Disturb, *, number: int, rounds: int, seconds: float) -> Disturb:
    """Disturb once in the part of the run that is this round's: together they cover all of it."""

    def later(now: Round) -> None:
        part = (number + now.chance.random()) / rounds
        time.sleep(part * seconds)
        victim(now)

    return later
