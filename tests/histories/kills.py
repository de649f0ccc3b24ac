"""An engine that dies at a given moment, as a process that is killed: it says nothing more.

Statements and HTTP requests are counted. At the chosen one the engine is dead, before or after that
took effect, and from then on so is everything that it tries: no clean-up, no rollback of its own.
Then its database connections are cut, so the server rolls back what was open.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg import Connection

from isthmus.salesforce.transport import Answer, PoolTransport
from isthmus.salesforce.wire import Request


class Killed(BaseException):
    """The process is no more."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When to die."""

    number: int  # of the statement, or of the request, from 1
    of_requests: bool = False
    after: bool = False  # it took effect, but nobody heard
    session: bool = False  # only the database session of the statement ends, not the process


@dataclass(kw_only=True)
class Life:
    """One try of an engine."""

    moment: Moment | None
    statements: int = 0
    requests: int = 0
    met: bool = False  # the moment came
    dead: bool = False
    seen: set[Connection[Any]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, *, request: bool) -> bool:
        """Count one; whether it is the one. Raises `Killed` where it is not to take effect."""
        with self.lock:
            if self.dead:
                raise Killed
            if request:
                self.requests += 1
            else:
                self.statements += 1
            moment = self.moment
            count = self.requests if request else self.statements
            if moment is None or moment.of_requests is not request or count != moment.number:
                return False
            self.met = True
            if not moment.after and not moment.session:
                self.dead = True
                raise Killed
            return True

    def end(self) -> None:
        """Die."""
        self.dead = True
        raise Killed

    def cut_connections(self) -> None:
        """The operating system closes what a dead process had open."""
        for connection in self.seen:
            connection.pgconn.finish()
        forget_session()


def forget_session() -> None:
    """Let Django make a new connection: another process would have one of its own."""
    # Closing would not do: a transaction that was open would be remembered as open.
    with suppress(AttributeError):
        del connections["default"]


@contextmanager
def living(moment: Moment | None) -> Iterator[Life]:
    """Engines in this block die at the moment; what they raise then is swallowed."""
    life = Life(moment=moment)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "wait", _waiting(life))
        patch.setattr(PoolTransport, "open", _opening(life))
        try:
            yield life
        except (Killed, Exception):
            if not life.dead:
                raise
    if life.dead:
        life.cut_connections()


def _waiting(life: Life) -> Any:
    wait = Connection.wait

    def counted(self: Connection[Any], *given: Any, **named: Any) -> Any:
        life.seen.add(self)
        last = life.begin(request=False)
        if not last:
            return wait(self, *given, **named)
        assert life.moment is not None
        if not life.moment.session:
            wait(self, *given, **named)
            life.end()
        if life.moment.after:
            wait(self, *given, **named)
            _cut(self)
            raise psycopg.OperationalError("the connection is lost")
        _cut(self)
        return wait(self, *given, **named)

    return counted


def _cut(connection: Connection[Any]) -> None:
    """End the session as a lost network does: neither side hears more of the other."""
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)


def _opening(life: Life) -> Any:
    opened = PoolTransport.open

    def counted(self: PoolTransport, request: Request) -> Answer:
        last = life.begin(request=True)
        answer = opened(self, request)
        if last:
            answer.close()
            life.end()
        return answer

    return counted


__all__ = ["Killed", "Life", "Moment", "living"]
