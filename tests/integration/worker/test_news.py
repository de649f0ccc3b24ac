"""News for workers: once for a connection, only when it is true, and none left behind."""

import asyncio
from typing import Any

import pytest
from django.db import transaction
from procrastinate.jobs import Status
from psycopg import Connection

from isthmus.connections import news
from isthmus.worker.news import listening_app, throw_away_stalled

COUNT = "SELECT count(*) FROM procrastinate_jobs"


def jobs(store: Connection[Any]) -> int:
    row = store.execute(COUNT).fetchone()
    assert row is not None
    return int(row[0])


def test_news_of_a_connection_is_there_once(store: Connection[Any]) -> None:
    with transaction.atomic():
        news.tell(1)
        news.tell(1)
        news.tell(2)
        assert jobs(store) == 0

    assert jobs(store) == 2
    news.tell(1)
    assert jobs(store) == 2


def test_news_of_what_did_not_happen_is_none(store: Connection[Any]) -> None:
    def fail() -> None:
        with transaction.atomic():
            news.tell(1)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - ours, from above
        fail()

    assert jobs(store) == 0


def test_news_reaches_the_worker_and_is_deleted(store: Connection[Any]) -> None:
    told: list[int] = []

    def run(connection: int) -> None:
        told.append(connection)
        if connection == 8:
            raise ZeroDivisionError

    async def work() -> None:
        async with listening_app(run) as app:
            await app.run_worker_async(
                queues=[news.QUEUE],
                wait=False,
                delete_jobs="always",
                install_signal_handlers=False,
            )

    for connection in (7, 8):
        news.tell(connection)
    asyncio.run(work())

    assert sorted(told) == [7, 8]
    assert jobs(store) == 0


def test_news_that_a_killed_worker_had_is_thrown_away(store: Connection[Any]) -> None:
    for connection in (1, 2, 3):
        news.tell(connection)
    store.execute(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - '1 h'::interval)"
    )
    store.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    take = "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s"
    workers = [row[0] for row in store.execute("SELECT id FROM procrastinate_workers ORDER BY 1")]
    numbers = [row[0] for row in store.execute("SELECT id FROM procrastinate_jobs ORDER BY 1")]
    for worker, number in zip(workers, numbers, strict=False):
        store.execute(take, [worker, number])

    async def clean() -> None:
        async with listening_app(lambda _: None) as app:
            await throw_away_stalled(app, 60)

    asyncio.run(clean())

    left = store.execute("SELECT id, status::text FROM procrastinate_jobs ORDER BY 1").fetchall()
    assert left == [(numbers[1], Status.DOING.value), (numbers[2], Status.TODO.value)]
    alive = store.execute("SELECT id FROM procrastinate_workers").fetchall()
    assert alive == [(workers[1],)]
