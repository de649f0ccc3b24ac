"""Since when objects are described as they are, as each user sees them.

A description changes with the schema and with the user's rights, which may live in several places.
So a description is compared by its hash with the last one that the user could have read.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from localorg.clock import Clock, stored_datetime
from localorg.store import Store

_CREATE = (
    "CREATE TABLE IF NOT EXISTS localorg_descriptions (user_id TEXT NOT NULL, name TEXT NOT NULL, "
    "hash TEXT NOT NULL, changed TEXT NOT NULL, PRIMARY KEY (user_id, name)) WITHOUT ROWID"
)
_FIND = "SELECT hash, changed FROM localorg_descriptions WHERE user_id = ? AND name = ?"
_KEEP = (
    "INSERT INTO localorg_descriptions VALUES (?, ?, ?, ?) ON CONFLICT (user_id, name) "
    "DO UPDATE SET hash = excluded.hash, changed = excluded.changed"
)
_BORN = "SELECT CreatedDate FROM Organization"


class Descriptions:
    """The moments of change of all descriptions; safe to use from several threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep them in the org's file."""
        self._store = store
        self._clock = clock
        with store.write() as connection:
            connection.execute(_CREATE)

    def changed(self, user_id: str, name: str, description: Mapping[str, Any]) -> datetime:
        """When `name` began to be described to a user as it is now.

        A description that was never asked for is as old as the org.
        """
        found = hashlib.sha256(orjson.dumps(description)).hexdigest()
        with self._store.read() as connection:
            known = connection.execute(_FIND, (user_id, name)).fetchone()
            born = connection.execute(_BORN).fetchone()
        if known is not None and known[0] == found:
            return datetime.fromisoformat(known[1])
        with self._store.write() as connection:
            changed = _later(self._clock.now(), known[1]) if known else _whole(born[0])
            _keep(connection, user_id, name, (found, changed))
        return datetime.fromisoformat(changed)


def _keep(connection: sqlite3.Connection, user_id: str, name: str, state: tuple[str, str]) -> None:
    connection.execute(_KEEP, (user_id, name, *state))


def _later(now: datetime, before: str) -> str:
    """The present second, or the next one after the last change: the header has no fractions."""
    return stored_datetime(max(now, datetime.fromisoformat(before) + timedelta(seconds=1)))


def _whole(stored: str) -> str:
    return stored_datetime(datetime.fromisoformat(stored))
