"""Chores are done at their intervals, each by itself."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from isthmus.profiles.database import DatabaseGone
from isthmus.worker.chores import Chore, do, keep_doing


def chore(name: str, do: Callable[[], object]) -> Chore:
    return Chore(name=name, every_seconds=0.001, do=do)


def test_one_that_hangs_and_one_that_fails_keep_no_other_back() -> None:
    held, done = threading.Event(), threading.Semaphore(0)

    def fail() -> None:
        raise ValueError

    async def work() -> None:
        chores = [chore("a", held.wait), chore("b", fail), chore("c", done.release)]
        going = asyncio.create_task(keep_doing(chores))
        for _ in range(3):
            await asyncio.to_thread(done.acquire)
        going.cancel()
        await asyncio.wait([going])

    asyncio.run(work())
    held.set()


def test_a_lost_database_is_the_concern_of_whoever_keeps_them_going() -> None:
    def lose() -> None:
        raise DatabaseGone

    with pytest.raises(DatabaseGone):
        asyncio.run(keep_doing([chore("a", lambda: None), chore("b", lose)]))


def test_what_fails_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("ada@example.com")

    do(chore("letters", fail))
    (record,) = caplog.records
    assert record.__dict__["facts"] == {"chore": "letters", "error": "ValueError"}
    assert record.message == "chore failed"
