"""News of runs, as jobs of procrastinate. They say where to look, and nothing else.

A job is deleted when it ends, however that was. One whose worker was killed is never tried again:
the run's row is the truth, and every worker looks for runs that are nobody's.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django.db_cleanup import DjangoApp
from procrastinate.jobs import Status

from isthmus.connections.news import QUEUE, TASK

__all__ = ["App", "listening_app", "throw_away_stalled"]

POOL_SECONDS = 5.0
"""For a connection to the database. What `get_worker_connector()` gives waits half a minute."""


@asynccontextmanager
async def listening_app(run: Callable[[int], object]) -> AsyncIterator[App]:
    """An app with the one task: `run` is called in a thread with a connection's row id."""
    connector = PsycopgConnector(
        conninfo=os.environ["ISTHMUS_CONNINFO"],
        kwargs={"application_name": "isthmus news"},
        min_size=1,
        max_size=3,
        timeout=POOL_SECONDS,
        reconnect_timeout=POOL_SECONDS,
    )
    # The task closes Django's connection of its thread at its end: `DjangoApp` sees to that.
    app = DjangoApp(connector=connector)

    @app.task(name=TASK, queue=QUEUE)
    def work_off(connection: int) -> None:
        run(connection)

    async with app.open_async():
        yield app


async def throw_away_stalled(app: App, seconds: float) -> None:
    """Delete the news that workers had which gave no sign of life for so long, and those workers.

    Finished news is deleted by who finished it, so nothing is left and the tables do not grow.
    """
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=seconds):
        if job.id is not None:
            await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
    await manager.prune_stalled_workers(seconds)
