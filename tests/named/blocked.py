"""A run that waits in the middle of a chunk, so that something can happen there."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
from django.db import connections
from psycopg import Connection

from integration import set_up
from isthmus.connections.models import Goal
from isthmus.connections.runs import GoalRun
from isthmus.importing.engine import run_import
from named.world import World

PATIENCE = 2_000
"""Looks before a run that should wait for a lock is given up."""

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = %s AND wait_event_type = 'Lock' AND datname = current_database()
"""


def wait_for_lock(store: Connection[Any], application: str = "isthmus import") -> None:
    """Come back once a session of that name waits for somebody's lock."""
    pause = threading.Event()
    for _ in range(PATIENCE):
        row = store.execute(_WAITING, [application]).fetchone()
        if row and row[0]:
            return
        pause.wait(0.005)
    raise AssertionError(f"no session of {application!r} came to wait for a lock")


def read_while(world: World, goal: Goal, happening: Callable[[Connection[Any]], None]) -> GoalRun:
    """Import; while its first chunk waits for the profiles that it is about to change,
    somebody else, who holds them, changes them."""
    goal_run = set_up.start(goal, world.salesforce)
    with (
        psycopg.connect(world.store.info.dsn, password=world.store.info.password) as other,
        ThreadPoolExecutor(1) as threads,
    ):
        other.execute("SELECT FROM store.profile FOR UPDATE")
        going: Future[None] = threads.submit(_read, goal_run)
        try:
            wait_for_lock(world.store)
            happening(other)
        finally:
            other.commit()
        going.result()
    return goal_run


def _read(goal_run: GoalRun) -> None:
    try:
        run_import(goal_run)
    finally:
        connections.close_all()
