"""A worker as a process: it idles until there is news, and outlives its database."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import django.db
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

import isthmus
from isthmus.connections.news import QUEUE, TASK
from isthmus.errors import IsthmusError
from isthmus.people import auditing
from isthmus.profiles.database import DatabaseGone
from isthmus.worker import presence
from isthmus.worker.chores import keep_doing
from isthmus.worker.errands import Errands
from isthmus.worker.housekeeping import Housekeeping
from isthmus.worker.news import App, listening_app, throw_away_stalled
from isthmus.worker.rounds import CHORES, schedules, unless_held
from isthmus.worker.settings import WorkerSettings

log = logging.getLogger("isthmus.worker")

GONE = (psycopg.Error, ConnectorException, DatabaseGone)
"""What says that the database can't be reached."""

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each try to reach the database again; the last one comes again and again."""

HEALTHY_SECONDS = 30.0
"""After so long with the database, the pauses begin anew."""

LINGER_SECONDS = 20.0
"""For errands to notice that the database is gone; they go on alone after that."""


class WorkerProcess:
    """Works off runs until it is asked to leave. One a process: it takes the signals."""

    def __init__(
        self, errands: Errands, settings: WorkerSettings, revive: Callable[[], None]
    ) -> None:
        """Take `revive`, which brings the database back or raises where it can't be reached."""
        self._errands, self._settings, self._revive = errands, settings, revive
        self._leave = asyncio.Event()
        self._insist = asyncio.Event()
        self._pauses = _pauses()
        self._errands.leaving = self._leave.is_set
        self._housekeeping = Housekeeping(keeping=settings.keeping)
        self._lingering: set[asyncio.Task[Any]] = set()

    @property
    def insisted(self) -> bool:
        """Whether it was asked a second time, and left what was under way."""
        return self._insist.is_set()

    def ask_to_leave(self) -> None:
        """Let what is under way come to the end of its step, and leave the rest to others."""
        if self._leave.is_set():
            self._insist.set()
        else:
            _say("worker leaves")
        self._leave.set()

    def run(self) -> bool:
        """Work until a signal asks to leave; whether nothing is under way any more.

        Where something is, it is best ended with this process.
        """
        loop = asyncio.new_event_loop()
        # Errands of a database that went away may still be on their way when it is back.
        loop.set_default_executor(ThreadPoolExecutor(2 * self._settings.concurrency + 2))
        loop.set_exception_handler(_unheard)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # What `nohup` and shells have set to be ignored stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self.ask_to_leave)
        idle = loop.run_until_complete(self._work_until_left())
        if idle:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        return idle

    async def _work_until_left(self) -> bool:
        _say("worker ready", concurrency=self._settings.concurrency)
        working = asyncio.create_task(self._work())
        await _first(working, asyncio.create_task(self._leave.wait()))
        insisted = asyncio.create_task(self._insist.wait())
        await _first(working, insisted, seconds=self._settings.leave_seconds)
        insisted.cancel()
        if not working.done() or self._lingering:
            _say("worker leaves what is under way")
            return False
        working.result()
        _say("worker left")
        return True

    async def _work(self) -> None:
        """Live with the database, one life after another."""
        while not self._leave.is_set():
            began = time.monotonic()
            try:
                await self._live()
            except GONE as error:
                _warn("database gone", error=type(error).__name__)
                if time.monotonic() - began > HEALTHY_SECONDS:
                    self._pauses = _pauses()
                await self._reach_again()

    async def _reach_again(self) -> None:
        while not self._leave.is_set():
            seconds = next(self._pauses)
            await _first(asyncio.create_task(self._leave.wait()), seconds=seconds)
            try:
                await asyncio.to_thread(self._revive)
            except (*GONE, IsthmusError) as error:
                _warn("database still gone", error=type(error).__name__)
            else:
                _say("database back")
                return

    async def _live(self) -> None:
        """Work until asked to leave. Raises one of `GONE` when the database goes away."""
        seconds = self._settings.look_seconds
        async with await _session() as session, listening_app(self._errands.run) as app:
            await session.execute(presence.QUERIES["announce"])
            working = asyncio.create_task(self._take_news(app))
            looking = asyncio.create_task(self._look(session, app))
            chores = [unless_held(each) for each in (*CHORES, schedules(seconds))]
            doing = asyncio.create_task(keep_doing(chores))
            leaving = asyncio.create_task(self._leave.wait())
            await _first(working, looking, doing, leaving)
            for each in (looking, doing, leaving, working):
                each.cancel()
            await asyncio.wait([looking, doing, leaving])
            await self._end_errands(working, session)
            _raise_first(looking, doing, working)

    async def _end_errands(
        self, working: asyncio.Task[None], session: psycopg.AsyncConnection[Any]
    ) -> None:
        if self._leave.is_set():
            # Nobody is to count on this worker any more; without a database nobody does.
            with suppress(*GONE):
                await session.execute(presence.QUERIES["depart"])
            await asyncio.wait([working])
            return
        # That the database went away errands hear with their next statement. One that is busy
        # elsewhere goes on alone until then.
        await asyncio.wait([working], timeout=LINGER_SECONDS)
        if not working.done():
            self._lingering.add(working)
            working.add_done_callback(self._lingering.discard)

    async def _take_news(self, app: App) -> None:
        await app.run_worker_async(
            queues=[QUEUE],
            concurrency=self._settings.concurrency,
            fetch_job_polling_interval=self._settings.look_seconds,
            delete_jobs="always",
            install_signal_handlers=False,
        )
        # Its helpers end it, and say nothing, when they lose the database.
        raise DatabaseGone

    async def _look(self, session: psycopg.AsyncConnection[Any], app: App) -> None:
        """Give word, every few seconds, of runs that nobody works on; keep house once a day."""
        while True:
            if self._housekeeping.is_due():
                await asyncio.to_thread(_alone, self._housekeeping.keep)
            cursor = await session.execute(presence.DUE)
            found = [presence.Due(*row) for row in await cursor.fetchall()]
            for each in presence.without(found, self._errands.setbacks.refused()):
                lock = f"connection {each.connection}"
                with suppress(AlreadyEnqueued):
                    news = app.configure_task(TASK, queue=QUEUE, queueing_lock=lock)
                    await news.defer_async(connection=each.connection)
            await throw_away_stalled(app, self._settings.stalled_seconds)
            await asyncio.sleep(self._settings.look_seconds)


async def _session() -> psycopg.AsyncConnection[Any]:
    conninfo = os.environ["ISTHMUS_CONNINFO"]
    return await psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, application_name=f"{presence.NAME} {isthmus.__version__}"
    )


async def _first(*tasks: asyncio.Task[Any], seconds: float | None = None) -> None:
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


def _unheard(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody waits for any more, such as the news of a database that went away."""
    error = context.get("exception")
    _warn("left alone", error=type(error).__name__ if error else None)


def _alone(errand: Callable[[], None]) -> None:
    """Run it in a thread that keeps no connection of Django's afterwards."""
    try:
        with auditing.by_nobody():
            errand()
    finally:
        django.db.connections.close_all()


def _raise_first(*tasks: asyncio.Task[Any]) -> None:
    for each in tasks:
        if each.done() and not each.cancelled() and (error := each.exception()) is not None:
            raise error


def _pauses() -> Iterator[float]:
    yield from PAUSES
    while True:
        yield PAUSES[-1]


def _say(event: str, **facts: object) -> None:
    log.info(event, extra={"event": event, "facts": facts})


def _warn(event: str, **facts: object) -> None:
    log.warning(event, extra={"event": event, "facts": facts})
