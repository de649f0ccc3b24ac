"""Ending an engine after any number of steps, as `kill -9` would.

A step is a statement, a commit, or a call of Salesforce: before it is made, or after it took
effect and before its answer is heard.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from isthmus.connections.runs import GoalRun


class Killed(BaseException):
    """The process is gone. Nothing in the code under test catches it."""


class Countdown:
    """Raises `Killed` at its last step, and at each one after it."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        """One step less to live."""
        self.left -= 1
        if self.left < 0:
            raise Killed


class Watched:
    """A client of which each call is two steps."""

    def __init__(self, inner: Any, countdown: Countdown) -> None:
        self._inner, self._countdown = inner, countdown

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in ("bulk_query", "bulk_ingest", "collections"):
            return Watched(found, self._countdown)
        return self._around(found) if callable(found) else found

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self._countdown.step()
            answer = call(*given, **named)
            self._countdown.step()
            return answer

        return counted


@contextmanager
def _statements_counted(countdown: Countdown) -> Iterator[None]:
    execute, transaction = psycopg.Connection.execute, psycopg.Connection.transaction

    def counted(connection: Any, *given: Any, **named: Any) -> Any:
        countdown.step()
        return execute(connection, *given, **named)

    @contextmanager
    def committed(connection: Any, *given: Any, **named: Any) -> Iterator[Any]:
        with transaction(connection, *given, **named) as inner:
            yield inner
            countdown.step()
        countdown.step()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Connection, "execute", counted)
        patch.setattr(psycopg.Connection, "transaction", committed)
        yield


def killed(engine: Callable[[GoalRun], None], goal_run: GoalRun, steps: int) -> bool:
    """Run the engine for so many steps at most; whether it was killed before it ended."""
    countdown, salesforce = Countdown(steps), goal_run.salesforce
    goal_run.salesforce = Watched(salesforce, countdown)  # type: ignore[assignment]
    try:
        with _statements_counted(countdown):
            engine(goal_run)
    except Killed:
        return True
    finally:
        goal_run.salesforce = salesforce
    return False


def steps_of(engine: Callable[[GoalRun], None], goal_run: GoalRun) -> int:
    """How many steps an undisturbed run takes."""
    countdown, salesforce, many = Countdown(1_000_000), goal_run.salesforce, 1_000_000
    goal_run.salesforce = Watched(salesforce, countdown)  # type: ignore[assignment]
    with _statements_counted(countdown):
        engine(goal_run)
    goal_run.salesforce = salesforce
    return many - countdown.left
