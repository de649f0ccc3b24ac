"""Which workers there are, and which runs wait for one."""

import time
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from psycopg import Connection, sql

from isthmus.connections.runs import RUN_LOCK
from isthmus.profiles import database, statements

QUERIES = statements.load("isthmus.worker")

DUE = QUERIES["due"].format(lock=sql.Literal(RUN_LOCK))


class Due(NamedTuple):
    """A connection with a run that nobody works on."""

    connection: int  # row id
    key: str
    run: int  # number


def due(session: Connection[Any]) -> list[Due]:
    """Connections with a run that can go on, and that no process works on."""
    return [Due(*row) for row in session.execute(DUE).fetchall()]


def stuck(seconds: float, sleep: Callable[[float], None] = time.sleep) -> list[Due]:
    """Those that still wait after so many seconds in which a worker should have come to them."""
    with database.connected(application="isthmus presence") as session:
        found = due(session)
        if found and seconds:
            sleep(seconds)
            found = [each for each in due(session) if each in found]
        return found


def any_works() -> bool:
    """Whether a worker stands ready in any process on this database."""
    with database.connected(application="isthmus presence") as session:
        row = session.execute(QUERIES["any_works"]).fetchone()
    return bool(row and row[0])


NAME = "isthmus worker"
"""What the session of a worker is called, before its version."""


def versions() -> set[str]:
    """Of the workers that stand ready, as far as the database lets us see them."""
    with database.connected(application="isthmus presence") as session:
        names = [name for (name,) in session.execute(QUERIES["worker_names"], {"name": NAME})]
    return {name.removeprefix(NAME).strip() for name in names}


def without(found: Collection[Due], refused: Collection[int]) -> list[Due]:
    """Those whose connection (row id) is not among the refused."""
    return [each for each in found if each.connection not in refused]
