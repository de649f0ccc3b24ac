"""A process that ends in the middle of something, as seen by the database and by Salesforce."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest


class Killed(BaseException):
    """Nothing after it happens: what is open in the database is rolled back."""


class Death:
    """Counts what a process does, and ends it at one of these points."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.at, self.after = at, after
        self.points = 0
        self.last = ""

    def around(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, as a point where the process may end: before it, or after it."""

        def call(*given: Any, **named: Any) -> Any:
            self.points += 1
            mine = self.points == self.at
            if mine:
                self.last = name
            if mine and not self.after:
                raise Killed
            result = real(*given, **named)
            if mine:
                raise Killed
            return result

        return call


@contextmanager
def dying(salesforce: Any, death: Death) -> Iterator[None]:
    """Statements and calls of Salesforce are points where the process may end."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "copy"):
            real = getattr(psycopg.Cursor, name)
            patch.setattr(psycopg.Cursor, name, death.around(name, real))
        for name in ("create", "wait", "pages", "page", "delete"):
            bulk = salesforce.bulk_query
            patch.setattr(bulk, name, death.around(name, getattr(bulk, name)), raising=False)
        for name in ("server_time", "updated", "count", "query_all", "query_pages", "describe"):
            patch.setattr(salesforce, name, death.around(name, getattr(salesforce, name)))
        yield
