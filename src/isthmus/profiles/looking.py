"""Sessions for those who look at profiles on pages: they never wait long."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.types.datetime import DateLoader, TimestamptzLoader

from isthmus.profiles import database
from isthmus.profiles.errors import TooSlow

PATIENCE_MS: Final = 2_000
"""For statements that go by an index."""


@contextmanager
def session(patience_ms: int = PATIENCE_MS) -> Iterator[Connection[Any]]:
    """A session whose statements end after a time. Raises `TooSlow` where one did.

    Moments that Python has no date for are read as texts.
    """
    settings = f"-c jit=off -c statement_timeout={patience_ms}"
    with database.connected(application="isthmus pages", settings=settings) as connected:
        connected.adapters.register_loader("timestamptz", _Moment)
        connected.adapters.register_loader("date", _Day)
        try:
            yield connected
        except psycopg.errors.QueryCanceled as error:
            raise TooSlow from error


class _Moment(TimestamptzLoader):
    def load(self, data: Buffer) -> datetime:
        try:
            return super().load(data)
        except psycopg.DataError:
            text: Any = bytes(data).decode()
            return text  # type: ignore[no-any-return]


class _Day(DateLoader):
    def load(self, data: Buffer) -> date:
        try:
            return super().load(data)
        except psycopg.DataError:
            text: Any = bytes(data).decode()
            return text  # type: ignore[no-any-return]
