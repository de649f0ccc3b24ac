"""Connections of the engines to the database: psycopg's own, not Django's.

Django keeps one connection per thread with a client-side cursor and without prepared statements;
the engines stream, copy and hold transactions of their own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from isthmus.errors import Retryable


class DatabaseGone(Retryable):
    """The database went away."""


SETTINGS = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601"
"""What our statements rely on, whatever the server's defaults are."""


@contextmanager
def connected(*, application: str = "isthmus", settings: str = "") -> Iterator[Connection[Any]]:
    """A connection in autocommit mode; transactions are opened where they are needed.

    Raises `DatabaseGone` where the server can't be reached or goes away meanwhile.
    """
    try:
        with psycopg.connect(
            os.environ["ISTHMUS_CONNINFO"],
            autocommit=True,
            application_name=application,
            options=f"{SETTINGS} {settings}",
        ) as connection:
            yield connection
    except psycopg.OperationalError as error:
        if isinstance(error, psycopg.errors.DiskFull | psycopg.errors.LockNotAvailable):
            raise
        reason = " ".join(str(error).split())
        raise DatabaseGone(
            f"The database went away or can't be reached ({reason}). What was committed is kept; "
            f"start it again and run the command again."
        ) from error
