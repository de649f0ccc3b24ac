"""Connections of the engines to the database: psycopg's own, not Django's.

Django keeps one connection per thread with a client-side cursor and without prepared statements;
the engines stream, copy and hold transactions of their own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django.db
import psycopg
from psycopg import Connection

from isthmus.errors import Final, Retryable


class DatabaseGone(Retryable):
    """The database went away."""


class DiskFull(Retryable):
    """The database's disk is full."""


class StoreRefused(Final):
    """The database refused a statement."""


SETTINGS = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601"
"""What our statements rely on, whatever the server's defaults are."""


@contextmanager
def connected(*, application: str = "isthmus", settings: str = "") -> Iterator[Connection[Any]]:
    """A connection in autocommit mode; transactions are opened where they are needed.

    Raises `DatabaseGone` where the server can't be reached or goes away meanwhile, `DiskFull`, and
    `StoreRefused` for everything else that the block does not handle itself.
    """
    try:
        with psycopg.connect(
            os.environ["ISTHMUS_CONNINFO"],
            autocommit=True,
            application_name=application,
            options=f"{SETTINGS} {settings}",
        ) as connection:
            yield connection
    except psycopg.Error as error:
        raise _translated(error) from error


@contextmanager
def reached() -> Iterator[None]:
    """Say `DatabaseGone` where Django's own connection loses the database, and let go of it."""
    # One that broke before would break again.
    django.db.close_old_connections()
    try:
        yield
    except (django.db.OperationalError, django.db.InterfaceError) as error:
        django.db.connection.close()
        raise gone(error) from error
    except DatabaseGone:
        django.db.connection.close()
        raise


def gone(error: Exception) -> DatabaseGone:
    """What is said where the database can't be reached any more."""
    reason = " ".join(str(error).split())
    return DatabaseGone(
        f"The database went away or can't be reached ({reason}). What was committed is kept; "
        f"start it again and run the command again."
    )


def _translated(error: psycopg.Error) -> Final | Retryable:
    reason = " ".join(str(error).split())
    if isinstance(error, psycopg.errors.DiskFull):
        return DiskFull(
            f"The database's disk is full ({reason}). What was committed is kept; make room and "
            f"run the command again."
        )
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return gone(error)
    return StoreRefused(
        f"The database refused what it was asked to do ({reason}). Nothing of the step was kept. "
        f"If it comes again, report it with these words."
    )
