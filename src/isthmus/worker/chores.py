"""What a worker does at intervals, beside runs: each chore by itself, so that none keeps others.

A chore is done by every worker that there is, at times of its own. What two must not do at once
they settle in the database.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import django.db

from isthmus.errors import IsthmusError
from isthmus.people import auditing
from isthmus.profiles.database import DatabaseGone

log = logging.getLogger("isthmus.worker")


@dataclass(frozen=True, kw_only=True)
class Chore:
    """Something to do, again and again."""

    name: str  # what the log calls it
    every_seconds: float  # from its end to its next begin
    do: Callable[[], object]
    """Raises `DatabaseGone` where that is so; anything else is logged, and it is done again."""


async def keep_doing(chores: Sequence[Chore]) -> None:
    """Do all of them at their intervals until cancelled. Raises `DatabaseGone`."""
    try:
        async with asyncio.TaskGroup() as group:
            for chore in chores:
                group.create_task(_keep_doing(chore))
    except* DatabaseGone as gone:
        raise DatabaseGone from gone


async def _keep_doing(chore: Chore) -> None:
    while True:
        await _in_thread(chore)
        await asyncio.sleep(chore.every_seconds)


async def _in_thread(chore: Chore) -> None:
    """Do it in a thread that a process which ends does not wait for: a mail server may be slow."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def perform() -> None:
        try:
            do(chore)
        except DatabaseGone as gone:
            error: DatabaseGone | None = gone
        else:
            error = None
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(_settle, done, error)

    threading.Thread(target=perform, name=f"chore {chore.name}", daemon=True).start()
    await done


def _settle(done: asyncio.Future[None], error: DatabaseGone | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def do(chore: Chore) -> None:
    """Do it once, in a thread that keeps no connection of Django's afterwards."""
    try:
        with auditing.by_nobody():
            chore.do()
    except DatabaseGone:
        raise
    except Exception as error:
        facts = {"chore": chore.name, "error": type(error).__name__}
        # What is ours says in its class what it is; anything else needs its place in the code.
        where = None if isinstance(error, IsthmusError) else error
        log.warning("chore failed", extra={"event": "chore failed", "facts": facts}, exc_info=where)
    finally:
        django.db.connections.close_all()
