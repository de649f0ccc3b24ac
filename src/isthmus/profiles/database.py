"""Connections of the engines to the database: psycopg's own, not Django's.

Django keeps one connection per thread with a client-side cursor and without prepared statements;
the engines stream, copy and hold transactions of their own.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django.db
import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

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
        with _opened(application, f"{SETTINGS} {settings}") as connection:
            yield connection
    except psycopg.Error as error:
        raise _translated(error) from error


class Session:
    """A connection that is opened when it is needed first, and used again by whoever asks next.

    One asks at a time; the others wait. Where the database went away meanwhile another is opened.
    """

    def __init__(self, application: str) -> None:
        """Nothing is opened yet."""
        self._application = application
        self._lock = threading.Lock()
        self._connection: Connection[Any] | None = None

    @contextmanager
    def connected(self) -> Iterator[Connection[Any]]:
        """As `connected` of this module."""
        with self._lock:
            try:
                yield self._ready()
            except psycopg.Error as error:
                raise _translated(error) from error
            finally:
                if self._connection is not None and not _is_idle(self._connection):
                    self._let_go()

    def close(self) -> None:
        """Close it; whoever asks later opens another one."""
        with self._lock:
            self._let_go()

    def __del__(self) -> None:
        """Close it where nobody did."""
        self._let_go()

    def _ready(self) -> Connection[Any]:
        if self._connection is None or not _answers(self._connection):
            self._connection = None
            name = os.environ["ISTHMUS_CONNINFO"], self._application, SETTINGS
            self._connection = _connect(*name)
        return self._connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


KEEP = "ISTHMUS_KEEP_SESSIONS"
"""Set in a process that asks a little very often, as pages do: its threads keep their sessions.

Opening one takes longer than most of its statements, above all while a run is under way."""

_kept = threading.local()


@contextmanager
def _opened(application: str, options: str) -> Iterator[Connection[Any]]:
    name = (os.environ["ISTHMUS_CONNINFO"], application, options)
    if not os.environ.get(KEEP):
        with _connect(*name) as connection:
            yield connection
        return
    # Taken out while it is used: a second one of its kind in the same thread is another one.
    found = _sessions().pop(name, None)
    connection = found if found is not None and _answers(found) else _connect(*name)
    try:
        yield connection
    finally:
        if _is_idle(connection) and name not in _sessions():
            _sessions()[name] = connection
        else:
            connection.close()


def let_go() -> None:
    """Close the sessions that this thread keeps."""
    for session in _sessions().values():
        session.close()
    _sessions().clear()


def _sessions() -> dict[tuple[str, str, str], Connection[Any]]:
    """Those of this thread."""
    if not hasattr(_kept, "sessions"):
        _kept.sessions = {}
    sessions: dict[tuple[str, str, str], Connection[Any]] = _kept.sessions
    return sessions


def _connect(conninfo: str, application: str, options: str) -> Connection[Any]:
    connection = psycopg.connect(
        conninfo, autocommit=True, application_name=application, options=options
    )
    if os.environ.get(KEEP):
        # A plan that is kept does not know the values: most of ours depend on which are given.
        connection.prepare_threshold = None
    return connection


def _is_idle(connection: Connection[Any]) -> bool:
    return connection.info.transaction_status is TransactionStatus.IDLE


def _answers(connection: Connection[Any]) -> bool:
    """Whether the database is still there. What was set in the session is forgotten."""
    try:
        connection.execute("RESET ALL")
    except psycopg.Error:
        connection.close()
        return False
    return True


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
